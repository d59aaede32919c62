from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from cauce.contract import CloseTask, HumanTask, TaskChange
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError, TooLargeError
from cauce.services import task_acts, task_batches, task_drafts, tasks
from cauce.services.hub import Actor, Hub
from cauce.store import audit, notifications, users
from cauce.store import task_acts as acts
from cauce.store import tasks as rows
from cauce.store.base import utc_now
from cauce.store.inbox import Filters
from cauce.store.models import Notification
from tests.integration.services.conftest import ana, luis
from tests.integration.services.test_tasks import add, call, chief, rosa

eva = Actor("eva", frozenset({"staff"}), frozenset({"sales"}))


@pytest.fixture
async def hub(lonely_hub: Hub) -> Hub:
    async with lonely_hub.store.transaction() as db:
        for who in (ana, rosa, luis, eva):
            await users.add(db, who.name, password_hash="-", roles=sorted(who.roles), groups=sorted(who.groups))  # noqa: S106 - nobody logs in
        await users.add(db, "guest", password_hash="-", roles=["auditor"])  # noqa: S106 - nobody logs in
    return lonely_hub


async def trail(hub: Hub, subject: str = "t1") -> list[str]:
    async with hub.store.read() as db:
        assert (await audit.verify(db)).sound
        return [line.action for line in reversed(await audit.entries(db, subject=subject))]


async def mine(hub: Hub, who: Actor, *, delegated: bool = False, set_aside: bool = False) -> list[str]:
    wanted = Filters(delegated=delegated, set_aside=set_aside)
    return [task.id for task in (await tasks.inbox(hub, who, wanted)).tasks]


async def test_delegated_task_is_the_others_and_stays_in_sight(hub: Hub) -> None:
    await add(hub)
    with pytest.raises(ConflictError, match="not yours to delegate"):
        await task_acts.delegate(hub, ana, "t1", "rosa", "You know them.")
    await tasks.claim(hub, ana, "t1")
    task = await task_acts.delegate(hub, ana, "t1", "rosa", "You know them.")
    assert (task.user, task.owner, task.state, task.note, task.may_act) == (
        "rosa",
        "ana",
        "open",
        "You know them.",
        False,
    )
    assert (await mine(hub, ana), await mine(hub, ana, delegated=True)) == ([], ["t1"])
    assert await mine(hub, rosa) == ["t1"]
    with pytest.raises(NotFoundError, match="There is no task"):
        await tasks.claim(hub, eva, "t1")
    assert (await tasks.task(hub, rosa, "t1")).may_act
    assert await trail(hub) == ["task.claim", "task.delegate", "task.see"]


async def test_delegated_task_comes_back_when_it_is_returned_or_taken_back(hub: Hub) -> None:
    await add(hub)
    await tasks.claim(hub, ana, "t1")
    await task_acts.delegate(hub, ana, "t1", "rosa", "Please.")
    returned = await tasks.return_task(hub, rosa, "t1", "I am away.")
    assert (returned.user, returned.owner, returned.delegated_by, returned.note) == ("ana", None, (), "I am away.")
    await task_acts.delegate(hub, ana, "t1", "eva", "Then you.")
    await task_acts.delegate(hub, eva, "t1", "rosa", "Once more.")
    assert (await tasks.task(hub, rosa, "t1")).delegated_by == ("ana", "eva")
    assert (await task_acts.delegate(hub, eva, "t1", "eva", "I do it.")).user == "eva"


@pytest.mark.parametrize(
    ("to", "problem"),
    [
        ("nobody", "no active account 'nobody'"),
        ("guest", "'guest' may not do tasks"),
        ("luis", "'luis' is not in the group sales"),
        ("rosa", "'rosa' did an earlier part"),
    ],
)
async def test_task_is_delegated_only_to_who_may_do_it(hub: Hub, to: str, problem: str) -> None:
    await add(hub, replace(call, different_from=["rosa"]))
    await tasks.claim(hub, ana, "t1")
    with pytest.raises((InputError, ForbiddenError), match=problem):
        await task_acts.delegate(hub, ana, "t1", to, "Please.")
    with pytest.raises(InputError, match="delegated with a note"):
        await task_acts.delegate(hub, ana, "t1", "eva", " ")
    with pytest.raises(InputError, match="at most 1,000"):
        await task_acts.delegate(hub, ana, "t1", "eva", "x" * 1001)
    assert (await tasks.task(hub, ana, "t1")).claimed_by == "ana"


async def test_manager_reassigns_and_changes_the_priority(hub: Hub) -> None:
    await add(hub)
    await tasks.claim(hub, ana, "t1")
    with pytest.raises(ForbiddenError, match="may not reassign"):
        await task_acts.assign(hub, ana, "t1", user="eva")
    with pytest.raises(InputError, match="for a person or for a group"):
        await task_acts.assign(hub, chief, "t1")
    task = await task_acts.assign(hub, chief, "t1", user="luis", note="Ana is away.")
    assert (task.user, task.claimed_by, task.state) == ("luis", None, "open")
    task = await task_acts.assign(hub, chief, "t1", group="finance")
    assert (task.user, task.group) == (None, "finance")
    with pytest.raises(ForbiddenError, match="may not change the priority"):
        await task_acts.set_priority(hub, luis, "t1", 90)
    with pytest.raises(InputError, match="from 0 to 100"):
        await task_acts.set_priority(hub, chief, "t1", 101)
    assert (await task_acts.set_priority(hub, chief, "t1", 90, "They called.")).priority == 90
    assert await trail(hub) == ["task.claim", "task.assign", "task.assign", "task.priority"]


async def test_task_that_is_set_aside_comes_back_before_it_is_due(hub: Hub) -> None:
    soon = utc_now() + timedelta(hours=4)
    await add(hub, replace(call, due_at=soon.isoformat()))
    with pytest.raises(ConflictError, match="not yours to set aside"):
        await task_acts.follow_up(hub, ana, "t1", soon)
    await tasks.claim(hub, ana, "t1")
    for at, problem in (
        (soon + timedelta(minutes=1), "not later than when the task is due"),
        (utc_now() - timedelta(minutes=1), "in the future"),
        (soon.replace(tzinfo=None), "lacks its time zone"),
    ):
        with pytest.raises(InputError, match=problem):
            await task_acts.follow_up(hub, ana, "t1", at)
    await task_acts.follow_up(hub, ana, "t1", soon - timedelta(hours=1))
    assert (await mine(hub, ana), await mine(hub, ana, set_aside=True)) == ([], ["t1"])
    assert await tasks.open_count(hub, ana) == 0
    await task_acts.follow_up(hub, ana, "t1", None)
    assert (await mine(hub, ana), await mine(hub, ana, set_aside=True)) == (["t1"], [])


async def test_draft_is_a_persons_own_and_ends_with_the_task(hub: Hub) -> None:
    await add(hub)
    assert await task_drafts.draft(hub, ana, "t1") is None
    await task_drafts.save(hub, ana, "t1", {"score": "seven?"})
    await task_drafts.save(hub, ana, "t1", {"score": 7})
    found = await task_drafts.draft(hub, ana, "t1")
    assert found is not None
    assert (found.content, found.version, found.outdated) == ({"score": 7}, "1.0.0", False)
    assert await task_drafts.draft(hub, rosa, "t1") is None
    await add(hub, replace(call, form_document={"schema": {}}))
    changed = await task_drafts.draft(hub, ana, "t1")
    assert changed is not None
    assert changed.outdated
    await task_drafts.drop(hub, ana, "t1")
    with pytest.raises(NotFoundError):
        await task_drafts.drop(hub, ana, "t1")
    await task_drafts.save(hub, ana, "t1", {})
    async with hub.store.transaction() as db:
        await rows.close(db, "t1", "expired")
    assert await task_drafts.draft(hub, ana, "t1") is None
    with pytest.raises(ConflictError, match="The task is expired"):
        await task_drafts.save(hub, ana, "t1", {})
    assert await trail(hub) == ["task.draft", "task.draft-drop", "task.draft"]


async def test_draft_has_limits_and_belongs_to_who_may_do_the_task(hub: Hub) -> None:
    await add(hub)
    with pytest.raises(TooLargeError, match="262,144 characters"):
        await task_drafts.save(hub, ana, "t1", "x" * task_drafts.most_characters)
    deep: object = 1
    for _ in range(500):
        deep = [deep]
    with pytest.raises(TooLargeError, match="deeper"):
        await task_drafts.save(hub, ana, "t1", deep)
    with pytest.raises(NotFoundError):
        await task_drafts.save(hub, luis, "t1", {})
    await tasks.claim(hub, rosa, "t1")
    with pytest.raises(ConflictError, match="claimed by 'rosa'"):
        await task_drafts.save(hub, ana, "t1", {})


async def test_ladder_is_climbed_once_and_lets_those_look_who_are_told(hub: Hub) -> None:
    await add(hub)
    await tasks.claim(hub, ana, "t1")
    with pytest.raises(NotFoundError):
        await tasks.task(hub, luis, "t1")
    from activities.human_tasks import HumanTaskActivities  # noqa: PLC0415 - only here

    async with hub.store.read() as db:
        assert [each.name for each in await notifications.readers(db, group="finance")] == ["luis"]
    step = TaskChange("t1", rung=1, notify={"group": "finance"}, user="rosa", raised=20)
    for _ in range(2):
        await HumanTaskActivities(hub.store).change_task(step)
    task = await tasks.task(hub, luis, "t1")
    assert (task.priority, task.user, task.claimed_by, task.may_act) == (70, "rosa", None, False)
    assert [each["group"] for each in task.told] == ["finance"]
    assert await trail(hub) == ["task.claim", "task.escalate", "task.see"]
    async with hub.store.read() as db:
        (note,) = (await db.scalars(select(Notification))).all()
    assert (note.person, note.link, note.text) == ("luis", "/tasks/t1", "This task of sales.lead/none is left lying.")
    # Rosa has it now; of one that nobody has, who did the case's last task is told, and else the group.
    holder = {"holder": True, "group": "finance"}
    # Nobody has an account of that name, and guest does no tasks: it stays where somebody sees it.
    for rung, nobody in ((2, "ghost"), (3, "guest")):
        await HumanTaskActivities(hub.store).change_task(TaskChange("t1", rung=rung, user=nobody, raised=1))
    task = await tasks.task(hub, luis, "t1")
    assert (task.priority, task.user) == (72, "rosa")
    await HumanTaskActivities(hub.store).change_task(TaskChange("t1", rung=4, notify=holder, user="eva"))
    await HumanTaskActivities(hub.store).close_task(CloseTask("t1", "completed", by="rosa"))
    await add(hub, replace(call, id="t2"))
    await add(hub, replace(call, id="t3", instance="sales.lead/other"))
    for name in ("t2", "t3"):
        await HumanTaskActivities(hub.store).change_task(TaskChange(name, rung=1, notify=holder))
    async with hub.store.read() as db:
        notes = (await db.scalars(select(Notification).order_by(Notification.link, Notification.person))).all()
        assert [(each.person, each.link) for each in notes] == [
            ("luis", "/tasks/t1"),
            ("rosa", "/tasks/t1"),
            ("rosa", "/tasks/t2"),
            ("luis", "/tasks/t3"),
        ]


async def test_who_has_answered_one_of_several_has_no_more_to_do(hub: Hub) -> None:
    await add(hub, replace(call, approvals={"need": 2, "of": 3}))
    with pytest.raises(ConflictError, match="Several people answer"):
        await tasks.claim(hub, ana, "t1")
    async with hub.store.transaction() as db:
        await acts.change(db, TaskChange("t1", answered=["ana", "eva"]))
        await acts.change(db, TaskChange("t1", answered=["ana"]))
        groups = [{"group": "sales", "need": 2, "of": 3, "answered": ["ana"]}]
        parts = {"need": 2, "of": 3, "part": 0, "groups": groups}
        await acts.change(db, TaskChange("t1", answered=["ana", "eva", "zoe"], approvals=parts))
        await acts.change(db, TaskChange("t1", answered=["ana"], approvals={"need": 1, "of": 1}))
    found = await tasks.task(hub, ana, "t1")
    assert (found.answered_by, found.approvals) == (("ana", "eva", "zoe"), parts)
    assert [(await tasks.task(hub, who, "t1")).may_act for who in (ana, rosa)] == [False, True]
    with pytest.raises(ConflictError, match="You have given your answer"):
        await tasks.complete(hub, ana, "t1", {"score": 1})


async def test_the_one_signature_of_a_group_is_a_task_as_any_other(hub: Hub) -> None:
    def asked(*answered: str) -> dict[str, object]:
        groups = [{"group": "finance", "need": 1, "of": 1, "answered": list(answered)}]
        return {
            "need": 2,
            "of": 2,
            "part": 1,
            "groups": [*groups, {"group": "sales", "need": 1, "of": 1, "answered": []}],
        }

    await add(hub, replace(call, approvals=asked()))
    assert (await tasks.claim(hub, ana, "t1")).claimed_by == "ana"
    with pytest.raises(ConflictError, match="claimed by 'ana'"):
        await tasks.claim(hub, rosa, "t1")
    handed = await task_acts.delegate(hub, ana, "t1", "rosa", "You know them.")
    assert (handed.user, handed.owner) == ("rosa", "ana")
    await tasks.claim(hub, rosa, "t1")
    # Who has answered for another group meanwhile keeps this task from nobody.
    async with hub.store.transaction() as db:
        await acts.change(db, TaskChange("t1", answered=["rosa"], approvals=asked("rosa")))
    found = await tasks.task(hub, ana, "t1")
    assert (found.state, found.claimed_by, found.user, found.group, found.may_act) == (
        "open",
        None,
        None,
        "sales",
        True,
    )
    with pytest.raises(ConflictError, match="You have given your answer"):
        await tasks.claim(hub, rosa, "t1")


async def test_batch_tells_of_each_task_what_became_of_it(hub: Hub) -> None:
    await add(hub)
    await add(hub, replace(call, id="t2", name="other"))
    await add(hub, replace(call, id="t3", group="finance"))
    result = await task_batches.complete(hub, ana, ["t1", "t2", "t3", "t4", "t1"], {"score": "high"})
    assert [(row.id, row.problem["code"]) for row in result] == [
        ("t1", "input"),
        ("t2", "input"),
        ("t3", "not-found"),
        ("t4", "not-found"),
    ]
    assert "not like the first" in result[1].problem["detail"]
    for ids in ([], [str(n) for n in range(201)]):
        with pytest.raises(InputError, match="from 1 to 200"):
            await task_batches.complete(hub, ana, ids, {})


async def test_what_people_changed_is_not_asked_for_anew(hub: Hub) -> None:
    await add(hub)
    await task_acts.set_priority(hub, chief, "t1", 90)
    changed: HumanTask = replace(call, priority=10)
    await add(hub, changed)
    assert (await tasks.task(hub, ana, "t1")).priority == 90
