"""The roll-out of the demo company: what it shows is what these tests reckon from what has happened."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from cauce.calendars import pinned
from cauce.roadmaps import RoadmapStart
from cauce.services.roadmaps import running_plans
from cauce.services.roadmaps.taking_over import taken_over
from demo import roadmap
from schemas import load_file
from workflows.roadmap.reading import roadmap_of
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.journal import Journal
from workflows.roadmap.running.turns import Turns

DEFINITIONS = Path(__file__).parents[2] / "definitions"
TODAY = date(2027, 7, 14)


def test_the_figures_are_those_of_what_has_happened() -> None:
    document = load_file(DEFINITIONS / "roadmaps" / f"{roadmap.NAME}.yaml").data
    calendar = load_file(DEFINITIONS / "calendars" / "office-madrid.yaml").data
    done = roadmap.happened(document, calendar, TODAY)
    start = RoadmapStart(
        roadmap.NAME,
        "2027",
        "1",
        document,
        pinned(calendar, roadmap.begun(TODAY)),
        roadmap.begun(TODAY).isoformat(),
        "ana",
    )
    course = Course(Journal.begun(start), identity="roadmap:crm-rollout/2027")
    Turns(course).begin("ana", Moment("2027-07-14T09:00:00+00:00", TODAY), taken_over(start, done, TODAY))
    # By hand: what is finished has earned its budget, half of what earns so and is under way, nothing else.
    budgets = {each.id: each for each in roadmap_of(document).activities}
    finished = [budgets[name].budget for name, each in done.items() if each.finished]
    under_way = [
        budgets[name].budget / 2 for name, each in done.items() if not each.finished and budgets[name].rule == "50/50"
    ]
    spent = [amount for each in done.values() for amount in (each.cost or {}).values()]
    total = running_plans.course_figures(course).rows[-1]
    assert (total.ev, total.ac) == (sum(finished) + sum(under_way), sum(spent))
    assert Decimal("1.03") < total.ac / sum(finished) < Decimal("1.15")
    # In the middle: three gates are behind it, most is ahead, and each month until now has its control cycle.
    gates = [name for name, each in done.items() if budgets[name].gate]
    assert gates[:3] == ["G0", "G1", "G2"]
    assert [each["period"] for each in course.journal.periods] == [f"2027-0{month}" for month in range(1, 7)]
    assert {each["light"] for each in course.journal.periods} <= {"green", "amber", "red"}
