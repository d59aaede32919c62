"""What an SQLSTATE means for the process: drivers' exception classes disagree, their SQLSTATEs less so."""

from typing import Final

from cauce.errors import AmbiguousError, BusinessError, PermanentError, RemoteError, TransientError
from connectors.odbc.frames import Message

_transient: Final = {
    "40001": "its transaction lost against another one",
    "40P01": "its transaction was part of a deadlock",
    "55P03": "what it needs is locked",
    "57014": "the statement was cancelled",
    "57P01": "the server is shutting down",
    "57P02": "the server crashed",
    "57P03": "the server is starting up",
    "HY008": "the statement was cancelled",
    "HYT00": "it took too long",
    "HYT01": "it took too long to connect",
    "70100": "the statement was cancelled",
}
_transient_classes: Final = {"08": "the connection broke", "53": "the server is out of resources"}
# Servers that say "general error" and mean something that passes: MariaDB's lock wait, deadlock, too many
# connections and statement time, SQLite's busy and locked.
_transient_natives: Final = {
    "mariadb": {1040, 1205, 1213, 1969, 2002, 2003, 2006, 2013, 3024},
    "sqlite": {5, 6, 9},
    "freetds": {1205, 20003, 20009},
}
_business_classes: Final = {"23", "44"}
_business: Final = {"45000", "P0001"}
_maria_login: Final = {1044, 1045}
_maria_read_only: Final = 1792
_sqlite_cannot_open: Final = 14
_sqlite_constraint: Final = 19

Verdict = tuple[type[RemoteError], str, str]
Rule = tuple[bool, type[RemoteError], str, str]


def explain(message: Message, *, name: str, dialect: str, writes: bool) -> RemoteError:
    """Return the error that a worker's `failed` message is."""
    state, native, stage = str(message["sqlstate"]), int(message["native"]), str(message["stage"])
    detail = {"sqlstate": state, "native": native, "message": message["message"]}
    kind, problem, hint = _judge(state, native, dialect, str(message["message"]))
    if stage == "connect" and kind is TransientError:
        hint = f"Nothing was sent. Is the database running? Test it with `cauce connections test {name}`."
    # A broken connection while the commit was on its way leaves open whether it arrived.
    if writes and stage == "commit" and (state[:2] in _transient_classes or state == "40003"):
        kind, problem, hint = AmbiguousError, "the connection broke while the work was being committed", ""
    return kind(f"{name}: {problem} (SQLSTATE {state}).", hint=hint, remote_code=state, detail=detail)


def _judge(state: str, native: int, dialect: str, text: str) -> Verdict:
    """Return the class, what happened, and what to do; the first rule that fits."""
    rules = _rules_of_connecting(state, native, dialect, text) + _rules_of_statements(state, native, dialect, text)
    for fits, kind, problem, hint in rules:
        if fits:
            return kind, problem, hint
    if state[:2] in _transient_classes:
        return _broken(text, dialect, _transient_classes[state[:2]])
    return PermanentError, "the database refuses the statement", "The detail has the server's words."


def _rules_of_connecting(state: str, native: int, dialect: str, text: str) -> tuple[Rule, ...]:
    maria, sqlite = dialect == "mariadb", dialect == "sqlite"
    return (
        (
            state in {"IM002", "IM003"} or "Can't open lib" in text,
            PermanentError,
            "the ODBC driver or data source is not there",
            _install_hint,
        ),
        (
            state[:2] == "28" or (maria and native in _maria_login),
            PermanentError,
            "the login is refused",
            "Check username, password and database of the connection.",
        ),
        (
            state in _transient or native in _transient_natives.get(dialect, ()),
            TransientError,
            _transient.get(state, "it is busy"),
            "",
        ),
        (
            sqlite and native == _sqlite_cannot_open,
            PermanentError,
            "the database file cannot be opened",
            "Check settings.database: it is not created.",
        ),
    )


def _rules_of_statements(state: str, native: int, dialect: str, text: str) -> tuple[Rule, ...]:
    maria, sqlite = dialect == "mariadb", dialect == "sqlite"
    refused = state in _business or state[:2] in _business_classes or (sqlite and native == _sqlite_constraint)
    return (
        (
            state == "25006" or (maria and native == _maria_read_only) or "readonly database" in text,
            PermanentError,
            "the operation says it reads, and it writes",
            "Declare effect: write.",
        ),
        (refused, BusinessError, "a rule of the database refuses it", ""),
        (
            state[:2] == "42" or (sqlite and native == 1),
            PermanentError,
            f"the statement is wrong: {_said(text)}",
            "Correct `calls`.",
        ),
        (state[:2] == "22", PermanentError, "a value does not fit its column", "Correct `request`; see the detail."),
    )


_install_hint: Final = (
    "Run `make setup`, which brings the drivers for sqlite, postgresql, mariadb and freetds; for another driver give"
    " the path of its file in settings.driver."
)


def _broken(text: str, dialect: str, usual: str) -> tuple[type[RemoteError], str, str]:
    """Tell a refused login from a broken connection: PostgreSQL's driver calls both 08001."""
    if "authentication failed" in text or "no password supplied" in text:
        return PermanentError, "the login is refused", "Check username and password of the connection."
    if dialect == "postgresql" and "does not exist" in text:
        return PermanentError, "the login or the database does not exist", "Check username and database."
    return TransientError, usual, ""


def _said(text: str) -> str:
    """Return the driver's sentence about the statement without its prefixes; it quotes names, not data."""
    plain = text.rpartition("]")[2].partition(";")[0].partition("\n")[0].strip()
    return plain[:200].rstrip(".") or "see the detail"
