"""Reads a database's catalogue as operations: for each table find by its key, list and insert; for each view list."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from cauce.connector import JSON, BaseConnector, Operation
from cauce.errors import InputError
from cauce.importing import Contract, Described, ImportedOperation, LeftOut, Offer
from connectors.odbc.catalog import most_columns, most_tables
from connectors.odbc.connector import Connector, Settings
from connectors.odbc.description import described
from connectors.odbc.tables import Table, operations_of

_sqlite: Final = b"SQLite format 3\0"
_part: Final = re.compile(r"\s*([^=;{}]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*?)\s*(?:;|$)")
_is_string: Final = re.compile(r"(?:^|;)\s*(?:dsn|driver)\s*=", re.IGNORECASE)
_names: Final[Mapping[str, str]] = {
    "driver": "driver",
    "dsn": "dsn",
    "server": "server",
    "servername": "server",
    "host": "server",
    "port": "port",
    "database": "database",
    "db": "database",
    "dbq": "database",
    "uid": "username",
    "user": "username",
    "username": "username",
}
_passwords: Final = {"pwd", "password"}
_timeout_s: Final = 60.0


def recognises(offer: Offer) -> bool:
    """Say whether this is a SQLite file, or settings of a database."""
    return offer.head.startswith(_sqlite) or (not offer.head and bool(_is_string.search(offer.source)))


async def read(offer: Offer) -> Contract:
    """Return operations for the tables and views that the login may see; nothing of what is in them is read."""
    given = _settings(offer)
    password = offer.secret(f"{offer.name}-password") if "username" in given else None
    try:
        settings = Settings.model_validate(given | ({"password": password} if password else {}))
    except ValidationError as cause:
        # Not chained: pydantic's own text quotes the values, and a password may be among them.
        first = cause.errors(include_input=False, include_url=False, include_context=False)[0]
        hint = "Write them as 'Driver=…;Server=…;Database=…;UID=…', or 'DSN=…'."
        raise InputError(f"The settings of the database do not fit: {first['msg']}.", hint=hint) from None
    async with Connector(offer.name, settings) as connector:
        catalog = await connector.catalog(_timeout_s)
        found = [Table.of(table) for table in catalog["tables"]]
        operations, left_out = _operations(found, connector.dialect)
    left_out += [LeftOut(name, f"more than {most_tables} tables are not read.") for name in catalog["more"]]
    secret = {"password": {"secret": f"{offer.name}-password"}}
    asks = "username" in given
    return Contract(
        given | (secret if password else {}),
        tuple(operations),
        tuple(left_out),
        len(operations) + len(left_out),
        title=offer.name.replace("-", " ").capitalize(),
        decide=_decide(given),
        optional=secret if asks and not password else {},
    )


async def describe(connector: BaseConnector[Any], operations: Sequence[Operation]) -> Mapping[str, Described]:
    """Return what the catalogue says of the tables that these statements name."""
    assert isinstance(connector, Connector)  # noqa: S101 (each kind is given its own)
    catalog = await connector.catalog(_timeout_s)
    return described([Table.of(table) for table in catalog["tables"]], operations, connector.dialect)


def _operations(found: list[Table], dialect: str) -> tuple[list[ImportedOperation], list[LeftOut]]:
    names = [table.name.lower() for table in found]
    operations: list[ImportedOperation] = []
    left_out: list[LeftOut] = []
    for table in found:
        own = table.name if names.count(table.name.lower()) == 1 else f"{table.schema} {table.name}"
        if not table.columns or len(table.columns) > most_columns:
            left_out.append(LeftOut(own, f"it has {len(table.columns)} columns; 1 to {most_columns} are read."))
            continue
        for each in operations_of(table, own, dialect):
            if isinstance(each, LeftOut):
                left_out.append(each)
            else:
                operations.append(each)
    return operations, left_out


def _settings(offer: Offer) -> dict[str, Any]:
    """Return the connection's settings.

    Raises:
        InputError: They hold a password, which has no place on a command line.
    """
    if offer.head.startswith(_sqlite):
        return {"driver": "sqlite", "database": str(Path(offer.source).resolve())}
    settings: dict[str, Any] = {}
    options: dict[str, JSON] = {}
    for key, value in _parts(offer.source):
        if key.lower() in _passwords:
            raise InputError(
                "A password has no place here: others see what programs are started with.",
                hint=f"Make it the secret {offer.name}-password of this environment, and leave it out.",
            )
        known = _names.get(key.lower())
        if known is None:
            options[key] = value
        else:
            settings[known] = int(value) if known == "port" and value.isdecimal() else value
    return settings | ({"options": options} if options else {})


def _parts(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text.rstrip("; \n")):
        found = _part.match(text, position)
        if found is None:
            raise InputError("These are no settings of a database.", hint="Write them as 'Driver=…;Database=…'.")
        key, value = found[1], found[2]
        yield key, value[1:-1].replace("}}", "}") if value.startswith("{") else value
        position = found.end()


def _decide(given: Mapping[str, JSON]) -> tuple[str, ...]:
    rights = "The database decides what may be done: give the login no more rights than these operations need."
    if given.get("driver") == "sqlite":
        return ("`database` is a file of this machine; every worker has to find it there.",)
    return (rights,)
