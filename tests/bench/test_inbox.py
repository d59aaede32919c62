"""The target of the inbox, as a test: `make bench` runs it."""

import pytest

from tests.bench import bench_inbox

pytestmark = pytest.mark.bench


def test_every_view_of_an_inbox_of_100_000_tasks_is_quick() -> None:
    results = bench_inbox.run()
    print(f"\n{bench_inbox.told(results)}")
    slow = [each for kind, found in results.items() for each in found if each.median > bench_inbox.MOST_MS[kind]]
    assert not slow, slow
