"""How fast a plan of 2,000 activities is computed, as a test: `make bench` runs it."""

import random
import time
from datetime import date

import pytest

from workflows.roadmap.days import Days
from workflows.roadmap.model import Activity, Link, LinkType, Roadmap
from workflows.roadmap.paths import critical_paths
from workflows.roadmap.plan import plan

pytestmark = pytest.mark.bench
_start = date(2027, 1, 4)
_kinds: tuple[LinkType, ...] = ("FS", "SS", "FF", "SF")
_target_s = 0.2


def test_a_plan_of_2000_activities_is_computed_in_200_ms() -> None:
    drawn = random.Random(1)  # noqa: S311 - sample data
    activities = []
    for number in range(2_000):
        before = [f"a{drawn.randint(max(0, number - 50), number - 1)}" for _ in range(min(number, 3))]
        links = tuple(Link(name, drawn.choice(_kinds), drawn.randint(-2, 4)) for name in before)
        activities.append(Activity(f"a{number}", days=drawn.randint(0, 20), links=links))
    roadmap = Roadmap("many", "Many", tuple(activities))
    rounds, paths = [], 0
    for _ in range(5):
        begun = time.perf_counter()
        found = plan(roadmap, Days(None, _start), _start)
        paths = len(critical_paths(found))
        rounds.append(time.perf_counter() - begun)
    print(f"2,000 activities, 6,000 links: {min(rounds) * 1000:.0f} ms, {paths} critical paths")
    assert min(rounds) < _target_s
