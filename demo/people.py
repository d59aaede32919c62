"""The people of the demo company: who has an account, and who may do a task."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

DOMAIN: Final = "bombas-del-sur.example"


@dataclass(frozen=True, slots=True)
class Person:
    """One employee, as their account has them."""

    name: str
    full_name: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    locale: str = "es"
    skills: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        """Their address at the company."""
        return f"{self.name}@{DOMAIN}"

    @property
    def by_mail(self) -> dict[str, str]:
        """What they want by mail; customer service hears of each task at once, too."""
        wanted = dict.fromkeys(("told", "late", "mention"), "at-once")
        return wanted | ({"task": "at-once"} if "customer-service" in self.groups else {})


PEOPLE = (
    Person("ana", "Ana Ferrer Vidal", ("staff",), ("sales",), skills=("new-leads",), territories=("08", "28")),
    Person("jordi", "Jordi Puig Soler", ("staff",), ("sales", "back-office"), territories=("46",)),
    Person("luis", "Luis Ortega Marín", ("staff", "manager"), ("sales", "sales-managers")),
    Person("elena", "Elena Castro Rey", ("staff", "manager"), ("sales-managers", "directors")),
    Person("carmen", "Carmen Vega Roldán", ("staff", "manager"), ("directors",)),
    Person("marta", "Marta Gil Navarro", ("staff",), ("finance",)),
    Person("pablo", "Pablo Sanz Iglesias", ("staff",), ("finance", "back-office")),
    Person("nuria", "Nuria Blasco Peris", ("staff",), ("customer-service",)),
    Person("hugo", "Hugo Martí Llop", ("staff",), ("customer-service", "back-office")),
    Person("sara", "Sara Molina Cano", ("staff", "manager"), ("customer-service", "service-supervisors")),
    Person("silvia", "Silvia Roca Pons", ("staff", "manager"), ("service-supervisors",)),
    Person("sergio", "Sergio Bosch Amat", ("staff", "manager"), ("service-managers",)),
    Person("berta", "Berta Ibáñez Roig", ("staff",), ("warehouse", "logistics")),
    Person("quim", "Quim Ferrer Bas", ("staff",), ("quality", "purchasing")),
    Person("oper", "Olga Pérez Campos", ("operator", "integrator", "auditor"), ()),
    Person("admin", "Administración", ("admin",), ()),
)


def who_may(group: str | None, user: str | None, not_these: Collection[str]) -> Person | None:
    """Return the first person who may do a task of a group or of one person; None when nobody may."""
    for person in PEOPLE:
        mine = person.name == user if user else group is None or group in person.groups
        if mine and "staff" in person.roles and person.name not in not_these:
            return person
    return None
