"""Names, streets, towns and telephone numbers of an invented Spain, drawn from a seed."""

import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

FIRST_NAMES = (
    "Lucía", "María", "Carmen", "Ana", "Marta", "Elena", "Pilar", "Rosa", "Inés", "Nuria", "Beatriz", "Silvia",
    "Raquel", "Amparo", "Teresa", "Antonio", "José", "Manuel", "Javier", "Carlos", "Vicente", "Pablo", "Andrés",
    "Sergio", "Rafael", "Joaquín", "Íñigo", "Álvaro", "Jordi", "Xoán",
)  # fmt: skip
SURNAMES = (
    "García", "Martínez", "López", "Sánchez", "Pérez", "Gómez", "Ruiz", "Ferrer", "Navarro", "Domínguez", "Ibáñez",
    "Soler", "Castro", "Ortega", "Núñez", "Peña", "Moreno", "Vidal", "Cano", "Etxeberria", "Lozano", "Prats",
    "Cordero", "Muñoz", "Aguilar", "Roca", "Serrano", "Méndez", "Bravo", "Arias",
)  # fmt: skip
STREETS = (
    "Calle Mayor", "Calle del Molino", "Avenida de la Constitución", "Calle de la Acequia", "Paseo de la Estación",
    "Calle San José", "Avenida del Puerto", "Calle Nueva", "Calle de los Hortelanos", "Ronda Norte", "Camino Viejo",
    "Calle de la Fuente", "Plaza de España", "Calle Cervantes", "Avenida de Europa", "Polígono Industrial Las Eras",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Town:
    """A town, its province, the autonomous community's part of the country, and postcodes that exist there."""

    name: str
    province: str
    area: str
    postcodes: tuple[str, ...]


TOWNS = (
    Town("Madrid", "Madrid", "centre", ("28001", "28013", "28021", "28045")),
    Town("Alcalá de Henares", "Madrid", "centre", ("28801", "28803")),
    Town("Toledo", "Toledo", "centre", ("45001", "45005")),
    Town("Albacete", "Albacete", "centre", ("02001", "02006")),
    Town("Barcelona", "Barcelona", "north-east", ("08001", "08018", "08038")),
    Town("Sabadell", "Barcelona", "north-east", ("08201", "08206")),
    Town("Lleida", "Lleida", "north-east", ("25001", "25005")),
    Town("Zaragoza", "Zaragoza", "north-east", ("50001", "50012")),
    Town("València", "Valencia", "east", ("46001", "46013", "46023")),
    Town("Gandia", "Valencia", "east", ("46701", "46702")),
    Town("Castelló de la Plana", "Castellón", "east", ("12001", "12006")),
    Town("Elche", "Alicante", "east", ("03201", "03203")),
    Town("Murcia", "Murcia", "east", ("30001", "30009")),
    Town("Lorca", "Murcia", "east", ("30800",)),
    Town("Sevilla", "Sevilla", "south", ("41001", "41020")),
    Town("Málaga", "Málaga", "south", ("29001", "29004")),
    Town("Almería", "Almería", "south", ("04001", "04007")),
    Town("Huelva", "Huelva", "south", ("21001", "21007")),
    Town("Bilbao", "Bizkaia", "north", ("48001", "48013")),
    Town("Vitoria-Gasteiz", "Álava", "north", ("01001", "01013")),
    Town("Logroño", "La Rioja", "north", ("26001", "26006")),
    Town("Gijón", "Asturias", "north", ("33201", "33211")),
    Town("Vigo", "Pontevedra", "north-west", ("36201", "36214")),
    Town("Lugo", "Lugo", "north-west", ("27001", "27004")),
    Town("Palma", "Illes Balears", "islands", ("07001", "07009")),
    Town("Las Palmas de Gran Canaria", "Las Palmas", "islands", ("35001", "35012")),
)


class Dice:
    """Draws that are the same for the same seed on every version of Python.

    Only `random()` of the generator is used: what it gives for a seed is promised never to change.
    """

    def __init__(self, seed: int | str) -> None:
        # For invented data, not for keys; a text is hashed by the generator itself, not with the process's hash seed.
        self._random = random.Random(seed)

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit` - 1."""
        return int(self._random.random() * limit)

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.below(len(choices))]

    def chance(self, probability: float) -> bool:
        """Return true in that part of the cases."""
        return self._random.random() < probability

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """Return the things in another order."""
        return [thing for _, _, thing in sorted((self._random.random(), at, thing) for at, thing in enumerate(things))]


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody is."""

    street: str
    postcode: str
    town: str
    province: str
    area: str


def person(dice: Dice) -> str:
    """Draw a first name and two surnames."""
    return f"{dice.pick(FIRST_NAMES)} {dice.pick(SURNAMES)} {dice.pick(SURNAMES)}"


def address(dice: Dice) -> Address:
    """Draw a street with a number, in a town with a postcode of its own."""
    town = dice.pick(TOWNS)
    street = f"{dice.pick(STREETS)}, {dice.between(1, 140)}"
    return Address(street, dice.pick(town.postcodes), town.name, town.province, town.area)


def phone(dice: Dice) -> str:
    """Draw a mobile or a fixed-line number."""
    return f"+34 {dice.pick('69')}{dice.between(10, 99)} {dice.between(100, 999)} {dice.between(100, 999)}"


def slug(text: str) -> str:
    """Return a text as it may stand in a domain name: `Fruta Peña, S.L.` is `fruta-pena`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r",? s\.?(l|a|coop|l\.u)\.?$", "", plain)
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
