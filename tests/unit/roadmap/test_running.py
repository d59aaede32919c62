"""A roadmap in its course: what may be done when, what follows, and laws that hold whatever is done."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.contract import CompleteTask
from cauce.errors import CauceError, ConflictError, InputError, NotFoundError
from cauce.roadmaps import (
    ApplyDefinition,
    BookCosts,
    CancelRoadmap,
    DecideChange,
    DecideGate,
    DecideStop,
    FinishActivity,
    ReportActivity,
    ReportMetrics,
    Request,
    RequestChange,
    RequestGate,
    RoadmapStart,
    SetBaseline,
    SignGate,
    StartActivity,
    WaiveEvidence,
)
from cauce.services.roadmaps.taking_over import taken_over
from tests.effort import examples
from tests.unit.roadmap.running import SMALL, Project, evidence
from workflows.roadmap.model import Actual
from workflows.roadmap.running import daily, folds
from workflows.roadmap.running.course import Course
from workflows.roadmap.running.journal import Journal
from workflows.roadmap.running.turns import request_of

FRIDAY = date(2027, 1, 8)


def edited(**phases: Any) -> Any:
    """Return the small roadmap with other activities in some phases."""
    document = json.loads(json.dumps(SMALL))
    for phase in document["phases"]:
        phase.update(phases.get(phase["id"], {}))
    return document


def test_what_is_ready_is_a_task_due_when_it_is_planned_to_be_done() -> None:
    project = Project()
    assert project.tasks() == {"activity:decide": "2027-01-08"}
    (task,) = project.news[0].opened
    assert (task.group, task.priority, task.instance, task.definition) == (
        "sponsors",
        70,
        "roadmap:shop/1",
        "roadmap.shop",
    )
    project.act(StartActivity("decide", "sam"))
    # It may begin two days after the other one has: then its task is there, and not before.
    assert "activity:draw" not in project.tasks()
    project.wait_until(date(2027, 1, 6))
    assert project.tasks()["activity:draw"] == "2027-01-15"


def test_a_late_start_moves_what_comes_after_and_is_told_against_the_baseline() -> None:
    project = Project()
    project.wait_until(FRIDAY)
    done = project.act(StartActivity("decide", "sam"))
    assert (project.step("decide")["finish"], project.step("decide")["baselineFinish"]) == ("2027-01-14", "2027-01-08")
    assert project.step("G2")["finish"] == "2027-02-23"
    assert (done.finish, done.state) == ("2027-02-23", "running")
    # Nobody has reported on it, so it is due when it was.
    assert project.tasks()["activity:decide"] == "2027-01-08"


def test_a_report_moves_the_rest_and_the_task() -> None:
    project = Project()
    project.act(StartActivity("decide", "sam"))
    done = project.act(ReportActivity("decide", "sam", remaining=7, cost={"management": "400.50"}))
    assert (project.step("decide")["finish"], project.tasks()["activity:decide"]) == ("2027-01-12", "2027-01-12")
    assert project.step("decide")["spent"] == "400.50"
    assert done.moved > 0
    project.act(ReportActivity("decide", "sam", percent=80))
    assert project.step("decide")["finish"] == "2027-01-04"


REFUSED: list[tuple[Request, type[CauceError], str]] = [
    (StartActivity("build", "x"), ConflictError, "`build` waits for G1."),
    (StartActivity("nothing", "x"), NotFoundError, "There is no activity `nothing`"),
    (StartActivity("G1", "x"), ConflictError, "`G1` is a gate."),
    (StartActivity("decide", "x", "2027-01-05"), InputError, "2027-01-05 is still to come."),
    (StartActivity("decide", "x", "soon"), InputError, "`soon` is no day."),
    (FinishActivity("draw", "x"), ConflictError, "`draw` waits for decide."),
    (FinishActivity("decide", "x", started="2027-01-05"), InputError, "still to come"),
    (FinishActivity("decide", "x", "2027-01-03", "2027-01-04"), InputError, "is finished before it was started"),
    (ReportActivity("decide", "x", percent=101), InputError, "`percent` is out of range."),
    (ReportActivity("decide", "x", parts=[1]), InputError, "`decide` has no part 1."),
    (ReportActivity("decide", "x", cost={"food": "1"}), InputError, "There is no cost factor `food`."),
    (ReportActivity("decide", "x", cost={"data": "NaN"}), InputError, "The cost for `data` is out of range."),
    (ReportActivity("decide", "x", cost={"data": "much"}), InputError, "The cost for `data` is no number."),
    (ReportActivity("decide", "x", note="n" * 2001), InputError, "The note has more than 2,000 characters."),
    (ReportActivity("decide", "x", documents=[{}] * 51), InputError, "There are more than 50 files."),
    (RequestGate("G1", "x"), ConflictError, "The gate `G1` waits for decide, draw."),
    (RequestGate("decide", "x"), NotFoundError, "There is no gate `decide`."),
    (DecideGate("G1", "x", "sponsor", approve=True), ConflictError, "Nobody has asked for the gate `G1`."),
    (SignGate("G1", 0, "x"), ConflictError, "Nobody has asked for the gate `G1`."),
    (WaiveEvidence("G1", 0, "x", "r", "2027-02-01"), ConflictError, "Nobody has asked for the gate `G1`."),
    (SetBaseline("x", " "), InputError, "It takes a reason."),
    (RequestChange("x", "w", "y", {}), InputError, "The change changes nothing."),
    (RequestChange("x", "w", "y", {"G1": {"days": 1}}), ConflictError, "`G1` is a gate."),
    (RequestChange("x", "w", "y", {"build": {"hours": 1}}), InputError, "The change of `build` is not understood."),
    (DecideChange("C-1", "x", "approved"), NotFoundError, "There is no change `C-1`."),
    (DecideStop("x", "stop", "r"), ConflictError, "Nobody has asked whether to go on."),
    (ApplyDefinition("x", "2", {**SMALL, "roadmap": "other"}, None), ConflictError, "This is the roadmap `other`."),
    (CancelRoadmap("x", ""), InputError, "It takes a reason."),
    (ReportMetrics("x", {str(number): 1.0 for number in range(501)}), ConflictError, "more than 500 figures"),
]


@pytest.mark.parametrize(("request_", "kind", "says"), REFUSED, ids=[str(number) for number in range(len(REFUSED))])
def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(
    request_: Request, kind: type[CauceError], says: str
) -> None:
    project = Project()
    before = json.dumps(project.journal.to_json())
    with pytest.raises(kind) as refused:
        project.act(request_)
    assert says in refused.value.problem
    assert json.dumps(project.journal.to_json()) == before


def test_a_change_says_who_decides_and_makes_a_new_baseline() -> None:
    project = Project()
    project.act(RequestChange("cris", "More", "Needed", {"build": {"days": 25}}))
    (change,) = project.journal.changes.values()
    assert (change["decides"], change["impact"]["days"], project.tasks()["change:C-1"]) == ("sponsor", 5, "2027-01-07")
    project.act(DecideChange("C-1", "sam", "approved"))
    assert len(project.journal.baselines) == 2
    assert project.step("build")["baselineFinish"] == project.step("build")["finish"] == "2027-02-19"
    project.act(RequestChange("cris", "Less", "Cheap", {"build": {"cost": {"integration": "9010"}}}))
    assert project.journal.changes["C-2"]["decides"] == "crew"
    project.act(DecideChange("C-2", "sam", "rejected", "no"))
    with pytest.raises(ConflictError, match="The change `C-2` is rejected"):
        project.act(DecideChange("C-2", "sam", "approved"))


def test_an_emergency_is_in_force_at_once_and_taken_back_when_it_is_not_ratified() -> None:
    project = Project()
    project.act(RequestChange("cris", "Now", "Fire", {"build": {"days": 30}}, emergency=True))
    assert (project.step("build")["finish"], project.tasks()["change:C-1"]) == ("2027-02-26", "2027-01-06")
    project.act(DecideChange("C-1", "sam", "rejected", "no"))
    assert project.step("build")["finish"] == "2027-02-12"


def test_another_definition_keeps_what_has_happened() -> None:
    project = Project()
    project.act(ReportActivity("decide", "sam", percent=20, cost={"management": "300"}))
    document = edited(P1={"activities": [SMALL["phases"][0]["activities"][1] | {"after": []}]})
    project.act(ApplyDefinition("ana", "2", document, None))
    kept = project.step("decide")
    assert (kept["state"], kept["spent"], kept["started"]) == ("cancelled", "300", "2027-01-04")
    assert project.step("draw")["state"] == "ready"
    assert "activity:decide" not in project.tasks()
    assert project.journal.kept["decide"]["actual"]["percent"] == 20
    # A later version that has it again has it as it was.
    project.act(ApplyDefinition("ana", "3", edited(), None))
    again = project.step("decide")
    assert (again["state"], again["percent"], again["spent"], project.journal.kept) == ("started", 20, "300", {})


def test_what_is_left_lying_climbs_the_ladder_once_a_step() -> None:
    project = Project()
    project.act(StartActivity("decide", "sam"))
    project.wait_until(date(2027, 1, 19))
    climbed = [
        (change.rung, change.notify) for each in project.news for change in each.escalated if "draw" not in change.id
    ]
    rungs = [
        each["rung"]
        for each in project.events
        if each["kind"] == "task-escalated" and each["task"] == "activity:decide"
    ]
    assert rungs == [1, 2]
    assert climbed[0] == (1, {"group": "sponsors"})


def test_two_red_months_ask_the_sponsor_whether_to_go_on() -> None:
    project = Project()
    project.act(ReportActivity("decide", "sam", cost={"management": "5000"}))
    project.act(FinishActivity("decide", "sam", cost={"management": "9000"}))
    project.wait_until(date(2027, 3, 1))
    assert [each["light"] for each in project.journal.periods] == ["red", "red"]
    assert "stop:1" in project.tasks()
    project.act(DecideStop("sam", "continue", "It will be better"))
    assert "stop:1" not in project.tasks()
    project.wait_until(date(2027, 4, 1))
    assert "stop:2" not in project.tasks()
    project.wait_until(date(2027, 5, 3))
    done = project.act(DecideStop("sam", "stop", "It was not"))
    assert (done.state, project.tasks()) == ("stopped", {})


def test_a_risk_comes_with_its_figure_and_goes_with_it() -> None:
    project = Project()
    project.act(ReportMetrics("ana", {"adoption": 0.6}))
    assert project.journal.risks["R1"]["value"] == 0.6
    project.act(ReportMetrics("ana", {"adoption": 0.9}))
    assert (project.journal.risks, project.kinds().count("risk-over")) == ({}, 1)


ANSWERS: list[tuple[str, Any, Request]] = [
    (
        "activity:decide",
        {"finished": "2027-01-04", "management": 12.5, "note": "n"},
        FinishActivity("decide", "sam", "2027-01-04", cost={"management": "12.5"}, note="n"),
    ),
    ("activity:decide", {}, FinishActivity("decide", "sam")),
    (
        "prepare:G1:1",
        {"documents": [{"evidence": 0, "file": {"sha256": "a"}}]},
        RequestGate("G1", "sam", {"0": [{"sha256": "a"}]}),
    ),
    (
        "gate:G7.north:sponsor:2",
        {"approved": False, "reason": "no"},
        DecideGate("G7.north", "sam", "sponsor", approve=False, reason="no"),
    ),
    ("sign:G1:1:1", {"signed": True}, SignGate("G1", 1, "sam")),
    ("change:C-1", {"decision": "deferred"}, DecideChange("C-1", "sam", "deferred")),
    ("stop:1", {"decision": "stop", "reason": "r"}, DecideStop("sam", "stop", "r")),
]


@pytest.mark.parametrize(("name", "answer", "wanted"), ANSWERS, ids=[str(number) for number in range(len(ANSWERS))])
def test_the_answer_to_a_task_is_an_act(name: str, answer: Any, wanted: Request) -> None:
    project = Project()
    project.journal.tasks[name] = {"id": "t"}
    assert request_of(project.course, CompleteTask("t", answer, "sam", "")) == wanted
    with pytest.raises(ConflictError, match="Nobody waits for this task"):
        request_of(project.course, CompleteTask("other", answer, "sam", ""))
    with pytest.raises(InputError, match="cannot be sent back"):
        request_of(project.course, CompleteTask("t", answer, "sam", "", return_to="x"))


names = st.sampled_from(["decide", "draw", "build", "teach"])
acts: st.SearchStrategy[Any] = st.one_of(
    st.builds(StartActivity, names, st.just("sam")),
    st.builds(FinishActivity, names, st.just("cris")),
    st.builds(
        ReportActivity,
        names,
        st.just("sam"),
        st.one_of(st.none(), st.integers(0, 100)),
        st.one_of(st.none(), st.integers(0, 30)),
    ),
    st.builds(RequestGate, st.sampled_from(["G1", "G2"]), st.just("cris")),
    st.builds(
        DecideGate,
        st.sampled_from(["G1", "G2"]),
        st.sampled_from(["sam", "cris"]),
        st.sampled_from(["sponsor", "crew"]),
        st.booleans(),
        st.just("r"),
    ),
    st.builds(
        RequestChange,
        st.just("sam"),
        st.just("w"),
        st.just("y"),
        st.dictionaries(names, st.fixed_dictionaries({"days": st.integers(0, 40)}), min_size=1),
        st.booleans(),
    ),
    st.builds(
        DecideChange,
        st.sampled_from(["C-1", "C-2"]),
        st.just("sam"),
        st.sampled_from(["approved", "rejected", "deferred"]),
        st.just("r"),
    ),
    st.builds(SetBaseline, st.just("sam"), st.just("r")),
    st.integers(1, 40),
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(acts, max_size=25))
def test_laws_of_whatever_is_done(course: Sequence[Any]) -> None:
    project = Project()
    for each in course:
        if isinstance(each, int):
            project.wait_until(date.fromordinal(project.today.toordinal() + each))
            continue
        try:
            project.turns.check(each, project.moment)
        except CauceError:
            continue
        # What was checked is taken: a validator that lets something pass does not leave a person without an answer.
        project.act(each, evidence("++"))
        # What is computed once is what it would be if it were computed now.
        fresh = Course(project.journal, identity="")
        names = [step.activity.id for step in fresh.plan(project.today).activities]
        assert project.course.plan(project.today) == fresh.plan(project.today)
        assert [project.course.state(name) for name in names] == [fresh.state(name) for name in names]
        assert daily.measured(project.course, project.today) == daily.measured(fresh, project.today)
    # The events are numbered without a gap, and make the same state again.
    assert [event["number"] for event in project.events] == list(range(1, project.journal.number + 1))
    again = Journal.begun(RoadmapStart("shop", "1", "1", project.document, None, "2027-01-04", "ana"))
    for event in json.loads(json.dumps(project.events)):
        folds.record(again, event)
    assert json.loads(json.dumps(again.to_json())) == json.loads(json.dumps(project.journal.to_json()))
    # The rows that were told, one after the other, are the rows as they are.
    rows: dict[str, Any] = {}
    for news in project.news:
        for name in news.gone:
            del rows[name]
        rows.update({each["id"]: each for each in news.steps})
    assert rows == project.turns.told
    # Of each task is told once that it is there, and at most once that it is over.
    opened = [task.id for each in project.news for task in each.opened]
    closed = [task.id for each in project.news for task in each.closed]
    assert len(opened) == len(set(opened))
    assert set(opened) - set(closed) == {task["id"] for task in project.journal.tasks.values()}


def test_one_that_is_under_way_is_taken_over_with_its_months() -> None:
    project = Project(today=date(2027, 2, 10), begins=False)
    decided = {"started": "2027-01-20", "finished": "2027-01-20"}
    project.begin(
        [
            {"id": "decide", "started": "2027-01-04", "finished": "2027-01-11", "cost": {"management": "1100"}},
            {"id": "draw", "started": "2027-01-06", "finished": "2027-01-19", "cost": {"data": "500"}},
            {"id": "G1", "gate": True, **decided},
            {"id": "build", "started": "2027-01-21", "percent": 40.0, "cost": {}},
        ]
    )
    states = {name: project.course.state(name) for name in ("decide", "draw", "G1", "build", "teach")}
    assert list(states.values()) == ["done", "done", "done", "started", "waiting"]
    assert project.journal.baselines[0]["finish"] == "2027-02-17"
    (january,) = project.journal.periods
    assert (january["period"], january["figures"]["ev"], january["figures"]["ac"]) == (
        "2027-01",
        "1500.0000",
        "1600.0000",
    )
    # January was off the plan, so who plans is asked for what is done about it.
    assert set(project.tasks()) == {"activity:build", "correct:2027-01"}


def test_what_is_taken_over_has_to_fit() -> None:
    start = RoadmapStart("shop", "1", "1", json.loads(json.dumps(SMALL)), None, "2027-01-04", "ana")
    today, done = date(2027, 2, 10), date(2027, 1, 8)
    for happened, said in (
        ({"decide": Actual(date(2026, 12, 1), done)}, "began before the roadmap"),
        ({"paint": Actual(done, done)}, "no activity `paint`"),
        ({"G1": Actual(done)}, "no day on which it was decided"),
        ({"decide": Actual(done, date(2027, 3, 1))}, "after the day of the report"),
    ):
        with pytest.raises(InputError, match=said):
            taken_over(start, happened, today)
    assert taken_over(start, {"decide": Actual(done, done, cost={"data": Decimal(5)})}, today) == [
        {"id": "decide", "started": "2027-01-08", "finished": "2027-01-08", "gate": False, "cost": {"data": "5"}}
    ]


def test_entries_come_on_top_of_the_last_report_of_all_that_it_has_cost() -> None:
    project = Project()
    # What has not begun may have cost something: the drawing was ordered in advance.
    project.act(BookCosts("ana", {"draw": {"data": "100", "management": "20"}}, 2))
    assert (project.step("draw")["spent"], project.step("draw")["state"]) == ("120", "waiting")
    assert daily.overspent(project.course, {"of": "data"}, project.moment)["value"] is None
    project.act(StartActivity("decide", "sam"))
    project.wait_until(date(2027, 1, 6))
    # Of the factors that it names, a report is all: the hundred are in it. The others are as they were.
    project.act(ReportActivity("draw", "cris", cost={"data": "250"}))
    assert project.course.spent("draw") == {"data": Decimal(250), "management": Decimal(20)}
    project.act(BookCosts("ana", {"draw": {"data": "130.50", "management": "20"}}, 4))
    assert project.course.spent("draw") == {"data": Decimal("280.50"), "management": Decimal(20)}
    before = project.journal.number
    project.act(BookCosts("ana", {"draw": {"data": "1"}}, 3))
    assert project.journal.number == before
    # An entry that was in the report is taken back; no factor costs less than nothing.
    project.act(BookCosts("ana", {"draw": {"data": "0", "management": "0"}}, 6))
    assert project.course.spent("draw") == {"data": Decimal(150), "management": Decimal(0)}
    project.act(ReportActivity("draw", "cris", cost={"data": "0"}))
    project.act(BookCosts("ana", {"draw": {"data": "0"}}, 7))
    assert project.course.spent("draw")["data"] == 0
    again = Journal.begun(replace(project.start, journal=json.loads(json.dumps(project.journal.to_json()))))
    assert again.costs == project.journal.costs


def test_what_is_booked_on_what_was_left_behind_stays_with_it() -> None:
    project = Project()
    project.act(StartActivity("decide", "sam"))
    project.act(BookCosts("ana", {"decide": {"management": "300"}}, 1))
    activities = [each for each in SMALL["phases"][0]["activities"] if each["id"] != "decide"]
    smaller = edited(P1={"activities": [{**activities[0], "after": []}]})
    project.act(ApplyDefinition("ana", "2", smaller, None))
    project.act(BookCosts("ana", {"decide": {"management": "290"}}, 2))
    assert (project.step("decide")["state"], project.step("decide")["spent"]) == ("cancelled", "290")
    assert "decide" not in project.course.actuals()
    for name, factor, said in (("G1", "data", "is a gate"), ("draw", "x", "factor")):
        with pytest.raises(CauceError, match=said):
            project.act(BookCosts("ana", {name: {factor: "1"}}, 3))
