"""What both sides of a sync hold is compared, kept without values, and asked for by gates."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from activities.syncs import reconciling as comparing
from activities.syncs.reconciling import masked
from cauce.errors import ForbiddenError, InputError, NotFoundError, TransientError
from cauce.secrets import Resolver
from cauce.services import reconciling
from cauce.services.hub import Actor, Hub
from cauce.services.reconciling import ReconciliationView
from cauce.services.roadmaps import evidence
from cauce.store import reconciliations
from cauce.store.base import utc_now
from tests.integration.syncs.conftest import SOURCE, Bench
from tests.integration.syncs.test_two_way import BOTH, put

JSON = Any
igor = Actor("igor", frozenset({"integrator"}))
RECONCILE = {"source": {**SOURCE, "call": "read@new"}, "mapping": "{key, name, amount}", "match": ".key"}


def hub_of(bench: Bench, folder: Path) -> Hub:
    return cast("Hub", SimpleNamespace(store=bench.store, resolver=Resolver(folder, folder / "settings.json")))


async def compared(hub: Hub) -> ReconciliationView:
    await reconciling.compared(hub, "s", "igor")
    found = await reconciling.last(hub, igor, "s")
    assert found is not None
    return found


async def asked(hub: Hub, **limits: float) -> tuple[bool, str]:
    found = await evidence.answer(hub, "reconciliation", "s", limits)
    return found["holds"], found["code"]


async def test_what_differs_is_counted_and_told_without_values(bench: Bench, tmp_path: Path) -> None:
    hub = hub_of(bench, tmp_path)
    await bench.publish(mapping="{key, name, amount}", reconcile=RECONCILE)
    assert await asked(hub) == (False, "not-reconciled")
    for number in range(5):
        for system in ("old", "new"):
            put(bench, system, f"k{number}", name=f"Name {number}", amount=number)
    # 1 is 1.0, and what is null need not be there.
    bench.rows.new["k1"] |= {"amount": 1.0}
    bench.rows.old["k2"] |= {"amount": None}
    del bench.rows.new["k2"]["amount"]
    found = await compared(hub)
    assert (found.source, found.target, found.differences, found.keys) == (5, 5, 0, [])
    assert found.sums == {"amount": ["8", "8.0"]}
    assert await asked(hub) == (True, "reconciled")
    put(bench, "new", "k3", name="Ñ", amount=7.5)
    put(bench, "new", "B12345674", name="x", amount=1)
    del bench.rows.new["k4"]
    found = await compared(hub)
    assert (found.differences, found.by) == (3, "igor")
    assert [(each["key"], each["what"], each["fields"]) for each in found.keys] == [
        ("B123…74", "not-in-source", []),
        ("k3", "differs", ["name", "amount"]),
        ("k4", "not-in-target", []),
    ]
    assert [await asked(hub), await asked(hub, most=3)] == [(False, "reconciled"), (True, "reconciled")]
    await what_counts(bench, hub)


async def what_counts(bench: Bench, hub: Hub) -> None:
    async with bench.store.transaction() as db:
        row = await reconciliations.last(db, "s")
        assert row is not None
        row.at = utc_now() - timedelta(days=8)
    assert await asked(hub, most=3) == (False, "reconciled-long-ago")
    await bench.publish(mapping="{key, name}", reconcile=RECONCILE)
    assert await asked(hub, most=3) == (False, "reconciled-before")
    kept = await reconciling.last(hub, igor, "s")
    assert kept is not None
    assert kept.differences == 3


async def test_a_run_says_when_its_sides_are_to_be_compared(bench: Bench, tmp_path: Path) -> None:
    hub = hub_of(bench, tmp_path)

    async def runs() -> bool:
        turn = await bench.begin()
        while not (step := await bench.step(turn)).over:
            pass
        return step.compare

    await bench.publish(mapping="{key, name, amount}", reconcile=RECONCILE)
    put(bench, "old", "a", name="A", amount=1)
    assert not await runs()
    daily = {**RECONCILE, "every": "P1D"}
    await bench.publish(mapping="{key, name, amount}", reconcile=daily)
    assert await runs()
    assert (await compared(hub)).by == "igor"
    assert not await runs()
    async with bench.store.transaction() as db:
        row = await reconciliations.last(db, "s")
        assert row is not None
        row.at = utc_now() - timedelta(days=1)
    assert await runs()
    await compared(hub)
    # What another version came to says nothing of this one.
    await bench.publish(mapping="{key, name}", reconcile=daily)
    assert await runs()


async def test_a_two_way_sync_is_compared_by_its_way_back(bench: Bench, tmp_path: Path) -> None:
    await bench.publish(**BOTH)
    put(bench, "old", "a", name="A", town="Lugo")
    put(bench, "new", "a", name="A", town="Vigo")
    found = await compared(hub_of(bench, tmp_path))
    assert (found.keys, found.sums) == ([{"key": "a", "what": "differs", "fields": ["town"]}], {})


async def test_what_cannot_be_compared_says_why(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = hub_of(bench, tmp_path)
    await bench.publish()
    with pytest.raises(InputError, match="Nothing says how the sides of s are compared"):
        await reconciling.reconcile(hub, igor, "s")
    with pytest.raises(NotFoundError, match="no sync 'x'"):
        await reconciling.reconcile(hub, igor, "x")
    with pytest.raises(ForbiddenError, match="may not reconcile syncs"):
        await reconciling.reconcile(hub, Actor("s", frozenset({"staff"})), "s")
    assert await reconciling.last(hub, igor, "s") is None
    await bench.publish(mapping="{key}", reconcile=RECONCILE)
    put(bench, "old", "a", name="A")
    monkeypatch.setattr(comparing, "most_rows", 0)
    with pytest.raises(InputError, match="more than 0 rows"):
        await compared(hub)
    monkeypatch.setattr(reconciling, "_LONGEST_S", 0)
    with pytest.raises(TransientError, match="could not be compared within 0 s"):
        await compared(hub)
    assert masked("k3") == "k3"
