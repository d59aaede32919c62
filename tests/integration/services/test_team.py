from dataclasses import replace
from datetime import timedelta

import pytest

from cauce.absence import Absence, local_day
from cauce.errors import ForbiddenError, InputError
from cauce.services import trail
from cauce.services.hub import Actor, Hub
from cauce.services.teamwork import team
from cauce.store import absences, people, tasks, users
from cauce.store.base import utc_now
from cauce.store.tasks import Viewer
from cauce.store.team import Load, Wanted, by_group_up_to
from tests.integration.services.conftest import ana, auditor, luis
from tests.integration.services.test_tasks import add, call, chief

rosa = Actor("rosa", frozenset({"staff"}), frozenset({"sales"}))


@pytest.fixture
async def hub(lonely_hub: Hub) -> Hub:
    """Return a hub with two late tasks of ana, one of rosa that has time, one of sales, and one of somebody unknown."""
    now = utc_now()
    async with lonely_hub.store.transaction() as db:
        for who in (ana, rosa, luis, chief, auditor):
            await users.add(db, who.name, password_hash="-", roles=sorted(who.roles), groups=sorted(who.groups))  # noqa: S106 - nobody logs in
        nothing: list[str] = []
        await people.save_profile(db, "ana", skills=nothing, languages=nothing, territories=nothing, capacity=0.5)
        await people.save_profile(db, "luis", skills=nothing, languages=nothing, territories=nothing, capacity=0)
        await absences.add(db, Absence("ana", local_day(now), local_day(now), "rosa"), note="", by="ana")
        await absences.add(db, Absence("luis", local_day(now), local_day(now), None, "finance"), note="", by="luis")
    late = (now - timedelta(hours=1)).isoformat()
    for name, user, due in (("a1", "ana", late), ("r1", "rosa", None), ("g1", None, late), ("x1", "gone", late)):
        await add(lonely_hub, replace(call, id=name, user=user, due_at=due))
    await add(lonely_hub, replace(call, id="a2", due_at=(now + timedelta(days=3)).isoformat()))
    async with lonely_hub.store.transaction() as db:
        await tasks.claim(db, "a2", "ana")
    return lonely_hub


async def test_the_load_of_everybody_is_counted_by_what_they_take_and_says_who_is_away(hub: Hub) -> None:
    found = await team.look(hub, chief)
    shown = [(each.name, each.open, each.late, each.weight, each.holder, each.partly) for each in found.people]
    assert shown == [
        ("ana", 2, 1, 4.0, "rosa", False),
        ("gone", 1, 1, None, None, False),
        ("rosa", 1, 0, 1.0, None, False),
        ("chief", 0, 0, 0.0, None, False),
        ("luis", 0, 0, None, None, True),
    ]
    assert [(each.name, each.open, each.late, each.today) for each in found.free] == [("sales", 1, 1, 0)]
    assert [each.name for each in (await team.look(hub, auditor, group="sales")).people] == ["ana", "rosa"]
    for who in (ana, luis):
        with pytest.raises(ForbiddenError):
            await team.look(hub, who)
        with pytest.raises(ForbiddenError):
            await team.opened(hub, who, Wanted())


async def test_what_nobody_has_is_counted_up_to_a_ceiling_on_the_page(hub: Hub) -> None:
    late = (utc_now() - timedelta(hours=1)).isoformat()
    for number, group in enumerate((None, "sales", "sales", "finance")):
        await add(hub, replace(call, id=f"more{number}", user=None, group=group, due_at=late))
    found = await team.opened(hub, chief, Wanted(free=True))
    assert found.team == replace(await team.look(hub, chief), most=1_000)
    assert len(found.page.tasks) == 5
    now, viewer = utc_now(), Viewer("chief", sees_all=True)
    async with hub.store.read() as db:
        assert await by_group_up_to(db, viewer, now, now, 1) == [
            Load("", 1, 1), Load("finance", 1, 1), Load("sales", 2, 2),
        ]  # fmt: skip


async def test_tasks_are_found_by_who_has_them_and_by_when_they_will_be_late(hub: Hub) -> None:
    async def ids(**wanted: object) -> list[str]:
        return [each.id for each in (await team.open_tasks(hub, chief, **wanted)).tasks]  # type: ignore[arg-type]  # passed on

    assert await ids(person="ana") == ["a1", "a2"]
    assert await ids(free=True, group="sales") == ["g1"]
    assert await ids(within=timedelta(hours=1)) == ["a1", "g1", "x1"]
    assert await ids(within=timedelta(days=4)) == ["a1", "g1", "x1", "a2"]
    first = await team.open_tasks(hub, chief, limit=3)
    rest = await team.open_tasks(hub, chief, limit=3, after=first.after)
    assert [len(first.tasks), len(rest.tasks), rest.after] == [3, 2, None]
    back = await team.open_tasks(hub, chief, limit=3, before=rest.before)
    assert (back.tasks, back.before) == (first.tasks, None)


async def test_tasks_are_reassigned_each_by_itself_and_with_a_reason_in_the_trail(hub: Hub) -> None:
    async with hub.store.transaction() as db:
        row = await tasks.find_task(db, "a2")
        assert row is not None
        row.different_from = ["rosa"]
        await tasks.close(db, "x1", "cancelled")
    rows = await team.reassign(hub, chief, ["a1", "a2", "a1", "x1", "none"], user="rosa", reason=" Ana is ill. ")
    assert [(row.id, row.state, (row.problem or {}).get("code")) for row in rows] == [
        ("a1", "open", None),
        ("a2", "", "forbidden"),
        ("x1", "", "conflict"),
        ("none", "", "not-found"),
    ]
    (line,) = [each for each in await trail.lines(hub, auditor, subject="a1") if each.action == "task.assign"]
    assert (line.actor, line.data["user"], line.data["note"], line.data["before"]["user"]) == (
        "chief",
        "rosa",
        "Ana is ill.",
        "ana",
    )
    (moved,) = await team.reassign(hub, chief, ["a1"], group="sales", reason="Whoever has time.")
    assert moved.state == "open"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"ids": [], "user": "rosa"}, "From 1 to 200 tasks"),
        ({"ids": [str(number) for number in range(201)], "user": "rosa"}, "From 1 to 200 tasks"),
        ({"ids": ["a1"], "user": "rosa", "group": "sales"}, "for a person or for a group"),
        ({"ids": ["a1"]}, "for a person or for a group"),
        ({"ids": ["a1"], "user": "rosa", "reason": " "}, "with a reason"),
        ({"ids": ["a1"], "user": "nobody"}, "no active account 'nobody'"),
    ],
)
async def test_a_reassignment_that_cannot_be_meant_changes_nothing(
    hub: Hub, given: dict[str, object], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        await team.reassign(hub, chief, **{"reason": "x", **given})  # type: ignore[arg-type]  # passed on
    with pytest.raises(ForbiddenError):
        await team.reassign(hub, auditor, ["a1"], user="rosa", reason="x")
