from datetime import timedelta

import pytest

from cauce.errors import TransientError
from cauce.store import cross_references, dead_letters, ledger, recordings, syncs
from cauce.store.base import utc_now
from cauce.store.dead_letters import Filters
from tests.integration.syncs.conftest import BY_TIME, SOURCE, Bench, counts


def fill(bench: Bench, *keys: str) -> None:
    for key in keys:
        bench.rows.put_old(key, name=f"Name of {key}")


def names(bench: Bench) -> dict[str, str]:
    return {key: row["name"] for key, row in bench.rows.new.items()}


async def test_every_row_is_written_once_and_then_only_what_has_changed(bench: Bench) -> None:
    await bench.publish()
    fill(bench, *"abcde")
    first = await bench.run()
    assert (first.state, first.mode, counts(first)) == ("done", "full", (5, 5, 0, 0, 0))
    assert names(bench) == {key: f"Name of {key}" for key in "abcde"}
    bench.rows.put_old("c", name="Other")
    second = await bench.run()
    assert counts(second) == (5, 1, 4, 0, 0)
    assert [key for _, _, key in bench.rows.writes] == [*"abcde", "c"] or len(bench.rows.writes) == 6
    assert names(bench)["c"] == "Other"
    async with bench.store.read() as db:
        (found,) = await cross_references.counterparts(db, "new", "n-c")
        assert (found.source_system, found.source_id, found.version) == ("old", "c", 2)


async def test_calls_of_a_sync_are_recorded_while_somebody_wants_that(bench: Bench) -> None:
    await bench.publish()
    async with bench.store.transaction() as db:
        for name in ("old", "new"):
            until = utc_now() + timedelta(minutes=5)
            await recordings.switch_on(db, name, until=until, left=None, operations=[], by="igor")
    fill(bench, *"ab")
    await bench.run()
    async with bench.store.read() as db:
        told = [await recordings.counts(db, name) for name in ("old", "new")]
    assert (set(told[0]), told[1]["put"]) == ({"read"}, 2)


async def test_the_same_on_postgresql(postgresql_bench: Bench) -> None:
    bench = postgresql_bench
    await bench.publish(deletes={"call": "remove@new", "with": "{key: .source}", "most": 100})
    fill(bench, *"abc")
    assert counts(await bench.run()) == (3, 3, 0, 0, 0)
    del bench.rows.old["b"]
    bench.rows.put_old("c", name="Other")
    bench.rows.refused = {"c"}
    assert counts(await bench.run()) == (2, 0, 1, 1, 1)
    bench.rows.refused = set()
    assert counts(await bench.run()) == (2, 1, 1, 0, 0)


async def test_back_and_forth_is_written_each_time(bench: Bench) -> None:
    await bench.publish()
    for name in ("A", "B", "A"):
        bench.rows.put_old("a", name=name)
        assert counts(await bench.run()) == (1, 1, 0, 0, 0)
    assert names(bench) == {"a": "A"}


async def test_cursor_by_time_reads_what_has_changed(bench: Bench) -> None:
    await bench.publish(source=BY_TIME)
    fill(bench, *"abc")
    assert counts(await bench.run()) == (3, 3, 0, 0, 0)
    bench.rows.put_old("b", name="Later")
    second = await bench.run()
    assert (second.mode, counts(second)) == ("incremental", (1, 1, 0, 0, 0))
    third = await bench.run(full=True)
    assert (third.mode, counts(third)) == ("full", (3, 0, 3, 0, 0))


async def test_overlap_looks_again_at_what_was_changed_shortly_before(bench: Bench) -> None:
    await bench.publish(source={**BY_TIME, "cursor": {**BY_TIME["cursor"], "overlap": "PT2S"}})
    fill(bench, *"abcd")
    await bench.run()
    assert counts(await bench.run()) == (3, 0, 3, 0, 0)


async def test_killed_in_the_middle_loses_nothing_and_doubles_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.publish(batch=9)
    fill(bench, *"abcde")

    async def dies(*_: object) -> bool:
        raise SystemError("killed")

    turn = await bench.begin()
    monkeypatch.setattr(syncs, "advance", dies)
    with pytest.raises(SystemError):
        await bench.step(turn)
    monkeypatch.undo()
    assert len(bench.rows.writes) == 5
    assert (await bench.step(turn, attempt=2)).over
    assert counts(await bench.noted(turn)) == (5, 5, 0, 0, 0)
    assert len(bench.rows.writes) == 5


async def test_a_step_that_two_workers_make_counts_once(bench: Bench) -> None:
    await bench.publish()
    fill(bench, *"abc")
    turn = await bench.begin()
    stale = await bench.noted(turn)
    await bench.step(turn)
    async with bench.store.transaction() as db:
        assert not await syncs.advance(db, stale, {}, {"read": 2})
    assert counts(await bench.noted(turn)) == (2, 2, 0, 0, 0)


async def test_lost_answers_are_looked_for_before_anything_is_created_again(bench: Bench) -> None:
    target = {"find": "get@new", "create": "create@new", "update": "put@new", "id": ".id // .key"}
    await bench.publish(target=target, batch=3)
    fill(bench, *"abc")
    bench.rows.fault = lambda _, method: "lost" if method == "POST" else ""
    turn = await bench.begin()
    with pytest.raises(TransientError, match="gave no answer for 3 rows"):
        await bench.step(turn)
    assert "gave no answer" in (await bench.noted(turn)).problem
    bench.rows.put_old("b", name="Meanwhile")
    assert (await bench.step(turn, attempt=2)).over is False
    await bench.step(turn)
    assert counts(await bench.noted(turn))[:2] == (3, 3)
    created = [key for _, method, key in bench.rows.writes if method == "POST"]
    assert sorted(created) == ["a", "b", "c"]
    assert names(bench)["b"] == "Meanwhile"


async def test_system_that_is_down_is_waited_for(bench: Bench) -> None:
    await bench.publish(batch=3)
    fill(bench, *"abc")
    bench.rows.fault = lambda _, method: "busy" if method == "PUT" else ""
    turn = await bench.begin()
    with pytest.raises(TransientError) as caught:
        await bench.step(turn)
    # Temporal follows causes to their end.
    assert caught.value.__cause__ is not caught.value
    assert (await bench.noted(turn)).state == "running"
    bench.rows.fault = lambda _, __: ""
    await bench.step(turn, attempt=2)
    assert counts(await bench.noted(turn))[:2] == (3, 3)


async def test_row_that_never_gets_an_answer_does_not_hold_the_others_up(bench: Bench) -> None:
    await bench.publish(batch=3)
    fill(bench, *"abc")
    asked = []

    def fault(_: str, method: str) -> str:
        asked.append(method)
        return "busy" if method == "PUT" and len(asked) % 3 == 0 else ""

    bench.rows.fault = fault
    turn = await bench.begin()
    await bench.step(turn, attempt=4)
    assert (await bench.noted(turn)).rejected >= 1


@pytest.mark.parametrize("many", [False, True])
async def test_refused_row_goes_to_the_desk_and_the_others_go_on(bench: Bench, *, many: bool) -> None:
    target = {"upsert": "put-many@new", "many": True, "id": "$row.key"} if many else {"upsert": "put@new", "id": ".id"}
    await bench.publish(target=target, batch=5)
    fill(bench, *"abcde")
    bench.rows.refused = {"c"}
    assert counts(await bench.run()) == (5, 4, 0, 1, 0)
    async with bench.store.read() as db:
        (letter,) = await dead_letters.page(db, Filters(origin="sync", name="s"))
        assert (letter.identity, letter.state, letter.about["version"]) == ("c", "open", "1")
        assert (await dead_letters.payload_of(db, letter.request))["name"] == "Name of c"
    assert sorted(bench.rows.new) == [*"abde"]
    bench.rows.refused = set()
    assert counts(await bench.run()) == (5, 1, 4, 0, 0)
    async with bench.store.read() as db:
        (letter,) = await dead_letters.page(db, Filters(origin="sync", name="s"))
        assert (letter.state, letter.decided_by) == ("already-applied", "sync s")


async def test_mapping_decides_which_rows_are_wanted_and_what_is_wrong_with_one(bench: Bench) -> None:
    mapping = 'if .key == "b" then null elif .key == "c" then error("no") else {key, name} end'
    await bench.publish(mapping=mapping, batch=3)
    fill(bench, *"abc")
    assert counts(await bench.run()) == (3, 1, 1, 1, 0)
    assert sorted(bench.rows.new) == ["a"]


async def test_rows_that_are_gone_are_deleted_unless_too_many_are(bench: Bench) -> None:
    deletes = {"call": "remove@new", "with": "{key: .source}", "most": 50}
    await bench.publish(deletes=deletes)
    fill(bench, *"abcdef")
    await bench.run()
    for key in "be":
        del bench.rows.old[key]
    assert counts(await bench.run()) == (4, 0, 4, 0, 2)
    assert sorted(bench.rows.new) == [*"acdf"]
    for key in "acd":
        del bench.rows.old[key]
    run = await bench.run()
    assert (run.state, run.deleted) == ("failed", 0)
    assert run.problem.startswith("3 of 4 rows are gone from the source, more than 50 per cent; none was deleted.")
    bench.rows.put_old("b", name="Back")
    bench.rows.put_old("a", name="Back")
    await bench.run()
    assert names(bench)["b"] == "Back"


async def test_deletion_that_is_refused_goes_to_the_desk(bench: Bench) -> None:
    await bench.publish(deletes={"call": "remove@new", "with": "{key: .source}", "most": 100})
    fill(bench, *"ab")
    await bench.run()
    del bench.rows.old["a"]
    bench.rows.refused = {"a"}
    assert counts(await bench.run()) == (1, 0, 1, 1, 0)
    async with bench.store.read() as db:
        (letter,) = await dead_letters.page(db, Filters(origin="sync", name="s"))
    assert letter.identity == "delete:a"


async def test_new_column_stops_a_sync_that_wants_to_know(bench: Bench) -> None:
    await bench.publish(columns="reject")
    fill(bench, "a")
    await bench.run()
    bench.rows.put_old("b", name="B", town="Lugo")
    run = await bench.run()
    assert (run.state, counts(run)) == ("failed", (0, 0, 0, 0, 0))
    assert "`town` is new" in run.problem
    assert (await bench.run(accept_columns=True)).state == "done"
    assert (await bench.run()).state == "done"


async def test_frozen_columns_keep_new_ones_out_and_refuse_other_types(bench: Bench) -> None:
    await bench.publish(columns="freeze", mapping=".")
    fill(bench, "a")
    await bench.run()
    bench.rows.put_old("b", name="B", town="Lugo")
    bench.rows.put_old("c", name=7)
    assert counts(await bench.run()) == (3, 1, 1, 1, 0)
    assert "town" not in bench.rows.new["b"]


async def test_source_that_does_not_go_on_fails_the_run(bench: Bench) -> None:
    await bench.publish(source={**SOURCE, "with": '{after: "", limit: $limit}'})
    fill(bench, *"abc")
    run = await bench.run()
    assert (run.state, run.problem.partition(".")[0]) == ("failed", "read@old gave the same rows again")


async def test_syncs_that_come_after_others_wait_for_all_of_them(bench: Bench) -> None:
    for name, after in (("a", None), ("b", None), ("c", ["a", "b"])):
        await bench.publish(name, **({"after": after} if after else {}))
    await bench.run("a")
    assert bench.following == []
    await bench.run("b")
    assert bench.following == ["c"]
    await bench.run("c")
    await bench.run("a")
    assert bench.following == []


async def test_ledger_explains_every_row(bench: Bench) -> None:
    await bench.publish(batch=3)
    fill(bench, *"abc")
    turn = await bench.begin()
    await bench.step(turn)
    async with bench.store.read() as db:
        digest = (await cross_references.of(db, "s", ["a"]))["a"].digest
        entry = await ledger.find(db, "new", "put", f"sync:s:a:1:{digest[:16]}")
    assert entry is not None
    assert (entry.state, entry.instance) == ("done", f"sync:s/{turn.run}")
    assert (entry.answer or {})["id"] == "n-a"


async def test_begin_twice_is_one_run_and_stopped_runs_stay_stopped(bench: Bench) -> None:
    await bench.publish()
    fill(bench, *"abc")
    first = await bench.begin()
    bench.number -= 1
    assert await bench.begin() == first
    async with bench.store.transaction() as db:
        assert await syncs.end(db, first.run, "stopped")
    assert (await bench.step(first)).over
    assert (await bench.noted(first)).state == "stopped"
