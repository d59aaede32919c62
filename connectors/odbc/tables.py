"""Makes operations of a table: statements with quoted names and parameters, and schemas from the columns' types."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cauce.connector import JSON
from cauce.importing import ImportedOperation, LeftOut
from connectors.odbc.profiles import quoted

_page: Final = 500
_plain: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_integers: Final = {-6: -(2**31), 5: -(2**31), 4: -(2**31), -5: -(2**53 - 1)}
_binary: Final = {-2, -3, -4}
_texts: Final = {1, 12, -8, -9}
_longest: Final = 4000
_numbers_itself: Final = {"sqlite", "mariadb"}
_text: Final[Mapping[str, JSON]] = {"type": "string"}
# SQLite's columns take what they are given, and its driver calls text whatever it does not know.
_loose: Final[Mapping[str, JSON]] = {"type": ["string", "number", "boolean"]}
# What is sent, by SQL's numbers of types; what comes back may be more, see `answered`.
_sent: Final[Mapping[int, dict[str, JSON]]] = {
    **{code: {"type": "integer"} for code in _integers},
    **{code: {"type": ["number", "string"]} for code in (2, 3)},
    **{code: {"type": "number"} for code in (6, 7, 8)},
    **{code: {"type": "string", "description": "A date such as 2026-03-01."} for code in (9, 91)},
    **{code: {"type": "string", "description": "A time such as 10:00:00."} for code in (10, 92)},
    **{code: {"type": "string", "description": "A date and time such as 2026-03-01T10:00:00."} for code in (11, 93)},
    -7: {"type": ["boolean", "integer"]},
}
_keywords: Final = {
    *("and", "or", "not", "if", "then", "else", "elif", "end", "as", "def", "reduce", "foreach", "try", "catch"),
    *("label", "import", "include"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and the parameter that stands for it."""

    name: str
    parameter: str
    type: int
    size: int
    nullable: bool
    default: bool

    @property
    def field(self) -> str:
        """Return how an expression reads it."""
        is_plain = _plain.fullmatch(self.name) and self.name not in _keywords
        return f".{self.name}" if is_plain else f".[{json.dumps(self.name)}]"


@dataclass(frozen=True, slots=True)
class Table:
    """A table or a view as the catalogue tells it."""

    schema: str
    name: str
    is_view: bool
    columns: tuple[Column, ...]
    key: tuple[Column, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Table":
        """Return the table that a worker process told of."""
        columns = []
        for number, column in enumerate(told["columns"], 1):
            parameter = column["name"] if _plain.fullmatch(column["name"]) else f"p{number}"
            columns.append(Column(**column, parameter=parameter))
        by_name = {column.name: column for column in columns}
        key = tuple(by_name[name] for name in told["key"] if name in by_name)
        return cls(told["schema"], told["name"], told["kind"] == "view", tuple(columns), key)

    @property
    def numbered(self) -> Column | None:
        """Return the column that alone is the key and holds whole numbers, if there is one."""
        return self.key[0] if len(self.key) == 1 and self.key[0].type in _integers else None

    def numbers_itself(self, column: Column, dialect: str) -> bool:
        """Say whether the database gives rows their numbers in this column."""
        return column is self.numbered and (column.default or dialect in _numbers_itself)


def operations_of(table: Table, own: str, dialect: str) -> Iterator[ImportedOperation | LeftOut]:
    """Yield what can be done with a table (its name among the operations is `own`), and what cannot and why."""
    if table.key:
        yield _find(table, own, dialect)
    yield _list(table, own, dialect)
    if not table.is_view:
        yield _insert(table, own, dialect)


def _find(table: Table, own: str, dialect: str) -> ImportedOperation:
    where = " AND ".join(f"{quoted(column.name, dialect)} = :{column.parameter}" for column in table.key)
    renamed = any(column.field != f".{column.parameter}" for column in table.key)
    return ImportedOperation(
        name=f"find {own}",
        calls=f"SELECT {_names(table.columns, dialect)}\nFROM {_of(table, dialect)}\nWHERE {where}",
        effect="read",
        title=f"Find {own} by key",
        request=_object(table.key) if renamed else "",
        response=".[0]",
        input=_input(table.key, table.key, dialect),
        output=_row(table),
    )


def _list(table: Table, own: str, dialect: str) -> ImportedOperation:
    """Return the operation that gives pages by the key where it is a number, else everything there is."""
    select, source = f"SELECT {_names(table.columns, dialect)}", f"FROM {_of(table, dialect)}"
    order = f"\nORDER BY {_names(table.key, dialect)}" if table.key else ""
    rows = {"type": "array", "items": _row(table)}
    lowest = _integers.get(table.key[0].type) if len(table.key) == 1 else None
    if lowest is not None and dialect == "sqlite":
        lowest = _integers[-5]  # its integers have 64 bits, whatever they are declared as
    if lowest is None or dialect == "any":
        everything = "it gives all rows, or an error above `max_rows`; narrow it with WHERE where there may be many."
        return ImportedOperation(
            name=f"list {own}",
            calls=f"{select}\n{source}{order}",
            effect="read",
            title=f"List {own}",
            output=rows,
            decide=(everything,),
        )
    top, limit = (f"SELECT TOP {_page}", "") if dialect == "freetds" else ("SELECT", f"\nLIMIT {_page}")
    where = f"\nWHERE {quoted(table.key[0].name, dialect)} > :after"
    return ImportedOperation(
        name=f"list {own}",
        calls=f"{select.replace('SELECT', top, 1)}\n{source}{where}{order}{limit}",
        effect="read",
        title=f"List {own}, {_page} after a key",
        request=f"{{after: (.after // {lowest})}}",
        input={"type": ["object", "null"], "properties": {"after": {"type": ["integer", "null"]}}},
        output=rows,
    )


def _insert(table: Table, own: str, dialect: str) -> ImportedOperation | LeftOut:
    numbered = table.numbered
    generated = numbered is not None and table.numbers_itself(numbered, dialect)
    left = [column.name for column in table.columns if column.default and column is not numbered]
    binary = [column for column in table.columns if column.type in _binary and not column.default]
    needed = [column.name for column in binary if not column.nullable]
    if needed:
        return LeftOut(f"insert {own}", f"the column {needed[0]} is binary, and values are sent as text.")
    given = [column for column in table.columns if not column.default and column not in binary]
    if generated and numbered is not None:
        given = [column for column in given if column is not numbered]
    if not given:
        return LeftOut(f"insert {own}", "the database fills all of its columns.")
    decide = [f"the database fills {', '.join(left)}; add what you want to give."] if left else []
    if binary:
        decide.append(f"{', '.join(each.name for each in binary)} is left out: binary values are sent as text.")
    if generated:
        decide.append("the database numbers the rows; `idempotency` needs a column that is unique and yours.")
    elif not table.key:
        decide.append("the table has no key; `idempotency` needs a column that is unique.")
    required = tuple(column for column in given if not column.nullable)
    values = ", ".join(f":{column.parameter}" for column in given)
    return ImportedOperation(
        name=f"insert {own}",
        calls=f"INSERT INTO {_of(table, dialect)} ({_names(given, dialect)})\nVALUES ({values})",
        effect="write",
        title=f"Insert {own}",
        request=_object(given),
        key="" if generated or not table.key else _key(table.key),
        find="" if generated or not table.key else f"find {own}",
        input=_input(given, required, dialect),
        decide=tuple(decide),
    )


def _of(table: Table, dialect: str) -> str:
    own = quoted(table.name, dialect)
    return f"{quoted(table.schema, dialect)}.{own}" if table.schema else own


def _names(columns: tuple[Column, ...] | list[Column], dialect: str) -> str:
    return ", ".join(quoted(column.name, dialect) for column in columns)


def _object(columns: tuple[Column, ...] | list[Column]) -> str:
    """Return the expression that gives every parameter, null for what is not there."""
    return f"{{{', '.join(f'{json.dumps(column.parameter)}: {column.field}' for column in columns)}}}"


def _key(columns: tuple[Column, ...]) -> str:
    if len(columns) == 1:
        return f"{columns[0].field} | tostring"
    return f"[{', '.join(column.field for column in columns)}] | tojson"


def _input(columns: tuple[Column, ...] | list[Column], required: tuple[Column, ...], dialect: str) -> JSON:
    described: dict[str, JSON] = {"type": "object"}
    if required:
        described["required"] = [column.name for column in required]
    shown = {column.name: taken(column, may_lack=column not in required, dialect=dialect) for column in columns}
    return described | {"properties": shown}


def taken(column: Column, *, may_lack: bool, dialect: str) -> JSON:
    """Return what a column takes."""
    described = dict(_sent.get(column.type, _loose if dialect == "sqlite" else _text))
    # SQLite keeps to no length, so what it declares says nothing.
    if column.type in _texts and 0 < column.size <= _longest and dialect != "sqlite":
        described["maxLength"] = column.size
    kinds = described["type"]
    if may_lack:
        described["type"] = [*(kinds if isinstance(kinds, list) else [kinds]), "null"]
    return described


def _row(table: Table) -> JSON:
    return {"type": ["object", "null"], "properties": {column.name: answered(column) for column in table.columns}}


def answered(column: Column, *, may_lack: bool = True) -> JSON:
    """Return what a value may come as: numbers too long for JSON come as text, and drivers differ about booleans."""
    kinds = _sent.get(column.type, _text)["type"]
    known = kinds if isinstance(kinds, list) else [kinds]
    return {"type": [*known, *(["string"] if "string" not in known else []), *(["null"] if may_lack else [])]}
