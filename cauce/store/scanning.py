"""A column by which no index is looked for, where SQLite would choose worse than by going through the inbox."""

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class unindexed(FunctionElement[str | None]):  # noqa: N801 - it is read as a function
    """The column as it is; SQLite is told, by a sign that does nothing else, not to take an index of it.

    It has no statistics, takes "this person's or this group's" for a handful, and sorts what it finds: half the inbox.
    """

    type: TypeEngine[str | None] = Text()  # type: ignore[assignment]  # nullable, as the columns are
    inherit_cache = True


@compiles(unindexed)
def _as_it_is(element: unindexed, compiler: SQLCompiler, **given: Any) -> str:  # noqa: ANN401 - fixed signature
    return compiler.process(element.clauses, **given)


@compiles(unindexed, "sqlite")
def _with_a_sign(element: unindexed, compiler: SQLCompiler, **given: Any) -> str:  # noqa: ANN401 - fixed signature
    return f"+{compiler.process(element.clauses, **given)}"
