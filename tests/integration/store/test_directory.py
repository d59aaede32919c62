"""Several requests of a directory at once lose nothing, on both databases."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from cauce.errors import ConflictError
from cauce.services import directory
from cauce.services.hub import Actor, Hub
from cauce.settings import load
from cauce.store import Store, audit, users

keeper = Actor("provider", frozenset({"scim"}))


@pytest.fixture
def hub(store: Store) -> Hub:
    return cast("Hub", SimpleNamespace(store=store, settings=load(scim_roles={"a": "staff", "b": "manager"})))


async def test_one_person_enters_two_groups_at_once(hub: Hub) -> None:
    ana = (await directory.add_person(hub, keeper, directory.Person("ana"))).id
    a, b = [(await directory.add_group(hub, keeper, directory.Group(name))).id for name in "ab"]
    await asyncio.gather(
        directory.change_group(hub, keeper, a, directory.Group("a", members={ana: ""})),
        directory.change_group(hub, keeper, b, directory.Group("b", members={ana: ""})),
    )
    async with hub.store.read() as db:
        row = await users.find(db, "ana")
    assert row is not None
    assert (row.groups, row.roles) == (["a", "b"], ["manager", "staff"])


async def test_of_two_who_change_the_same_version_one_is_told(hub: Hub) -> None:
    ana, eva = [(await directory.add_person(hub, keeper, directory.Person(name))).id for name in ("ana", "eva")]
    group = await directory.add_group(hub, keeper, directory.Group("a"))
    changed = await asyncio.gather(
        *(
            directory.change_group(
                hub, keeper, group.id, directory.Group("a", members={each: ""}), expected=group.version
            )
            for each in (ana, eva)
        )
    )
    assert sorted(each is None for each in changed) == [False, True]


async def test_a_name_is_given_once(hub: Hub) -> None:
    made = await asyncio.gather(
        *(directory.add_person(hub, keeper, directory.Person("ana")) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in made if not isinstance(each, directory.Person)] == [ConflictError] * 2


async def test_who_is_taken_away_and_comes_back_may_nothing_and_the_trail_has_it_all(hub: Hub) -> None:
    ana = (await directory.add_person(hub, keeper, directory.Person("ana"))).id
    await directory.add_group(hub, keeper, directory.Group("b", members={ana: ""}))
    async with hub.store.transaction() as db:
        await users.add_token(db, "cauce_x", "ana")
    await directory.remove_person(hub, keeper, ana)
    await directory.add_person(hub, keeper, directory.Person("ana"))
    async with hub.store.read() as db:
        row, token = await users.find(db, "ana"), await users.find_token(db, "cauce_x")
        said = [(line.action, line.data) for line in await audit.entries(db, subject="ana")]
    assert row is not None
    assert (row.active, row.roles, row.groups, token) == (True, [], [], None)
    came: dict[str, list[str]] = {"roles": ["manager"], "groups": ["b"]}
    left: dict[str, list[str]] = {"roles": [], "groups": []}
    assert said == [
        ("directory.add", {"active": True, "before": {"active": False}}),
        ("directory.remove", {"active": False, **left, "before": {"active": True, **came}}),
        ("user.change", {"group": "b", **came, "before": left}),
        ("directory.add", {"active": True}),
    ]
