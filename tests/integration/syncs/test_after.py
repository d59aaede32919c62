"""Syncs that come after others, where one of them goes both ways."""

from tests.integration.syncs.conftest import Bench, counts
from tests.integration.syncs.test_two_way import BOTH, fields, put


async def test_one_way_sync_comes_after_one_that_goes_both_ways(bench: Bench) -> None:
    await bench.publish("both", **BOTH)
    await bench.publish("next", after=["both"])
    put(bench, "new", "a", name="Ana", town="Lugo")
    assert counts(await bench.run("both")) == (1, 1, 0, 0, 0)
    assert bench.following == ["next"]
    assert fields(bench.rows.old) == {"a": ("Ana", "Lugo")}
    # What was brought over a moment ago is there to be read.
    assert counts(await bench.run("next"))[0] == 1
    assert bench.following == []


async def test_sync_both_ways_comes_after_others_once_all_of_them_have_ended(bench: Bench) -> None:
    await bench.publish("first")
    await bench.publish("second", **BOTH)
    await bench.publish("last", **BOTH, after=["first", "second"])
    await bench.run("first")
    assert bench.following == []
    await bench.run("second")
    assert bench.following == ["last"]
    await bench.run("last")
    await bench.run("second")
    assert bench.following == []
