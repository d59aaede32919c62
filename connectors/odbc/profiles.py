"""What each driver needs to hear so that it is quick, true to the data, and read-only where it should be.

Every option here answers something measured, not something documented: PostgreSQL's driver turns booleans into text
and holds whole results in memory by default, SQLite's creates the database that a mistyped path names, MariaDB's
caches rows it will not show again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """The options of one driver: for every connection, and for those that only read."""

    options: Mapping[str, str] = field(default_factory=dict)
    read_options: Mapping[str, str] = field(default_factory=dict)
    session: tuple[str, ...] = ()
    read_session: tuple[str, ...] = ()
    statement_timeout: str = ""
    ping: str = "select 1"
    port: int = 0
    names: Mapping[str, str] = field(default_factory=dict)


profiles: Final[Mapping[str, Profile]] = {
    "sqlite": Profile(
        options={"NoCreat": "1", "StepAPI": "1", "FKSupport": "1", "Timeout": "5000"},
        # Not NoTXN: together with StepAPI it gives the values of expressions as text.
        read_session=("PRAGMA query_only=1",),
    ),
    "postgresql": Profile(
        options={"BoolsAsChar": "0", "MaxVarcharSize": "65536"},
        read_options={"UseDeclareFetch": "1", "Fetch": "5000"},
        # The driver drops time zones, so there is only one.
        session=("SET timezone TO 'UTC'",),
        read_session=("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",),
        statement_timeout="SET LOCAL statement_timeout = {ms}",
        port=5432,
    ),
    "mariadb": Profile(
        options={"CHARSET": "utf8mb4"},
        read_options={"FORWARDONLY": "1", "NO_CACHE": "1"},
        session=("SET SESSION time_zone = '+00:00'",),
        read_session=("SET SESSION TRANSACTION READ ONLY",),
        statement_timeout="SET SESSION max_statement_time = {s}",
        port=3306,
    ),
    "freetds": Profile(options={"TDS_Version": "7.4", "ClientCharset": "UTF-8"}, port=1433),
    "any": Profile(),
}


def dialect_of(driver: str) -> str:
    """Return the profile a driver setting means: its own name, or that of a driver's path or a product's name."""
    if driver in profiles:
        return driver
    file = driver.lower()
    known = {"sqlite": "sqlite", "psqlodbc": "postgresql", "postgres": "postgresql", "maodbc": "mariadb"}
    known |= {
        "maria": "mariadb",
        "mysql": "mariadb",
        "sql server": "freetds",
        "tdsodbc": "freetds",
        "freetds": "freetds",
    }
    return next((name for part, name in known.items() if part in file), "any")


def quoted(name: str, dialect: str) -> str:
    """Return a name so that no character in it can end it."""
    if dialect == "mariadb":
        return "`" + name.replace("`", "``") + "`"
    if dialect == "freetds":
        return "[" + name.replace("]", "]]") + "]"
    return '"' + name.replace('"', '""') + '"'


def connection_string(parts: Mapping[str, str]) -> str:
    """Return `Key={value};…`, quoted so that no value can end early or add a key."""
    return ";".join(f"{key}={_quote(value)}" for key, value in parts.items())


def _quote(value: str) -> str:
    if value and not any(character in value for character in "[]{}(),;?*=!@ \t\n"):
        return value
    return "{" + value.replace("}", "}}") + "}"
