"""Finding open tasks by their words: title, business key, process, customer, and the text of their data.

Words are folded here, the same for both databases: small letters, no accents, nothing but letters and digits. So
PostgreSQL (an index of its `tsvector`) and SQLite (FTS5) find the same. A word of a search may be the beginning of one,
or the plural of one.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, delete, func, select, text

from cauce.contract import HumanTask
from cauce.personal import Veil, names_of_form
from cauce.store.base import JSON
from cauce.store.models import Case, Customer, Task, TaskText
from cauce.store.session import Db

MOST_CHARACTERS: Final = 20_000
_MOST_WORDS: Final = 10
_LONGEST_WORD: Final = 60
_SHORTEST_PLURAL: Final = 4
_PLURALS: Final = (("s", ""), ("es", ""), ("ces", "z"), ("ies", "y"))
_DEEPEST: Final = 12
# So many tasks are named to the database; of more, it looks at each one's words while it goes through the inbox.
_FEW: Final = 500
# So many of the inbox are looked at one by one: of what is common, the first page is soon full.
_AHEAD: Final = 1_000
_WORD: Final = re.compile(r"[^\W_]+")
_FIND: Final = """SELECT task FROM task_texts
    WHERE id IN (SELECT rowid FROM task_search WHERE task_search MATCH :words LIMIT :few)"""
# Which tasks have them is remembered while going through the inbox; as a join, it would be looked for anew for each.
_REMEMBERED: Final = """(SELECT x.id FROM task_texts x WHERE x.task = tasks.id)
    IN (SELECT rowid FROM task_search WHERE task_search MATCH :words)"""
# On PostgreSQL, the group of a task is among its words, marked, so that one index finds both (migration 0046).
_HAVING: Final = "SELECT task FROM task_texts WHERE words @@ CAST(:words AS tsquery)"
_HAVING_OF_CIRCLE: Final = """SELECT task FROM task_texts WHERE words @@ CAST(:theirs AS tsquery)
    UNION ALL SELECT x.task FROM tasks t JOIN task_texts x ON x.task = t.id
    WHERE t.closed_at IS NULL AND (t.claimed_by = :name OR t."user" = :name) AND x.words @@ CAST(:words AS tsquery)"""
_LOOKED_AT: Final = "(SELECT x.words @@ CAST(:words AS tsquery) FROM task_texts x WHERE x.task = ahead.id)"


@dataclass(frozen=True, slots=True)
class Circle:
    """Who sees no tasks but their own, those of their groups, and those that are for anybody."""

    name: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sought:
    """Words that somebody looks for; of whom only a `circle` is seen, tasks of others are left out beforehand."""

    words: str = ""
    circle: Circle | None = None


def words_of(given: str) -> list[str]:
    """Return the words of a text, each once, folded."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", given) if not unicodedata.combining(each))
    return list(dict.fromkeys(each[:_LONGEST_WORD] for each in _WORD.findall(plain.casefold())))


def has_words(sought: Collection[str], given: str) -> bool:
    """Tell whether words of a text begin with all that are looked for."""
    words = words_of(given)
    return all(any(word.startswith(each) for word in words) for each in sought)


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


async def first(db: Db, query: Select[str], sought: Sought, limit: int) -> list[str]:
    """Return the first open tasks, of those that `query` has in the order of the inbox, with all these words.

    Words that begin so are found as well.
    """
    words = words_of(sought.words)[:_MOST_WORDS]
    if not words:
        return list(await db.scalars(query.limit(limit)))
    if db.get_bind().dialect.name == "sqlite":
        return await _by_match(db, query, " AND ".join(_matching(each) for each in words), limit)
    return await _by_vector(db, query, " & ".join(_of_vector(each) for each in words), limit, sought.circle)


async def _by_match(db: Db, query: Select[str], given: str, limit: int) -> list[str]:
    few = list(await db.scalars(text(_FIND), {"words": given, "few": _FEW + 1}))
    if len(few) <= _FEW:
        return list(await db.scalars(query.where(Task.id.in_(few)).limit(limit)))
    return list(await db.scalars(query.where(text(_REMEMBERED).bindparams(words=given)).limit(limit)))


async def _by_vector(db: Db, query: Select[str], given: str, limit: int, circle: Circle | None) -> list[str]:
    if (found := await _ahead(db, query, given, limit)) is not None:
        return found
    having, values = (_HAVING, {"words": given}) if circle is None else (_HAVING_OF_CIRCLE, _of(circle, given))
    few = list(await db.scalars(text(f"{having} LIMIT :few"), {**values, "few": _FEW + 1}))
    if len(few) <= _FEW:
        return list(await db.scalars(query.where(Task.id.in_(few)).limit(limit)))
    return list(
        await db.scalars(query.where(text(f"(tasks.id IN ({having})) IS TRUE").bindparams(**values)).limit(limit))
    )


def _of(circle: Circle, given: str) -> dict[str, str]:
    """Return what is asked for of a circle: the words with the mark of one of its groups, or of none."""
    marks = ("'@" + each.replace("\\", "\\\\").replace("'", "''") + "'" for each in ("", *sorted(circle.groups)))
    return {"words": given, "theirs": f"{given} & ({' | '.join(marks)})", "name": circle.name}


def _matching(word: str) -> str:
    ways = (f'"{word}"*', *(f'"{each}"' for each in singulars(word)))
    return f"({' OR '.join(ways)})"


def _of_vector(word: str) -> str:
    return f"({' | '.join((f'{word}:*', *singulars(word)))})"


def singulars(word: str) -> list[str]:
    """Return what a word may be the plural of, in Spanish and in English: `pedidos` of `pedido`."""
    if len(word) < _SHORTEST_PLURAL:
        return []
    return [word.removesuffix(end) + one for end, one in _PLURALS if word.endswith(end)]


async def _ahead(db: Db, query: Select[str], given: str, limit: int) -> list[str] | None:
    """Return the tasks, where those of the inbox that are looked at one by one have enough of them or are all."""
    # A common table expression is read in its order, and only as far as is needed.
    ahead = query.limit(_AHEAD).cte("ahead").prefix_with("MATERIALIZED")
    condition = text(_LOOKED_AT).bindparams(words=given)
    found = func.array(select(ahead.c.id).where(condition).limit(limit).scalar_subquery())
    number = select(func.count()).select_from(ahead).scalar_subquery()
    ids, seen = (await db.execute(select(found, number))).one()
    return list(ids) if len(ids) == limit or seen < _AHEAD else None
