"""What a turn costs: a plan is computed once for each change, however often the turn looks at it."""

import json
from datetime import date
from typing import Any

import pytest

from cauce.roadmaps import ReportActivity, RoadmapNews, RoadmapStart, StartActivity
from cauce.temporal import payload_converter
from tests.unit.roadmap.running import SMALL, Project
from workflows.roadmap.plan import plan
from workflows.roadmap.running import course
from workflows.roadmap.running.daily import next_day

LIMIT = 200_000


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """Return the days of the plans that are computed."""
    computed: list[date] = []

    def counted(*given: Any, today: date, **more: Any) -> Any:
        computed.append(today)
        return plan(*given, today=today, **more)

    monkeypatch.setattr(course, "plan", counted)
    return computed


def test_a_turn_computes_one_plan(plans: list[date]) -> None:
    project = Project()
    assert len(plans) == 1
    for act in (StartActivity("decide", "sam"), ReportActivity("decide", "sam", remaining=7)):
        plans.clear()
        project.act(act)
        assert len(plans) == 1, act
    plans.clear()
    project.pass_days(next_day(project.course, project.today))
    next_day(project.course, project.today)
    assert len(plans) == 1


def wide(activities: int) -> Any:
    """Return a roadmap all of whose activities may begin at once."""
    document = json.loads(json.dumps(SMALL))
    first = document["phases"][0]
    like = first["activities"][0]
    first["activities"] = [{**like, "id": f"a{number}"} for number in range(activities)]
    del first["gate"]["evidence"]
    return document


def test_as_many_activities_may_begin_at_once_as_a_roadmap_has() -> None:
    project = Project(wide(100))
    (news,) = project.news
    assert len(news.opened) == 100
    converter = payload_converter(LIMIT)()
    payload = converter.to_payload(news)
    assert len(payload.data) > LIMIT
    assert converter.from_payload(payload, RoadmapNews) == news
    # So it goes on in a new run, however much it remembers.
    goes_on = RoadmapStart("shop", "1", "1", project.document, None, "2027-01-04", "ana", project.journal.to_json())
    assert converter.from_payload(payload_converter(10)().to_payload(goes_on), RoadmapStart) == goes_on
