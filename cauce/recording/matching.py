"""Finds the recorded request that is meant: the same one, or one that differs only in what differs every time."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cauce.errors import PermanentError
from cauce.recording import xml_text
from cauce.recording.rules import plain

JSON = Any
Leaves = Mapping[tuple[str, ...], str]
code: Final = "not-recorded"
_shown: Final = 3
# What nobody sends twice: ids that are made anew, and the present moment.
_volatile: Final = (
    re.compile(r"(?:urn:uuid:)?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?"),
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded request: which operation it is about, what it holds, and which of its values are masks."""

    subject: str
    leaves: Leaves
    masked: frozenset[str] = frozenset()


@dataclass(slots=True)
class Finder:
    """Finds recorded requests; the same request met again gets the next answer, and the last one for ever."""

    recorded: Sequence[Recorded]
    ignored: frozenset[str] = frozenset()
    _turns: Counter[tuple[int, ...]] = field(default_factory=Counter)

    def find(self, subject: str, asked: Leaves) -> int:
        """Return the place of the recorded request that is meant.

        Raises:
            PermanentError: There is none; it names the nearest.
        """
        mine = [(index, each) for index, each in enumerate(self.recorded) if each.subject == subject]
        judged = [(index, self._level(each, asked)) for index, each in mine]
        levels = [level for _, level in judged if level is not None]
        if not levels:
            raise self._none(subject, asked)
        group = tuple(index for index, level in judged if level == min(levels))
        turn = self._turns[group]
        self._turns[group] += 1
        return group[min(turn, len(group) - 1)]

    def _level(self, recorded: Recorded, asked: Leaves) -> int | None:
        """Return how well a request fits: 0 the same, 1 but for volatile values, 2 but for masked ones; None not."""
        worst = 0
        for place in recorded.leaves.keys() | asked.keys():
            level = self._compared(place, recorded, asked)
            if level is None:
                return None
            worst = max(worst, level)
        return worst

    def _compared(self, place: tuple[str, ...], recorded: Recorded, asked: Leaves) -> int | None:
        if any(plain(name) in self.ignored for name in place):
            return 0
        mine, theirs = recorded.leaves.get(place), asked.get(place)
        if mine is None or theirs is None:
            return None
        if same(mine, theirs):
            return 0
        if any(each.fullmatch(mine) and each.fullmatch(theirs) for each in _volatile):
            return 1
        return 2 if mine in recorded.masked else None

    def _none(self, subject: str, asked: Leaves) -> PermanentError:
        known = sorted({each.subject for each in self.recorded})
        mine = [(index, each) for index, each in enumerate(self.recorded) if each.subject == subject]
        if not mine:
            return PermanentError(
                f"Nothing was recorded of {subject}.", hint=f"Recorded are {', '.join(known)}.", remote_code=code
            )
        differences = [(self._different(each, asked), index) for index, each in mine]
        places, index = min(differences, key=lambda each: len(each[0]))
        more = ", …" if len(places) > _shown else ""
        return PermanentError(
            f"No recorded request of {subject} is like this; the nearest, number {index + 1}, differs at "
            f"{', '.join(places[:_shown])}{more}.",
            hint="Record such a request, or name fields that do not matter in `ignore` of the recording.",
            remote_code=code,
        )

    def _different(self, recorded: Recorded, asked: Leaves) -> list[str]:
        places = sorted(recorded.leaves.keys() | asked.keys())
        return ["/".join(place) or "/" for place in places if self._compared(place, recorded, asked) is None]


def same(mine: str, theirs: str) -> bool:
    """Say whether two texts are the same value: 12.5 is 12.50."""
    if mine == theirs:
        return True
    try:
        return Decimal(mine) == Decimal(theirs)
    except InvalidOperation:
        return False


def leaves(data: JSON) -> Leaves:
    """Return the values of data by their places; what is null is as if it were not there."""
    return dict(_leaves(data, ()))


def leaves_of_xml(element: Any) -> Leaves:  # noqa: ANN401 - an element
    """Return the texts and attributes of an element by their places, whatever prefixes it has."""
    return dict(_leaves_of_xml(element, ()))


def _leaves(data: JSON, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    match data:
        case dict():
            for name, value in data.items():
                yield from _leaves(value, (*above, name))
        case list():
            for index, value in enumerate(data):
                yield from _leaves(value, (*above, str(index)))
        case None:
            return
        case bool():
            yield above, str(data).lower()
        case _:
            yield above, str(data)


def _leaves_of_xml(element: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:  # noqa: ANN401
    text = (element.text or "").strip()
    if text:
        yield above, text
    for name, value in xml_text.data_attributes(element):
        yield (*above, f"@{name}"), value
    counted: Counter[str] = Counter()
    for child in element:
        name = xml_text.local(child)
        yield from _leaves_of_xml(child, (*above, name, str(counted[name])))
        counted[name] += 1
