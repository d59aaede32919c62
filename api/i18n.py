"""Words and dates in the person's language.

The catalogues are gettext files below `locale/`. Set-up compiles them to `.mo`; where that has not happened (a fresh
checkout) the `.po` is compiled in memory, once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from functools import cache, lru_cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, negotiate_locale, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

JSON = Any

locales = ("en", "es")
folder = Path(__file__).parent / "locale"


def compiled(locale: str) -> bytes:
    """Return the catalogue of one language as gettext reads it."""
    place = folder / locale / "LC_MESSAGES"
    ready = place / "messages.mo"
    source = place / "messages.po"
    if ready.exists() and (not source.exists() or ready.stat().st_mtime >= source.stat().st_mtime):
        return ready.read_bytes()
    buffer = BytesIO()
    with source.open("rb") as file:
        write_mo(buffer, read_po(file, locale=locale))
    return buffer.getvalue()


@cache
def catalogue(locale: str) -> GNUTranslations:
    """Return the catalogue of one language."""
    return GNUTranslations(BytesIO(compiled(locale)))


def negotiate(chosen: str | None, accept_language: str) -> str:
    """Return the language to speak: the person's choice, else the best of what the browser asks for, else English."""
    if chosen in locales:
        return str(chosen)
    asked = []
    for part in accept_language[:200].split(","):
        tag, _, quality = part.partition(";q=")
        try:
            asked.append((float(quality or 1), tag.strip().replace("-", "_")))
        except ValueError:
            continue
    asked.sort(key=lambda each: -each[0])
    return (negotiate_locale([tag for _, tag in asked], locales) or "en").partition("_")[0]


@cache
def _locale(code: str) -> Locale:
    """Return what Babel knows of a language; given its code instead, it reads that anew for each date and number."""
    return Locale.parse(code)


# What is urgent is shown again and again, to many people.
@lru_cache(maxsize=4096)
def _moment(value: datetime, zone: tzinfo, code: str) -> str:
    return dates.format_datetime(value, "medium", tzinfo=zone, locale=_locale(code))


@dataclass(frozen=True, slots=True)
class Language:
    """One language and time zone to speak in; what templates use for every word, date and number."""

    code: str
    zone: tzinfo = UTC
    # What people call groups, severities, interactions and forms: labels by kind and name.
    names: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict, compare=False, repr=False)

    def called(self, kind: str, name: str, fallback: str = "") -> str:
        """Return what people call a `group`, a `severity`, an `interaction` or a `form`."""
        return self.label(self.names.get(kind, {}).get(name), fallback or name)

    def gettext(self, message: str) -> str:
        """Translate a message."""
        return catalogue(self.code).gettext(message) if message else ""

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Translate a message that depends on a number."""
        return catalogue(self.code).ngettext(one, many, count)

    def label(self, text: JSON, fallback: str = "") -> str:
        """Pick the person's language from a label of a definition, which is text or `{en: …, es: …}`."""
        if isinstance(text, Mapping):
            chosen = text.get(self.code) or next((text[each] for each in locales if text.get(each)), None)
            return str(chosen) if chosen else fallback
        return str(text) if text else fallback

    def number(self, value: float) -> str:
        """Write a number."""
        # Twelve digits: what a float carries beyond them is noise of the binary system.
        shown = value if isinstance(value, int) else float(f"{value:.12g}")
        # One decimal looks like a misprint where most numbers are amounts.
        pattern = "#,##0.00##########" if shown != int(shown) else None
        return numbers.format_decimal(shown, format=pattern, locale=_locale(self.code), decimal_quantization=False)

    def money(self, amount: float, currency: str) -> str:
        """Write an amount of money."""
        return numbers.format_currency(amount, currency, locale=_locale(self.code))

    def currency(self, code: str) -> str:
        """Write the sign of a currency."""
        return numbers.get_currency_symbol(code, locale=_locale(self.code))

    def date(self, value: date | str | None) -> str:
        """Write a date."""
        parsed = date.fromisoformat(value) if isinstance(value, str) else value
        return dates.format_date(parsed, "medium", locale=_locale(self.code)) if parsed else ""

    def moment(self, value: datetime | str | None) -> str:
        """Write a date and time, in the time zone of the hub."""
        parsed = as_moment(value)
        return _moment(parsed, self.zone, self.code) if parsed else ""

    def clock(self, value: datetime) -> str:
        """Write the time of a day."""
        return dates.format_time(value, "HH:mm", tzinfo=self.zone, locale=_locale(self.code))

    def short_moment(self, value: datetime | str | None) -> str:
        """Write a date and time as briefly as it stays clear."""
        parsed = as_moment(value)
        return (
            dates.format_datetime(parsed, "d MMM HH:mm", tzinfo=self.zone, locale=_locale(self.code)) if parsed else ""
        )

    def relative(self, value: datetime | str | None) -> str:
        """Say how long ago, or in what time, a moment is."""
        parsed = as_moment(value)
        if parsed is None:
            return ""
        return dates.format_timedelta(
            parsed - datetime.now(UTC), add_direction=True, threshold=1.2, format="long", locale=_locale(self.code)
        )

    def due(self, value: datetime | str | None) -> str:
        """Say when something is due, as a person would."""
        parsed = as_moment(value)
        if parsed is None:
            return self.gettext("no due date")
        late = parsed < datetime.now(UTC)
        return (self.gettext("was due %s") if late else self.gettext("due %s")) % self.relative(parsed)

    @property
    def name(self) -> str:
        """The language's name in itself."""
        return str(_locale(self.code).get_display_name(self.code)).capitalize()


def as_moment(value: datetime | str | float | None) -> datetime | None:
    """Read a moment: seconds since 1970, as instances keep them, or a date and time, in UTC where it has no zone."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def language(code: str, zone: str = "UTC") -> Language:
    """Return a language with a named time zone."""
    return Language(code, ZoneInfo(zone))


def all_languages() -> Sequence[Language]:
    """Return every language that the pages speak."""
    return [Language(code) for code in locales]
