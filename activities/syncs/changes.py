"""Rows that are to be written, and what became of them."""

from typing import Final, Literal, NamedTuple

from activities.syncs.rows import Row
from cauce.errors import (
    AmbiguousError,
    BusinessError,
    CauceError,
    ConsentError,
    ExpressionError,
    InputError,
    LoginError,
    PermanentError,
    TransientError,
)
from cauce.store.cross_references import Reference
from cauce.sync import Call

State = Literal["written", "unchanged", "rejected"]
# What is wrong with one row; anything else is wrong with all of them.
OF_A_ROW: Final = (BusinessError, PermanentError, InputError, ExpressionError, ConsentError, AmbiguousError)
# From this attempt at a batch on, a row without an answer is set aside when the target takes others, or never answers.
PATIENT: Final = 4
VERY_PATIENT: Final = 10
# Stands for the content of a row that is taken away.
DELETED: Final = "deleted"


class Change(NamedTuple):
    """A row that differs from what was written last, and what is known of it."""

    row: Row
    known: Reference | None
    target: str = ""

    @property
    def version(self) -> int:
        """The number of this change."""
        return self.known.version + 1 if self.known else 1


class Result(NamedTuple):
    """What became of a row."""

    key: str
    state: State
    digest: str = ""
    target: str = ""
    version: int = 0
    error: CauceError | None = None


def is_of_its_row(error: CauceError) -> bool:
    """Return whether a refusal is of one row, and not of whoever sends it or of a system that is not there."""
    return isinstance(error, OF_A_ROW) and not isinstance(error, LoginError | AmbiguousError)


def not_now(call: Call, error: CauceError, rows: int, *, again: bool) -> CauceError:
    """Return what keeps rows from being written, as an error of the whole batch."""
    if not isinstance(error, AmbiguousError):
        return error
    safe = "It is safe to send them again." if again else "They are looked for before anything is sent again."
    problem = f"{call} gave no answer for {rows} {'row' if rows == 1 else 'rows'}."
    return TransientError(problem, hint=safe, remote_code=error.remote_code)
