"""What lists leave out in SQL is what the decision refuses."""

import random
from typing import get_args

from sqlalchemy import literal_column, select, union_all

from cauce.permissions import ACTS, Grant, Place, Thing, Who, decide
from cauce.services.hub import Actor
from cauce.store import permissions
from cauce.store.permissions import Rows, open_to
from cauce.store.session import Store

THINGS = [
    Thing.of(definition, form)
    for definition in ("sales.lead", "sales.lead-2", "sales2.lead", "hr.leave", "hr.sick_leave")
    for form in ("approve", "qualify")
]
OF = {"namespace": ["sales", "hr"], "process": ["sales.lead", "hr.leave"], "form": ["approve"], "all": ["*"]}
WHOM: list[tuple[Who, str]] = [("person", "ana"), ("group", "sales"), ("role", "staff"), ("person", "luis")]
ACTORS = (
    Actor("ana", frozenset({"staff"}), frozenset({"sales"})),
    Actor("luis", frozenset({"auditor", "operator"})),
    Actor("token", frozenset({"staff"}), frozenset({"sales"}), limited=True),
    Actor("root", frozenset({"admin"})),
)


def some(chance: random.Random) -> tuple[Grant, ...]:
    found = []
    for _ in range(chance.randint(1, 5)):
        place: Place = chance.choice(get_args(Place))
        who, name = chance.choice(WHOM)
        acts = frozenset(chance.sample(ACTS, chance.randint(1, 3)))
        found.append(Grant(who, name, acts, place, chance.choice(OF[place]), chance.random() < 0.6))
    return tuple(found)


async def test_lists_leave_out_what_the_decision_refuses(store: Store) -> None:
    rows = union_all(
        *(
            select(
                literal_column(str(index)).label("n"),
                literal_column(f"'{thing.process}'").label("definition"),
                literal_column(f"'{thing.process}/key'").label("instance"),
                literal_column(f"'{thing.form}'").label("form"),
            )
            for index, thing in enumerate(THINGS)
        )
    ).subquery()
    tables = (
        (Rows(definition=rows.c.definition, form=rows.c.form), THINGS),
        (Rows(instance=rows.c.instance), [Thing.of(each.process) for each in THINGS]),
    )
    chance = random.Random(5)  # noqa: S311 - examples, the same each time
    async with store.read() as db:
        for _ in range(40):
            grants = some(chance)
            for who in ACTORS:
                actor = Actor(who.name, who.roles, who.groups, grants=grants, limited=who.limited)
                for columns, things in tables:
                    shown = await db.scalars(select(rows.c.n).where(open_to(actor.sight, columns)))
                    expected = {n for n, one in enumerate(things) if not decide(actor, "see", one, grants).closed}
                    assert set(shown) == expected, (grants, who)


async def test_the_same_place_has_one_grant_for_each(store: Store) -> None:
    async with store.transaction() as db:
        first = await permissions.put(
            db, Grant("group", "hr", frozenset({"see"}), "namespace", "hr", only=True, by="root")
        )
        again = await permissions.put(
            db, Grant("group", "hr", frozenset({"see", "work"}), "namespace", "hr", by="root")
        )
        assert (first.id, again.only) == (again.id, False)
        assert await permissions.grants(db) == (again,)
        assert again.at is not None
        assert await permissions.remove(db, again.id)
        assert not await permissions.remove(db, again.id)
        assert await permissions.find(db, again.id) is None
