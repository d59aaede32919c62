"""What a column of a file holds, and how its values are written there."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from cauce.connector import BaseSettings

# A moment whose every part is different, to find out what a pattern keeps of it.
_probe: Final = datetime(2001, 2, 3, 14, 25, 36)  # noqa: DTZ001 (a pattern may have no zone)


class Column(BaseSettings):
    """One column: its name in the rows, its title in the file, and what is in it."""

    name: str = Field(min_length=1, max_length=200, description="The field of a row.")
    header: str | None = Field(None, min_length=1, description="Its title in the file; left out, it is the name.")
    type: Literal["text", "integer", "decimal", "date", "datetime", "boolean"] = Field(
        "text", description="What it holds; what does not fit is an error."
    )
    required: bool = Field(default=False, description="Whether an empty value is an error; otherwise it is null.")
    pattern: str | None = Field(None, description="How a date is written, as %d/%m/%Y; left out, it is ISO 8601.")
    true: str = Field("true", min_length=1, description="How yes is written.")
    false: str = Field("false", min_length=1, description="How no is written.")

    @property
    def title(self) -> str:
        """Return what the file calls it."""
        return self.header or self.name

    @field_validator("pattern")
    @classmethod
    def _keeps_the_day(cls, pattern: str | None) -> str | None:
        if pattern is not None and _read_back(pattern).date() != _probe.date():
            raise ValueError("the pattern must hold year, month and day, such as %d/%m/%Y")
        return pattern


class FixedColumn(Column):
    """A column that is always at the same place of the line."""

    start: int = Field(ge=1, le=10_000, description="Where it starts; the first character of a line is 1.")
    length: int = Field(ge=1, le=10_000, description="How many characters it has.")
    align: Literal["left", "right"] = Field("left", description="Where the value is when it is shorter.")
    pad: str = Field(" ", min_length=1, max_length=1, description="What fills the rest, such as 0.")

    @model_validator(mode="after")
    def _no_digits_to_the_right(self) -> Self:
        if self.pad != " " and self.align == "left":
            raise ValueError("what fills up after a value is a space; align it to the right")
        return self


def one_of_each(columns: list[Column] | list[FixedColumn]) -> None:
    """Refuse two columns of one name or one title."""
    for what in ("name", "title"):
        seen: set[str] = set()
        for column in columns:
            value = str(getattr(column, what))
            if value in seen:
                raise ValueError(f"two columns have the {what} {value!r}")
            seen.add(value)


Columns = Annotated[list[Column], Field(max_length=1_000, description="The columns.")]


def _read_back(pattern: str) -> datetime:
    try:
        return datetime.strptime(_probe.strftime(pattern), pattern)  # noqa: DTZ007 (a pattern may have no zone)
    except ValueError:
        raise ValueError("this is not a pattern of a date, such as %d/%m/%Y") from None
