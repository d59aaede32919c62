"""Who is given a task where its row is made, on both databases."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cauce.absence import Absence, holder, shares_of
from cauce.permissions import Grant
from cauce.store import Store, absences, inbox, people, permissions, tasks, users
from cauce.store.models import Task
from tests.integration.store import human_task

AT = datetime(2026, 12, 24, 9, tzinfo=UTC)
TASK = replace(human_task.TASK, id="t", at=AT.isoformat())


# Where the database makes no difference.
one_database = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


@pytest.fixture
async def staffed(store: Store) -> Store:
    async with store.transaction() as db:
        for name in ("ana", "bea", "carl"):
            await users.add(db, name, password_hash="", roles=["staff"], groups=["sales"])
        await users.add(db, "eva", password_hash="", roles=["auditor"], groups=["sales"])
        await people.save_profile(db, "bea", skills=["rail"], languages=["en"], territories=[], capacity=2)
    return store


async def add(store: Store, id_: str, *rules: dict[str, Any], **more: Any) -> Task:
    async with store.transaction() as db:
        wanted = [{"group": "sales", **rule} for rule in rules]
        await tasks.add_task(db, replace(TASK, id=id_, assign=wanted, **more))
        row = await tasks.find_task(db, id_)
    assert row is not None
    return row


def reason(row: Task) -> dict[str, Any]:
    assert isinstance(row.assignment, dict)
    return row.assignment


async def test_many_who_choose_at_once_share_the_work_by_what_each_takes(staffed: Store) -> None:
    rows = await asyncio.gather(*(add(staffed, f"t{number}", {"strategy": "least-loaded"}) for number in range(8)))
    # Who takes twice as much gets twice as many; who may not do tasks gets none.
    assert Counter(row.user for row in rows) == {"ana": 2, "bea": 4, "carl": 2}


@one_database
async def test_nobody_is_given_what_is_closed_to_them(staffed: Store) -> None:
    async with staffed.transaction() as db:
        await users.add(db, "root", password_hash="", roles=["admin"], groups=["back"])
        await permissions.put(db, Grant("person", "bea", frozenset({"work"}), "form", TASK.form, only=True))
        await permissions.put(db, Grant("person", "carl", frozenset({"see"}), "namespace", "hr", only=True))
    assert (await add(staffed, "one", {"strategy": "round-robin"})).user == "bea"
    row = await add(staffed, "two", {"user": "ana"}, {"strategy": "least-loaded"})
    assert (row.user, reason(row)["tried"]) == (
        "bea",
        [{"rule": 1, "how": "user", "person": "ana", "problem": "closed"}],
    )
    # A namespace that is closed to all but one, and what nobody has closed.
    away = await add(staffed, "three", {"strategy": "least-loaded"}, definition="hr.leave", form="leave")
    assert away.user == "carl"
    assert (await add(staffed, "four", {"strategy": "round-robin"}, form="open")).user == "ana"
    assert (await add(staffed, "five", {"user": "root", "group": "back"})).user == "root"


async def test_turns_go_round_however_many_choose_at_once(staffed: Store) -> None:
    rows = await asyncio.gather(*(add(staffed, f"t{number}", {"strategy": "round-robin"}) for number in range(9)))
    assert Counter(row.user for row in rows) == {"ana": 3, "bea": 3, "carl": 3}
    # Another form has a rota of its own.
    assert (await add(staffed, "other", {"strategy": "round-robin"}, form="contact")).user == "ana"


@one_database
async def test_asked_again_it_stays_with_whom_it_was_given_to_unless_the_question_is_another(staffed: Store) -> None:
    first = await add(staffed, "t", {"strategy": "round-robin"})
    again = await add(staffed, "t", {"strategy": "round-robin"}, title="Newer")
    assert (first.user, again.user, again.title) == ("ana", "ana", "Newer")
    assert (await add(staffed, "next", {"strategy": "round-robin"})).user == "bea"
    assert (await add(staffed, "t", {"skills": ["rail"]})).user == "bea"


@one_database
async def test_what_is_done_counts_no_more(staffed: Store) -> None:
    rule = {"strategy": "least-loaded", "where": '.name != "bea"'}
    first = await add(staffed, "t1", rule)
    await add(staffed, "t2", rule)
    async with staffed.transaction() as db:
        await tasks.close(db, "t1", "completed", by="ana")
    assert (first.user, (await add(staffed, "t3", rule)).user) == ("ana", "ana")


@one_database
async def test_a_case_that_is_opened_again_goes_to_who_had_it(staffed: Store) -> None:
    await add(staffed, "t1", {"skills": "rail"}, business_key="lead:1")
    async with staffed.transaction() as db:
        await tasks.close(db, "t1", "completed", by="bea")
    again = await add(staffed, "t2", {"strategy": "sticky"}, business_key="lead:1", instance="sales.lead/2")
    assert (again.user, reason(again)["how"]) == ("bea", "sticky")
    assert (await add(staffed, "t3", {"strategy": "sticky"}, business_key="lead:2")).user is None


@one_database
async def test_nobody_fits_and_the_group_has_it(staffed: Store) -> None:
    row = await add(staffed, "t", {"skills": ["welding"]}, policy="desk")
    assert (row.user, row.group, reason(row)["how"], reason(row)["policy"]) == (None, "sales", "nobody", "desk")


@one_database
async def test_one_person_who_is_away_is_stood_in_for(staffed: Store) -> None:
    async with staffed.transaction() as db:
        week = Absence("ana", date(2026, 12, 21), date(2026, 12, 27), "bea")
        await absences.add(db, week, note="", by="ana")
        await absences.add(db, Absence("bea", week.begins, week.ends, "ana", form="contact"), note="", by="bea")
    away = await add(staffed, "t1", user="ana", group=None)
    assert (away.user, reason(away)["instead"]) == ("bea", "ana")
    assert (await add(staffed, "t2", user="ana", group=None, form="contact")).user == "ana"
    later = await add(staffed, "t3", user="ana", group=None, at="2026-12-28T09:00:00+00:00")
    assert later.user == "ana"
    assert "instead" not in reason(later)
    assert (await add(staffed, "t4", {"strategy": "round-robin"})).user == "bea"


async def test_inboxes_show_what_is_held_for_others_exactly_as_the_question_who_holds_it_is_answered(
    staffed: Store,
) -> None:
    day = AT.date()
    away = [
        Absence("ana", day, day, "bea", id=1),
        Absence("ana", day, day, "carl", group="finance", id=2),
        Absence("ana", day, day, None, form="contact", id=3),
        Absence("carl", day, day, "bea", form="credit", id=4),
    ]
    places = [(group, form) for group in (None, "sales", "finance") for form in ("credit", "contact", "qualify")]
    for number, (group, form) in enumerate(places):
        await add(staffed, f"t{number}", user="ana", group=group, form=form, at="")
    for name in ("bea", "carl", "dora"):
        viewer = tasks.Viewer(name, frozenset({"sales"}), stands_in=shares_of(away, name, day))
        async with staffed.read() as db:
            seen = {row.id for row in (await inbox.page(db, viewer)).rows}
        held = [holder(away, "ana", day, group=group, form=form).person for group, form in places]
        theirs = {f"t{number}" for number, who in enumerate(held) if who == name}
        groups = {f"t{number}" for number, who in enumerate(held) if who is None and places[number][0] == "sales"}
        assert seen == theirs | groups


@one_database
async def test_who_stands_in_takes_what_was_claimed_and_gives_it_to_the_group(staffed: Store) -> None:
    await add(staffed, "t", {"skills": ["rail"]})
    async with staffed.transaction() as db:
        assert await tasks.claim(db, "t", "bea")
        assert not await tasks.claim(db, "t", "ana")
        assert await tasks.claim(db, "t", "ana", instead_of="bea")
        assert not await tasks.release(db, "t", "bea")
        assert await tasks.release(db, "t", "ana")
        row = await tasks.find_task(db, "t")
        assert row is not None
        assert (row.user, row.group, row.claimed_by, row.state) == (None, "sales", None, "open")
