"""What a roadmap asks of somebody, before it is a task of the inbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from workflows.roadmap.running.course import Course, Moment

JSON = Any
_TO_DECIDE: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody is asked for."""

    owner: str
    title: JSON
    form: JSON
    due: date
    data: JSON
    critical: bool = False
    moves: bool = False


def titled(title: JSON, words: Mapping[str, str]) -> JSON:
    """Return a title with words around it, in each language."""
    plain = title if isinstance(title, Mapping) else dict.fromkeys(words, title)
    return {name: text.format(plain.get(name, next(iter(plain.values())))) for name, text in words.items()}


def soon(course: Course, moment: Moment, days: int = _TO_DECIDE) -> date:
    """Return the day by which somebody should have answered: three working days from now, or so many."""
    return course.days.day(course.days.number(moment.today) + days)
