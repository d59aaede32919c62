"""Every error that Cauce raises on purpose; any other exception is a bug.

Two questions sort them: who can mend it, and does trying again help. The class answers both; `docs/errors.md` lists
the codes, and a test compares that list with the classes below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

type_uri = "https://cauce.dev/errors/"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something is; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (or unwise) in a definition, and how to mend it."""

    code: str
    problem: str
    hint: str = ""
    place: Place | None = None
    pointer: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        head = f"{self.place}: " if self.place else ""
        tail = f" {self.hint}" if self.hint else ""
        return f"{head}{self.code}: {self.problem}{tail}"


class CauceError(Exception):
    """Something a person can understand and mend."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(problem, hint, where)
        self.problem = problem
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        head = f"{self.where}: " if self.where else ""
        tail = f" {self.hint}" if self.hint else ""
        return f"{head}{self.problem}{tail}"

    def problem_details(self) -> dict[str, Any]:
        """Return the error as problem details (RFC 9457)."""
        details: dict[str, Any] = {
            "type": type_uri + self.code,
            "title": (type(self).__doc__ or "").partition("\n")[0].rstrip("."),
            "status": self.http_status,
            "detail": self.problem,
            "code": self.code,
        }
        if self.hint:
            details["hint"] = self.hint
        if self.where:
            details["where"] = self.where
        return details


class DefinitionError(CauceError):
    """The definition is not one that Cauce can run."""

    code = "definition"
    http_status = 422
    exit_code = 2

    def __init__(self, problem: str, *, hint: str = "", where: str = "", findings: Sequence[Finding] = ()) -> None:
        super().__init__(problem, hint=hint, where=where)
        self.findings = tuple(findings)

    @classmethod
    def of(cls, what: str, findings: Sequence[Finding]) -> "DefinitionError":
        """Return the error that says what did not happen, because of these findings."""
        problem = f"{what}: there are {len(findings)} errors." if len(findings) > 1 else f"{what}: there is an error."
        return cls(problem, hint=str(findings[0]), findings=findings)


class ExpressionError(CauceError):
    """An expression could not be parsed or evaluated."""

    code = "expression"
    http_status = 422
    exit_code = 2


class BudgetError(ExpressionError):
    """An expression used more steps, depth or space than it may."""

    code = "budget"


class TemplateError(ExpressionError):
    """A template cannot be rendered with the data it was given."""

    code = "template"


class InputError(CauceError):
    """The data given does not fit its schema."""

    code = "input"
    http_status = 422
    exit_code = 2

    def __init__(
        self, problem: str, *, hint: str = "", where: str = "", errors: Sequence[Mapping[str, str]] = ()
    ) -> None:
        super().__init__(problem, hint=hint, where=where)
        self.errors = tuple(errors)

    def problem_details(self) -> dict[str, Any]:
        """Return the error as problem details, with one entry per field."""
        return super().problem_details() | ({"errors": [dict(e) for e in self.errors]} if self.errors else {})


class TooLargeError(CauceError):
    """What was given is larger than Cauce takes."""

    code = "too-large"
    http_status = 413
    exit_code = 2


class SettingsError(CauceError):
    """A setting is missing or wrong."""

    code = "settings"
    exit_code = 2


class NotFoundError(CauceError):
    """There is no such thing."""

    code = "not-found"
    http_status = 404


class ConflictError(CauceError):
    """The thing is not in a state that allows this."""

    code = "conflict"
    http_status = 409


class StaleError(ConflictError):
    """The thing was changed since it was read."""

    code = "stale"
    http_status = 412


class UnauthenticatedError(CauceError):
    """Nobody is logged in."""

    code = "unauthenticated"
    http_status = 401


class ForbiddenError(CauceError):
    """This person may not do that."""

    code = "forbidden"
    http_status = 403


class SecondFactorMissingError(ForbiddenError):
    """Somebody's role needs a second step at the login, and they have not set it up."""

    code = "second-factor"


class PasswordToChangeError(ForbiddenError):
    """Somebody logged in with a password that another person made, and has not chosen one of their own."""

    code = "password-to-change"


class RemoteError(CauceError):
    """A system outside said no, or said nothing.

    `remote_code` is the code the system itself gave (fault code, SQLSTATE, HTTP status), `detail` what it sent with it.
    """

    code = "remote"
    http_status = 502

    def __init__(
        self, problem: str, *, hint: str = "", where: str = "", remote_code: str = "", detail: Any = None
    ) -> None:
        super().__init__(problem, hint=hint, where=where)
        self.remote_code = remote_code
        self.detail = detail


class TransientError(RemoteError):
    """The system is not available now; trying again may help, and nothing was done."""

    code = "transient"
    http_status = 503
    exit_code = 75


class PermanentError(RemoteError):
    """The system will answer this call the same way every time."""

    code = "permanent"


class LoginError(PermanentError):
    """A system outside refused the login."""

    code = "login"


class BusinessError(RemoteError):
    """The system refused for a reason of its business; the process decides what follows."""

    code = "business"


class AmbiguousError(RemoteError):
    """The request was sent and no answer came; it may or may not have been carried out."""

    code = "ambiguous"
    http_status = 504


class ConsentError(RemoteError):
    """A guard refused: the person concerned has not agreed to this use."""

    code = "consent"
    http_status = 403
