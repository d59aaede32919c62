"""The speed of expressions, as a test: `make bench` runs it."""

import pytest

from tests.bench import bench_expressions

pytestmark = pytest.mark.bench


def test_expressions_meet_their_targets_and_beat_the_native_engines() -> None:
    rows = bench_expressions.measure(seconds=0.3, rounds=5)
    bench_expressions.report(rows)
    for row in rows:
        assert row.own >= bench_expressions.targets.get(row.name, 0), row
        assert row.own >= row.jq, row
        assert row.own >= row.jaq, row
