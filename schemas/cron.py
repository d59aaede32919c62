"""Cron expressions: five fields, as `man 5 crontab` has them, and the names that stand for some of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST: Final = 500
_LAST_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MACROS: Final[Mapping[str, str]] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_ITEM: Final = re.compile(r"(?P<first>\*|[0-9]+|[a-z]+)(?:-(?P<last>[0-9]+|[a-z]+))?(?:/(?P<step>[0-9]+))?\Z")


class CronError(ValueError):
    """A cron expression that cannot be read; `offset` is the place in its text."""

    def __init__(self, offset: int, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.offset = offset
        self.problem = problem
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Span:
    """Every `step`th number from `first` to `last`."""

    first: int
    last: int
    step: int = 1


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is due; `by_any_day` when the day of the month or that of the week is enough."""

    minute: tuple[Span, ...]
    hour: tuple[Span, ...]
    day: tuple[Span, ...]
    month: tuple[Span, ...]
    weekday: tuple[Span, ...]
    by_any_day: bool


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    first_name: int = 0


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS, 1),
    # 7 is Sunday as well.
    _Field("day of the week", 0, 7, _DAYS, 0),
)


def parse(text: str) -> Cron:
    """Read a cron expression; raises `CronError`."""
    if len(text) > _LONGEST:
        raise CronError(0, f"A cron expression has at most {_LONGEST} characters.")
    plain = text.strip().lower()
    if plain.startswith("@"):
        if plain not in MACROS:
            raise CronError(0, f"There is no cron name `{plain}`.", f"Known are {', '.join(MACROS)}.")
        return parse(MACROS[plain])
    words = list(re.finditer(r"\S+", text.lower()))
    if len(words) != len(_FIELDS):
        hint = "They are minute, hour, day of the month, month and day of the week, such as `0 7 * * mon-fri`."
        raise CronError(0, f"A cron expression has five fields, and this one has {len(words)}.", hint)
    spans = [tuple(_spans(field, word.group(), word.start())) for field, word in zip(_FIELDS, words, strict=True)]
    day, weekday = words[2].group(), words[4].group()
    cron = Cron(
        *(spans[0], spans[1], spans[2], spans[3]),
        weekday=tuple(_weekdays(spans[4])),
        by_any_day=not day.startswith("*") and not weekday.startswith("*"),
    )
    if weekday.startswith("*") and not _happens(cron):
        raise CronError(words[2].start(), "None of these months has such a day, so this would never happen.")
    return cron


def _spans(field: _Field, text: str, offset: int) -> Iterator[Span]:
    for item in text.split(","):
        yield _span(field, item, offset)
        offset += len(item) + 1


def _span(field: _Field, item: str, offset: int) -> Span:
    found = _ITEM.match(item)
    if found is None or (found["first"] == "*" and found["last"]):
        hint = "Write a number, a range such as 1-5, a step such as */15, or a list of these with commas."
        raise CronError(offset, f"`{item}` is no {field.name}.", hint)
    step = int(found["step"] or 1)
    if step == 0:
        raise CronError(offset, "A step of 0 leads nowhere.", "Write the step as a number from 1.")
    if found["first"] == "*":
        return Span(field.low, 6 if field.high == 7 else field.high, step)  # noqa: PLR2004 (Sunday counts once)
    first = _number(field, found["first"], offset)
    if found["last"] is None:
        # As cron does: a number with a step goes on to the end.
        return Span(first, field.high if found["step"] else first, step)
    last = _number(field, found["last"], offset + found.start("last"))
    if last < first:
        raise CronError(offset, f"The range `{item}` ends before it begins.", "Write two ranges with a comma.")
    return Span(first, last, step)


def _number(field: _Field, text: str, offset: int) -> int:
    if text in field.names:
        return field.names.index(text) + field.first_name
    known = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    if not text.isdigit() or not field.low <= int(text) <= field.high:
        raise CronError(offset, f"`{text}` is no {field.name}.", f"It is {field.low} to {field.high}{known}.")
    return int(text)


def _weekdays(spans: tuple[Span, ...]) -> Iterator[Span]:
    for span in spans:
        for day in range(span.first, span.last + 1, span.step):
            yield Span(day % 7, day % 7)


def _happens(cron: Cron) -> bool:
    months = {month for span in cron.month for month in range(span.first, span.last + 1, span.step)}
    first_day = min(span.first for span in cron.day)
    return any(first_day <= _LAST_DAYS[month - 1] for month in months)
