"""The engine's targets, as a test: `make bench` runs it."""

import pytest

from tests.bench import bench_engine

pytestmark = pytest.mark.bench


@pytest.mark.filterwarnings("default")  # the peer engines' own
async def test_engine_meets_its_targets() -> None:
    rows = await bench_engine.main(rounds=5, instances=100)
    assert bench_engine.report(rows)
