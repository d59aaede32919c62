from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cauce.contract import ClockNews, HumanTask
from cauce.errors import InputError
from cauce.store import Store, clocks, inbox, inbox_counts, task_acts, tasks
from cauce.store.inbox import Filters
from cauce.store.inbox_counts import Counts
from cauce.store.tasks import Viewer
from tests.integration.store.human_task import TASK
from tests.integration.store.test_clocks import note

ana = Viewer("ana", frozenset({"sales"}))
noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
call = replace(
    TASK,
    title={"es": "Cualificar", "en": "Qualify"},
    data={"lead": {"name": "Íñigo Muñoz", "tags": ["hot"]}, "customer": "Talleres Ibarra"},
    due_at=noon.isoformat(),
    business_key="lead:2041",
)


async def add(store: Store, *new: HumanTask) -> None:
    async with store.transaction() as db:
        for task in new:
            await tasks.add_task(db, task)


async def ids(store: Store, filters: Filters | None = None, viewer: Viewer = ana) -> list[str]:
    async with store.read() as db:
        return [row.id for row in (await inbox.page(db, viewer, filters)).rows]


def due(hours: float) -> str:
    return (noon + timedelta(hours=hours)).isoformat()


async def test_open_tasks_are_ordered_by_urgency(store: Store) -> None:
    await add(
        store,
        replace(call, id="none", due_at=None),
        replace(call, id="none-but-severe", due_at=None, severity="critical"),
        replace(call, id="plain", due_at=due(20)),
        replace(call, id="severe", due_at=due(30), severity="critical"),
        replace(call, id="dear", due_at=due(23), value=10_000),
        replace(call, id="important", due_at=due(23), priority=80),
        replace(call, id="of-a-calendar", due_at=due(70), leads=[0, 14_400, *range(240_000, 249_000, 1000)]),
        replace(call, id="later", due_at=due(40)),
    )
    assert await ids(store) == [
        "of-a-calendar",
        "severe",
        "important",
        "dear",
        "plain",
        "later",
        "none-but-severe",
        "none",
    ]


async def test_pages_go_forwards_and_backwards_without_gaps(store: Store) -> None:
    await add(store, *(replace(call, id=f"t{n:02}", due_at=due(n // 3)) for n in range(20)))
    expected = [f"t{n:02}" for n in range(20)]
    async with store.read() as db:
        found, page = [], await inbox.page(db, ana, limit=6)
        assert page.before is None
        found += [row.id for row in page.rows]
        while page.after:
            page = await inbox.page(db, ana, after=page.after, limit=6)
            found += [row.id for row in page.rows]
        assert found == expected
        back = [row.id for row in page.rows]
        while page.before:
            page = await inbox.page(db, ana, before=page.before, limit=6)
            assert page.after
            back = [row.id for row in page.rows] + back
        assert back == expected


async def test_what_is_over_comes_newest_first_in_pages(store: Store) -> None:
    await add(store, *(replace(call, id=f"t{n}") for n in range(5)))
    for n in range(5):
        async with store.transaction() as db:
            await tasks.close(db, f"t{n}", "completed", by="ana")
    over = Filters(state="completed")
    async with store.read() as db:
        first = await inbox.page(db, ana, over, limit=3)
        second = await inbox.page(db, ana, over, after=first.after, limit=3)
        again = await inbox.page(db, ana, over, before=second.before, limit=3)
    assert [[row.id for row in page.rows] for page in (first, second, again)] == [
        ["t4", "t3", "t2"],
        ["t1", "t0"],
        ["t4", "t3", "t2"],
    ]
    with pytest.raises(InputError, match="Only open tasks"):
        await ids(store, Filters(state="completed", text="ibarra"))


@pytest.mark.parametrize("cursor", ["x", "!!", "W10", "WzEsMiwzXQ", "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwgMV0"])
async def test_foreign_cursor_is_refused(store: Store, cursor: str) -> None:
    async with store.read() as db:
        with pytest.raises(InputError, match="not one that Cauce gave out"):
            await inbox.page(db, ana, after=cursor)


async def test_open_tasks_are_found_by_their_words(store: Store) -> None:
    await add(
        store,
        call,
        replace(call, id="t2", title="Llamar a García", data={"note": "pedido 4711, muy urgente"}, business_key="c:1"),
    )
    for text, found in {
        "MUÑOZ": ["t1"],
        "munoz inigo": ["t1"],
        "talleres iba": ["t1"],
        "lead:2041": ["t1"],
        "hot cualificar": ["t1"],
        "garcia 47": ["t2"],
        "pedidos urgentes": ["t2"],
        "pedidosx": [],
        "pedidos 4711": ["t2"],
        "Garcías": ["t2"],
        "sales": ["t1", "t2"],
        "ibarra garcia": [],
        "'\"*(- NEAR": [],
        " *(-": ["t1", "t2"],
    }.items():
        assert await ids(store, Filters(text=text)) == found, text
    async with store.transaction() as db:
        await tasks.close(db, "t2", "completed")
        await tasks.close_of_instance(db, "sales.lead/1")
    await add(store, replace(call, id="t3", title="García"))
    assert await ids(store, Filters(text="garcia")) == ["t3"]
    await add(store, replace(call, id="t3", title="Pérez"))
    assert [await ids(store, Filters(text=text)) for text in ("garcia", "perez")] == [[], ["t3"]]


async def test_what_is_personal_is_not_searched(store: Store) -> None:
    form = {"schema": {"properties": {"name": {"type": "string", "x-personal": True}}}}
    await add(store, replace(call, form_document=form, title="Call Íñigo Muñoz"))
    for text, found in {"munoz": [], "ibarra": ["t1"], "call": ["t1"], "hot": ["t1"]}.items():
        assert await ids(store, Filters(text=text)) == found, text


@pytest.mark.parametrize("ahead", [1, 3, 100])
async def test_words_that_many_tasks_have_are_found_on_the_way(
    store: Store, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    monkeypatch.setattr("cauce.store.task_search._FEW", 1)
    monkeypatch.setattr("cauce.store.task_search._AHEAD", ahead)
    await add(store, call, replace(call, id="t2"), replace(call, id="t3", title="x", data="Ibarra", due_at=due(-5)))
    assert await ids(store, Filters(text="ibarra")) == ["t3", "t1", "t2"]
    assert await ids(store, Filters(text="talleres ibarra")) == ["t1", "t2"]
    async with store.read() as db:
        one = await inbox.page(db, ana, Filters(text="ibarra"), limit=1)
        two = await inbox.page(db, ana, Filters(text="ibarra"), limit=1, after=one.after)
        back = await inbox.page(db, ana, Filters(text="ibarra"), limit=1, before=two.before)
    assert [row.id for page in (one, two, back) for row in page.rows] == ["t3", "t1", "t3"]


@pytest.mark.parametrize("few", [0, 100])
async def test_words_are_looked_for_among_what_one_sees(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("cauce.store.task_search._FEW", few)
    monkeypatch.setattr("cauce.store.task_search._AHEAD", 1)
    odd = "it's \\ @finance"
    everybody = {name: Viewer(name, frozenset({group})) for name, group in {"eva": "finance", "luis": odd}.items()}
    await add(
        store,
        replace(call, id="hers", group="finance", user="eva"),
        replace(call, id="theirs", group="finance"),
        replace(call, id="nobodys", group=None),
        replace(call, id="odd", group=odd),
    )
    seen = {"eva": {"hers", "theirs", "nobodys"}, "luis": {"nobodys", "odd"}}
    for name, found in seen.items():
        assert set(await ids(store, Filters(text="ibarra"), viewer=everybody[name])) == found
    async with store.transaction() as db:
        row = await task_acts.locked(db, "theirs")
        assert row is not None
        task_acts.assign(row, user=None, group=odd, note="")
        await tasks.claim(db, "odd", "eva")
    seen = {"eva": {"hers", "nobodys", "odd"}, "luis": {"nobodys", "odd", "theirs"}}
    for name, found in seen.items():
        assert set(await ids(store, Filters(text="ibarra"), viewer=everybody[name])) == found


async def test_filters_and_counts_agree(store: Store) -> None:
    await add(
        store,
        replace(call, id="late", severity="high"),
        replace(call, id="mine", user="ana", due_at=None, form="offer"),
        replace(call, id="taken", due_at=None),
        replace(call, id="other", group="finance"),
        replace(call, id="aside", due_at=None, follow_up_at="2999-01-01T00:00:00+00:00"),
        replace(call, id="nobodys", group=None, due_at=None),
    )
    async with store.transaction() as db:
        await tasks.claim(db, "taken", "luis")
    views = {
        "open": Filters(),
        "mine": Filters(mine=True),
        "groups": Filters(of_groups=True),
        "free": Filters(free=True),
        "overdue": Filters(late=True),
        "set_aside": Filters(set_aside=True),
        "delegated": Filters(delegated=True),
    }
    found = {name: len(await ids(store, each)) for name, each in views.items()}
    async with store.read() as db:
        counts = await inbox_counts.counts(db, ana)
        assert await inbox_counts.up_to(db, ana) == counts
        capped = await inbox_counts.up_to(db, ana, 2, 1)
        assert await inbox_counts.open_up_to(db, ana, 3) == 3
        assert await inbox_counts.counts(db, Viewer("nobody", frozenset())) == Counts(
            1, free=1, by_form=(("qualify-lead", 1),)
        )
    assert counts == Counts(**found, by_form=(("qualify-lead", 3), ("offer", 1)))
    least = {name: min(number, 3) for name, number in found.items()}
    assert capped == Counts(**least, by_form=(("qualify-lead", 2), ("offer", 1)), most=2, most_of_form=1)
    assert found == {"open": 4, "mine": 1, "groups": 3, "free": 2, "overdue": 1, "set_aside": 1, "delegated": 0}
    assert await ids(store, Filters(severity="high")) == ["late"]
    assert await ids(store, Filters(form="offer", definition="sales.lead")) == ["mine"]


async def test_more_priority_brings_a_task_forward(store: Store) -> None:
    await add(store, call, replace(call, id="t2", due_at=due(1)))
    async with store.transaction() as db:
        row = await task_acts.locked(db, "t2")
        assert row is not None
        task_acts.set_priority(row, 90)
    assert await ids(store) == ["t2", "t1"]


async def test_severity_follows_the_clocks_of_the_case(store: Store) -> None:
    await add(store, call, replace(call, id="t2", instance="sales.lead/2", due_at=due(-6)))
    await add(store, replace(call, id="told", severity="low", due_at=due(5)))
    for severity, order in (("critical", ["t1", "t2", "told"]), ("low", ["t2", "t1", "told"])):
        news = ClockNews(call.instance, call.definition, "1.0.0", "", [note(severity, severity=severity)])
        async with store.transaction() as db:
            await clocks.record(db, news)
        assert await ids(store) == order
    await add(store, replace(call, id="t4", due_at=due(100)))
    async with store.read() as db:
        rows = [await tasks.find_task(db, each) for each in ("t1", "t2", "told", "t4")]
    assert [row.severity for row in rows if row] == ["low", None, "low", "low"]
