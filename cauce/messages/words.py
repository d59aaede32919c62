"""What templates may do with a value: write dates, numbers and amounts as people of a language do, and little more."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from babel import dates, numbers
from jinja2 import Undefined, pass_context, pass_eval_context
from jinja2.filters import FILTERS as JINJA
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from markupsafe import Markup, escape

JSON = Any
# The name under which a rendering tells its filters the language; no data can have it.
LANGUAGE: Final = " language"
_OF_JINJA: Final = (
    *("abs", "capitalize", "default", "escape", "e", "first", "float", "int", "last", "length", "lower", "max", "min"),
    *("round", "sort", "sum", "title", "trim", "truncate", "unique", "upper"),
)
_SCALARS: Final = (str, int, float)


def scalar(value: JSON) -> JSON:
    """Return what can be written as it is; a list or a map is a mistake of the template. Null is nothing."""
    if value is None:
        return ""
    if not isinstance(value, (*_SCALARS, Undefined)):
        what = "a map" if isinstance(value, Mapping) else "a list"
        message = f"This is {what}, and only a text or a number can be written."
        raise TypeError(message)
    return value


@pass_context
def number(context: Context, value: JSON, places: int | None = None) -> str:
    """Write a number as people do; with `places`, with so many decimals."""
    pattern = None if places is None else "#,##0" + ("." + "0" * min(max(places, 0), 10) if places else "")
    amount = _amount(value)
    return numbers.format_decimal(
        amount, format=pattern, locale=context[LANGUAGE], decimal_quantization=places is not None
    )


@pass_context
def money(context: Context, value: JSON, currency: str = "EUR") -> str:
    """Write an amount of money."""
    return numbers.format_currency(_amount(value), currency, locale=context[LANGUAGE])


@pass_context
def day(context: Context, value: JSON, length: str = "long") -> str:
    """Write the date of a date or a moment: `short`, `medium`, `long` or `full`."""
    found = _moment(value)
    return dates.format_date(found.date(), _length(length), locale=context[LANGUAGE])


@pass_context
def moment(context: Context, value: JSON, length: str = "medium", zone: str = "UTC") -> str:
    """Write a date and time, in a time zone."""
    found = _moment(value)
    try:
        where = dates.get_timezone(zone)
    except LookupError as error:
        message = f"There is no time zone `{zone}`."
        raise ValueError(message) from error
    return dates.format_datetime(found, _length(length), tzinfo=where, locale=context[LANGUAGE])


@pass_eval_context
def lines(context: EvalContext, value: JSON) -> str:
    """Keep the line breaks of a text in HTML."""
    if not context.autoescape:
        return str(scalar(value))
    return Markup("<br>").join(escape(each) for each in str(scalar(value)).splitlines())


@pass_eval_context
def join(context: EvalContext, value: Iterable[JSON], between: str = ", ") -> str:
    """Write the values of a list one after the other."""
    given = [scalar(each) for each in value]
    return escape(between).join(given) if context.autoescape else str(between).join(map(str, given))


def items(value: JSON) -> list[tuple[str, JSON]]:
    """Return the names and values of a map, for a loop."""
    if not isinstance(value, Mapping):
        message = "`items` is for maps."
        raise TypeError(message)
    return [*value.items()]


def _known(value: JSON) -> JSON:
    """Return a value; what is not in the data raises its own error rather than look like one of another type."""
    if isinstance(value, Undefined):
        str(value)
    return value


def _amount(value: JSON) -> float | int:
    if isinstance(_known(value), bool) or not isinstance(value, int | float):
        message = "This is not a number."
        raise TypeError(message)
    return value


def _moment(value: JSON) -> datetime:
    """Return what a text in ISO 8601 means, or seconds since 1970."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    try:
        found = datetime.fromisoformat(_known(value))
    except (TypeError, ValueError) as error:
        message = "This is no date: write it as 2026-11-30, or 2026-11-30T09:00:00Z."
        raise ValueError(message) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _length(given: str) -> Any:  # noqa: ANN401 - one of four words, which Babel's types ask for
    if given not in ("short", "medium", "long", "full"):
        message = "A date is short, medium, long or full."
        raise ValueError(message)
    return given


FILTERS: Final[Mapping[str, Callable[..., JSON]]] = {
    **{name: JINJA[name] for name in _OF_JINJA},
    "number": number,
    "money": money,
    "date": day,
    "moment": moment,
    "lines": lines,
    "join": join,
    "items": items,
}
