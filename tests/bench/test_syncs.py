"""The target of syncs, as a test: `make bench` runs it."""

import pytest

from tests.bench import bench_syncs

pytestmark = pytest.mark.bench


def test_a_sync_is_as_fast_as_dlt_in_little_memory() -> None:
    results = bench_syncs.run(rows=200_000, batch=bench_syncs.BATCH, rounds=1, dlt=None)
    told = bench_syncs.verdict(results)
    assert told["merge / sync"] >= 1, told
    assert told["memory_mb"] < bench_syncs.MOST_MB, told
