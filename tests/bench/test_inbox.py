"""The targets of the inbox, as a test: `make bench` runs it."""

import pytest

from tests.bench import bench_inbox, paint
from tests.conftest import Require
from tools.browser import chromium, chromium_command

pytestmark = pytest.mark.bench


def test_every_view_of_an_inbox_of_100_000_tasks_is_quick_and_soon_to_be_seen(require: Require) -> None:
    program = chromium() or require("chromium", f"there is none; as root: {chromium_command()}")
    took, painted = bench_inbox.run(program=program)
    print(f"\n{bench_inbox.told(took, painted)}")
    slow = [each for kind, found in took.items() for each in found if each.judged > bench_inbox.MOST_MS[kind]]
    late = [each for found in painted.values() for each in found if each.median > paint.MOST_MS]
    heavy = [each for found in painted.values() for each in found if each.kilobytes > paint.MOST_KB]
    assert not [*slow, *late, *heavy]
