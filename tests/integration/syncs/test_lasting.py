"""An activity makes steps for some time, and reads the next rows while those before them are written."""

from collections.abc import Callable

import pytest

from activities.syncs.run import LASTING_S
from cauce.errors import TransientError
from cauce.store import syncs
from tests.integration.syncs.conftest import Bench, counts


@pytest.fixture
async def lasting(bench: Bench) -> Bench:
    """A bench with five rows, whose activities last."""
    bench.activities.lasting_s = LASTING_S * 100
    for key in "abcde":
        bench.rows.put_old(key, name=f"Name of {key}")
    return bench


def asked_of(bench: Bench, fails: Callable[[int], bool] = lambda _: False) -> list[str]:
    """Return what is asked from now on, system and method; pages of the source that fail are told by their number."""
    asked: list[str] = []

    def fault(system: str, method: str) -> str:
        asked.append(f"{system} {method}")
        return "busy" if method == "GET" and fails(asked.count("old GET")) else ""

    bench.rows.fault = fault
    return asked


async def test_one_activity_makes_all_steps_and_reads_each_page_once(lasting: Bench) -> None:
    asked = asked_of(lasting)
    await lasting.publish()
    turn = await lasting.begin()
    assert (await lasting.step(turn)).over
    run = await lasting.noted(turn)
    assert (run.state, run.step, counts(run)) == ("done", 3, (5, 5, 0, 0, 0))
    assert (asked.count("old GET"), asked.count("new PUT")) == (3, 5)


async def test_page_that_cannot_be_read_ahead_keeps_nothing_from_being_noted(lasting: Bench) -> None:
    asked_of(lasting, lambda page: page == 3)
    await lasting.publish()
    turn = await lasting.begin()
    with pytest.raises(TransientError):
        await lasting.step(turn)
    assert counts(await lasting.noted(turn)) == (4, 4, 0, 0, 0)
    assert (await lasting.step(turn, attempt=2)).over
    assert counts(await lasting.noted(turn)) == (5, 5, 0, 0, 0)


async def test_page_that_was_read_ahead_is_dropped_with_the_step_before_it(lasting: Bench) -> None:
    await lasting.publish()
    lasting.rows.fault = lambda _, method: "busy" if method == "PUT" else ""
    turn = await lasting.begin()
    with pytest.raises(TransientError):
        await lasting.step(turn)
    lasting.rows.fault = lambda _, __: ""
    lasting.rows.put_old("c", name="Later")
    await lasting.step(turn, attempt=2)
    assert (await lasting.step(turn)).over
    assert lasting.rows.new["c"]["name"] == "Later"
    assert counts(await lasting.noted(turn)) == (5, 5, 0, 0, 0)


async def test_step_that_is_tried_again_is_made_alone(lasting: Bench) -> None:
    asked = asked_of(lasting)
    await lasting.publish()
    turn = await lasting.begin()
    assert not (await lasting.step(turn, attempt=2)).over
    assert counts(await lasting.noted(turn))[0] == 2
    assert asked.count("old GET") == 1


async def test_nothing_is_read_ahead_where_it_is_written(lasting: Bench) -> None:
    asked = asked_of(lasting)
    await lasting.publish(target={"upsert": "put@old", "id": ".id"})
    await lasting.run()
    step = ["old GET", "old PUT", "old PUT"]
    assert asked == [*step, *step, *step[:2]]


async def test_run_that_was_ended_meanwhile_makes_no_more_steps(
    lasting: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lasting.publish()
    turn = await lasting.begin()
    advance = syncs.advance

    async def ended_then(*given: object) -> bool:
        db, run = given[:2]
        made = await advance(*given)  # type: ignore[arg-type]  # whatever it is given
        await syncs.end(db, run.id, "stopped")  # type: ignore[arg-type, attr-defined]  # the same
        return made

    monkeypatch.setattr(syncs, "advance", ended_then)
    assert (await lasting.step(turn)).over
    run = await lasting.noted(turn)
    assert (run.state, counts(run)[:2]) == ("stopped", (2, 2))
