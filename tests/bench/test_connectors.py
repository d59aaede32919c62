"""The connectors' targets, as a test: `make bench` runs it."""

import pytest

from tests.bench import bench_connectors, bench_odbc

pytestmark = pytest.mark.bench


async def test_reading_and_writing_databases_meets_its_targets() -> None:
    results = await bench_odbc.run(bench_odbc.WORDS, reads=200_000, writes=40_000, rounds=3)
    assert [each for each in results if each["ratio"] < bench_connectors.target] == []


async def test_calling_soap_meets_its_target() -> None:
    result = await bench_connectors.bench_soap(calls=200, rounds=5)
    assert result["ratio"] >= bench_connectors.target, result
