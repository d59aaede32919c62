"""The companies around the demo company: customers and prospects, and what they owe."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from demo import taxids
from demo.crm import Accounts
from demo.lead import Course
from demo.spain import FIRST_NAMES, SURNAMES, TOWNS, Address, Dice, address, person, phone, slug

# sector: words a company's name begins with; {} takes a surname or a town
NAMES = {
    "agriculture": ("Hortícolas", "Agrícola", "Viveros", "Cítricos", "Regadíos"),
    "industry": ("Talleres", "Mecanizados", "Industrias", "Envases"),
    "construction": ("Construcciones", "Obras y Canalizaciones", "Reformas"),
    "hospitality": ("Hoteles", "Balneario", "Camping"),
    "services": ("Mantenimientos", "Instalaciones", "Jardinería"),
    "logistics": ("Transportes", "Almacenes"),
    "retail": ("Ferretería", "Suministros"),
    "health": ("Clínica", "Residencia"),
    "education": ("Academia", "Colegio"),
    "public": ("Ayuntamiento de",),
}
FORMS = ((", S.L.", "B"), (", S.L.", "B"), (", S.L.", "B"), (", S.A.", "A"), (", S.Coop.", "F"))
SIZES = ((1, 9), (10, 49), (50, 249), (250, 1200))
GENEROUS = Decimal(100_000_000)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An invoice that is not paid, and how many days past its date."""

    amount: Decimal
    days_overdue: int


@dataclass(frozen=True, slots=True)
class Credit:
    """What accounting knows of a customer."""

    limit: Decimal
    open_items: tuple[OpenItem, ...] = ()
    open_orders: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class Company:
    """A company; without a number it is not (yet) in the ERP, without credit not in accounting."""

    name: str
    tax_id: str
    sector: str
    employees: int
    contact: str
    email: str
    phone: str
    address: Address
    number: str = ""
    tier: str = "standard"
    blocked: bool = False
    credit: Credit | None = None


@dataclass(slots=True)
class Directory:
    """Makes companies that differ in name and tax identifier, and numbers those that are customers."""

    dice: Dice
    customers: list[Company] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def prospect(self) -> Company:
        """Make a company that is not a customer."""
        while True:
            company = self._draw()
            if not self.taken & {company.name, company.tax_id, company.email}:
                self.taken |= {company.name, company.tax_id, company.email}
                return company

    def customer(self, *, tier: str = "", credit: Credit | None = None, blocked: bool = False) -> Company:
        """Make a customer; credit that nobody asked for is ample and paid almost in time."""
        number = f"C{len(self.customers) + 1:06d}"
        tier = tier or self.dice.pick(("gold", "silver", "silver", "standard", "standard", "standard"))
        company = replace(
            self.prospect(), number=number, tier=tier, blocked=blocked, credit=credit or self._ample_credit()
        )
        self.customers.append(company)
        return company

    def _draw(self) -> Company:
        dice = self.dice
        sector = dice.pick(tuple(NAMES))
        where = address(dice)
        low, high = dice.pick(SIZES)
        contact = person(dice)
        first = dice.pick(NAMES[sector])
        if sector == "public":
            town = dice.pick(TOWNS)
            name, kind = f"{first} {town.name}", "P"
        else:
            form, kind = dice.pick(FORMS)
            name = f"{first} {dice.pick((*SURNAMES, *SURNAMES, *FIRST_NAMES, where.town))}{form}"
        number = dice.below(10**7)
        tax_id = taxids.entity_nif(kind, number)
        if high <= SIZES[0][1] and dice.chance(0.3) and kind != "P":
            # A person in business under their own name and identity card.
            name, tax_id = contact, taxids.person_nif(number + 10**7)
        mailbox = slug(contact).split("-")[0]
        return Company(
            name,
            tax_id,
            sector,
            dice.between(low, high),
            contact,
            f"{mailbox}@{slug(name)}.example",
            phone(dice),
            where,
        )

    def _ample_credit(self) -> Credit:
        dice = self.dice
        limit = Decimal(60_000 + 10_000 * dice.below(10))
        bills = tuple(
            OpenItem(_part(limit, dice.between(2, 6)), dice.pick((0, 0, 0, 5, 12))) for _ in range(dice.below(4))
        )
        orders = tuple(_part(limit, dice.between(1, 5)) for _ in range(dice.below(3)))
        return Credit(limit, bills, orders)


def credit_for(course: Course, variant: int, amount: Decimal) -> tuple[str, Credit]:
    """Return the tier and the credit that take an order of that amount to one row of the credit decision.

    The price a customer pays may be up to a fifth below `amount`; each row has room for that.
    """
    due = OpenItem(_part(amount, 100), 5)
    late, later, bad = (OpenItem(_part(amount, 60), days) for days in (30, 45, 75))
    match course:
        case Course.CREDIT_MANUAL if variant % 2 == 0:  # something is 16 to 60 days late, but a gold customer
            return "gold", Credit(4 * amount, (late,))
        case Course.CREDIT_MANUAL:  # over the limit by less than a tenth of it, gold, in time
            return "gold", Credit(5 * amount, (due,), (_part(amount, 330),))
        case Course.CREDIT_ADVANCE:  # 16 to 60 days late and not gold
            return "silver", Credit(4 * amount, (later,))
        case Course.CREDIT_REFUSED if variant % 3 == 0:  # far over the limit
            return "gold", Credit(2 * amount, (due,), (amount,))
        case Course.CREDIT_REFUSED if variant % 3 == 1:  # a little over the limit, but not gold
            return "standard", Credit(5 * amount, (due,), (_part(amount, 350),))
        case _:  # more than 60 days late
            return "silver", Credit(6 * amount, (bad,))


def crm_customers(accounts: Accounts) -> list[Company]:
    """Return the accounts of the public opportunities as customers that may buy what they like."""
    companies = []
    for position, account in enumerate(accounts.accounts.values(), start=1):
        dice = Dice(account.name)
        contact = person(dice)
        companies.append(
            Company(
                account.name, account.tax_id, account.sector, account.employees, contact, account.email, phone(dice),
                address(dice), number=f"A{position:06d}", credit=Credit(GENEROUS),
            )
        )  # fmt: skip
    return companies


def _part(amount: Decimal, per_cent: int) -> Decimal:
    return (amount * per_cent / 100).quantize(Decimal("0.01"))
