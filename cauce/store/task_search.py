"""Finding open tasks by their words: title, business key, process, customer, and the text of their data.

Words are folded here, the same for both databases: small letters, no accents, nothing but letters and digits. So
PostgreSQL (an index of its `tsvector`) and SQLite (FTS5) find the same. A word of a search may be the beginning of one.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, delete, select, text
from sqlalchemy import true as everything

from cauce.contract import HumanTask
from cauce.personal import Veil, names_of_form
from cauce.store.base import JSON
from cauce.store.models import Case, Customer, Task, TaskText
from cauce.store.session import Db

MOST_CHARACTERS: Final = 20_000
_MOST_WORDS: Final = 10
_LONGEST_WORD: Final = 60
_DEEPEST: Final = 12
# So many tasks are named to the database; of more, it looks at each one's words while it goes through the inbox.
_FEW: Final = 500
_WORD: Final = re.compile(r"[^\W_]+")
_FIND: Final = """SELECT task FROM task_texts
    WHERE id IN (SELECT rowid FROM task_search WHERE task_search MATCH :words LIMIT :few)"""
# Both at once: the index has no end of a word's tasks until it has gone through all of them, each time it is asked.
_FIND_AND_COUNT: Final = """WITH found AS MATERIALIZED
    (SELECT task FROM task_texts WHERE words @@ CAST(:words AS tsquery) LIMIT :many)
    SELECT ARRAY(SELECT task FROM found LIMIT :few), (SELECT count(*) FROM found)"""
# PostgreSQL looks at each task's words where they are common: what it wants is among the first. Else it remembers which
# tasks have them; as a join, it would look for them anew for each task. SQLite always remembers.
_MANY: Final = 20_000
_REMEMBERED: Final = {
    "sqlite": """(SELECT x.id FROM task_texts x WHERE x.task = tasks.id)
        IN (SELECT rowid FROM task_search WHERE task_search MATCH :words)""",
    "postgresql": """(tasks.id IN (SELECT x.task FROM task_texts x
        WHERE x.words @@ CAST(:words AS tsquery))) IS TRUE""",
}
_LOOKED_AT: Final = """(SELECT x.words @@ CAST(:words AS tsquery) FROM task_texts x WHERE x.task = tasks.id)"""


def words_of(given: str) -> list[str]:
    """Return the words of a text, each once, folded."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", given) if not unicodedata.combining(each))
    return list(dict.fromkeys(each[:_LONGEST_WORD] for each in _WORD.findall(plain.casefold())))


async def put(db: Db, task: HumanTask, customer: str) -> None:
    """Keep the words of a task, in the place of those that were kept before.

    What is personal is not among them: who may not see it could find out by searching.
    """
    await db.execute(delete(TaskText).where(TaskText.task == task.id))
    veil = Veil(names_of_form(task.form_document))
    data, title = veil.cover(task.data, task.title)
    parts = (*_texts(title), task.business_key, task.definition, task.name, task.form, "" if veil.names else customer)
    found = " ".join((*parts, *_texts(data)))[:MOST_CHARACTERS]
    db.add(TaskText(task=task.id, text=" ".join(words_of(found))))
    await db.flush()


def _texts(value: JSON, depth: int = 0) -> Iterator[str]:
    """Yield the texts and numbers in JSON; not the names of its fields, which all tasks of a kind share."""
    if depth > _DEEPEST or value is None or isinstance(value, bool):
        return
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, depth + 1)
    else:
        yield str(value)


async def customer_of(db: Db, task: HumanTask) -> str:
    """Return the name of the customer whom a task is about: that of its case, else the one that its data names."""
    data = task.data if isinstance(task.data, dict) else {}
    named = data.get("customer") or data.get("company")
    if isinstance(named, dict):
        named = named.get("name") or named.get("id")
    known = await db.scalar(select(Case.customer).where(Case.code == task.business_key)) if task.business_key else None
    id_ = known or (named if isinstance(named, str) else None)
    if id_ is None:
        return ""
    return (await db.scalar(select(Customer.name).where(Customer.id == id_)) or id_)[:200]


async def matching(db: Db, wanted: str) -> ColumnElement[bool]:
    """Return the condition under which an open task has all these words, or words that begin so."""
    words = words_of(wanted)[:_MOST_WORDS]
    if not words:
        return everything()
    if db.get_bind().dialect.name == "sqlite":
        given = " ".join(f'"{each}"*' for each in words)
        found = list(await db.scalars(text(_FIND), {"words": given, "few": _FEW + 1}))
        how = _REMEMBERED["sqlite"]
    else:
        given = " & ".join(f"{each}:*" for each in words)
        limits = {"few": _FEW + 1, "many": max(_MANY, _FEW + 1)}
        found, number = (await db.execute(text(_FIND_AND_COUNT), {"words": given, **limits})).one()
        how = _LOOKED_AT if number >= _MANY else _REMEMBERED["postgresql"]
    if len(found) <= _FEW:
        return Task.id.in_(found)
    return text(how).bindparams(words=given)  # type: ignore[return-value]  # it is one, in WHERE
