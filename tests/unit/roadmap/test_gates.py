"""Gates of a roadmap that runs: evidence, waivers, four eyes and what was spent."""

import json
from dataclasses import replace
from datetime import date

import pytest

from cauce.contract import CompleteTask
from cauce.errors import ConflictError, ForbiddenError, InputError
from cauce.roadmaps import (
    ApplyDefinition,
    DecideGate,
    FinishActivity,
    HandInEvidence,
    ReportActivity,
    RequestGate,
    SetBaseline,
    SignGate,
    WaiveEvidence,
)
from tests.unit.roadmap.running import Project, evidence
from workflows.roadmap.running import daily, gates
from workflows.roadmap.running.turns import request_of


def through_first_gate(project: Project) -> None:
    project.act(FinishActivity("decide", "sam", started="2027-01-04"))
    project.act(FinishActivity("draw", "cris", documents=[{"name": "d.pdf", "sha256": "a"}]))
    project.act(RequestGate("G1", "cris"), evidence("++"))
    project.act(DecideGate("G1", "sam", "sponsor", approve=True), evidence("++"))


def test_a_gate_is_approved_on_evidence_and_lets_the_next_phase_begin() -> None:
    project = Project()
    project.act(FinishActivity("decide", "sam"))
    project.act(FinishActivity("draw", "cris"))
    assert "prepare:G1:1" in project.tasks()
    project.act(RequestGate("G1", "cris"), evidence("+-"))
    assert list(project.tasks()) == ["gate:G1:sponsor:1"]
    with pytest.raises(ConflictError, match="does not hold: evidence 1"):
        project.act(DecideGate("G1", "sam", "sponsor", approve=True), evidence("+-"))
    with pytest.raises(ForbiddenError, match="`crew` does not decide"):
        project.act(DecideGate("G1", "cris", "crew", approve=True), evidence("++"))
    project.act(DecideGate("G1", "sam", "sponsor", approve=True, reason="go"), evidence("++"))
    decided = next(each for each in project.events if each["kind"] == "gate-decided")
    assert (decided["outcome"], decided["evidence"]) == ("approved", evidence("++"))
    assert project.step("G1")["state"] == "done"
    # A gate is in the evening: what waits for it begins on the next working day.
    project.wait_until(date(2027, 1, 5))
    assert "activity:build" in project.tasks()


def test_a_rejected_gate_is_asked_for_again() -> None:
    project = Project()
    project.act(FinishActivity("decide", "sam"))
    project.act(FinishActivity("draw", "cris"))
    project.act(RequestGate("G1", "cris"), evidence("++"))
    with pytest.raises(InputError, match="It takes a reason"):
        project.act(DecideGate("G1", "sam", "sponsor", approve=False), evidence("++"))
    # A refusal needs no evidence.
    project.act(DecideGate("G1", "sam", "sponsor", approve=False, reason="no"), evidence("--"))
    assert (project.step("G1")["state"], list(project.tasks())) == ("rejected", ["prepare:G1:2"])
    project.act(RequestGate("G1", "cris"), evidence("++"))
    project.act(DecideGate("G1", "sam", "sponsor", approve=True), evidence("++"))
    assert project.step("G1")["state"] == "done"


def test_a_waiver_holds_until_its_day_and_is_asked_again_at_the_next_gate() -> None:
    project = Project()
    project.act(FinishActivity("decide", "sam"))
    project.act(FinishActivity("draw", "cris"))
    project.act(RequestGate("G1", "cris"), evidence("+-"))
    with pytest.raises(InputError, match="A waiver ends on a day to come"):
        project.act(WaiveEvidence("G1", 1, "sam", "later", "2027-01-04"))
    project.act(WaiveEvidence("G1", 1, "sam", "later", "2027-01-20"))
    fact = {"holds": False, "value": 3.0, "asked": "dead-letters", "text": "3 dead letters are open"}
    known = gates.known_answers(project.course, "G1", project.moment, {1: fact})
    assert [(each["holds"], bool(each["waived"])) for each in known] == [(False, False), (False, True)]
    known[0]["holds"] = True
    project.act(DecideGate("G1", "sam", "sponsor", approve=True), known)
    assert gates.run_out(project.course, "G2", project.moment) == []
    project.wait_until(date(2027, 1, 21))
    assert gates.run_out(project.course, "G2", project.moment) == [("G1", 1)]


def test_a_waiver_that_has_run_out_is_renewed_while_another_gate_asks_for_it() -> None:
    project = Project()
    project.act(FinishActivity("decide", "sam"))
    project.act(FinishActivity("draw", "cris"))
    project.act(RequestGate("G1", "cris"), evidence("+-"))
    project.act(WaiveEvidence("G1", 1, "sam", "later", "2027-01-06"))
    held = evidence("+-")
    held[1]["waived"] = project.journal.gates["G1"]["waived"]["1"]
    project.act(DecideGate("G1", "sam", "sponsor", approve=True), held)
    project.wait_until(date(2027, 1, 7))
    renewed = WaiveEvidence("G1", 1, "ana", "it cannot be measured", "2027-06-30")
    with pytest.raises(ConflictError, match="nobody asks for its evidence 1 again"):
        project.act(renewed)
    project.act(FinishActivity("build", "cris"))
    project.act(FinishActivity("teach", "cris"))
    again = [{**evidence("-")[0], "gate": "G1", "number": 1}]
    project.act(RequestGate("G2", "cris"), again)
    assert gates.asked_again(project.course, "G1", project.moment) == [1]
    with pytest.raises(ConflictError, match=r"does not hold: evidence 0 \(evidence 1 of G1\)"):
        project.act(DecideGate("G2", "sam", "sponsor", approve=True), again)
    with pytest.raises(ConflictError, match="nobody asks for its evidence 0 again"):
        project.act(replace(renewed, evidence=0))
    project.act(renewed)
    # Nothing is asked for any more, the gate stays as it was decided, and it is known who said what before.
    assert gates.run_out(project.course, "G2", project.moment) == []
    kept = project.journal.gates["G1"]["waived"]["1"]
    assert (project.step("G1")["state"], kept["by"], kept["until"]) == ("done", "ana", "2027-06-30")
    assert [(each["by"], each["reason"], each["until"]) for each in kept["before"]] == [("sam", "later", "2027-01-06")]
    with pytest.raises(ConflictError, match="nobody asks for its evidence 1 again"):
        project.act(renewed)
    project.act(DecideGate("G2", "sam", "sponsor", approve=True))
    assert project.journal.state == "completed"


def test_what_a_gate_was_approved_without_may_come_afterwards() -> None:
    project = Project()
    phase = project.document["phases"][0]
    phase["gate"]["evidence"] = [{"document": "Licence"}, {"signature": "crew"}, {"document": "Drawing"}]
    project.act(FinishActivity("decide", "sam"))
    project.act(FinishActivity("draw", "cris"))
    project.act(RequestGate("G1", "cris", {"2": [{"name": "d.pdf", "sha256": "a"}]}))
    for number, until in ((0, "2027-01-20"), (1, "2027-01-22")):
        project.act(WaiveEvidence("G1", number, "sam", "later", until))
    held = gates.known_answers(project.course, "G1", project.moment, {})
    project.act(DecideGate("G1", "sam", "sponsor", approve=True), held)
    # Who signs and who plans are still asked, until the waivers end.
    assert gates.owed(project.course, "G1") == [0, 1]
    tasks = {name: due for name, due in project.tasks().items() if not name.startswith("activity:")}
    assert tasks == {"sign:G1:1:1": "2027-01-22", "owed:G1:0:1": "2027-01-20"}
    project.wait_until(date(2027, 1, 21))
    file = {"name": "l.pdf", "sha256": "b"}
    task = CompleteTask(project.journal.tasks["owed:G1:0:1"]["id"], {"documents": [file]}, "cris", "")
    project.act(request_of(project.course, task))
    project.act(SignGate("G1", 1, "cris"))
    assert [each["holds"] for each in gates.known_answers(project.course, "G1", project.moment, {})] == [True] * 3
    assert [name for name in project.tasks() if not name.startswith("activity:")] == []
    decided = next(each for each in project.events if each["kind"] == "gate-decided")
    assert [each["holds"] for each in decided["evidence"]] == [False, False, True]
    for request, problem in (
        (SignGate("G1", 1, "cris"), "signed already"),
        (HandInEvidence("G1", 2, "cris", [file]), "does not wait for its evidence 2"),
        (HandInEvidence("G1", 1, "cris", [file]), "is not a document"),
        (SignGate("G1", 3, "cris"), "has no evidence 3"),
    ):
        with pytest.raises((ConflictError, InputError), match=problem):
            project.act(request)


def test_what_is_recorded_of_evidence_goes_where_another_definition_has_it() -> None:
    project = Project()
    pieces = [{"document": "Licence"}, {"signature": "crew"}, {"signature": "sponsor"}, {"fact": "dead-letters"}]
    project.document["phases"][0]["gate"]["evidence"] = pieces
    project.act(FinishActivity("decide", "sam"))
    project.act(FinishActivity("draw", "cris"))
    file = {"name": "l.pdf", "sha256": "b"}
    project.act(RequestGate("G1", "cris", {"0": [file]}))
    project.act(SignGate("G1", 1, "cris"))
    project.act(WaiveEvidence("G1", 2, "sam", "later", "2027-01-20"))
    document = json.loads(json.dumps(project.document))
    order = [{"fact": "dead-letters", "most": 2}, {"signature": "sponsor", "title": "Go"}, {"document": "Licence"}]
    document["phases"][0]["gate"]["evidence"] = order
    project.act(ApplyDefinition("ana", "2", document, None))
    known = project.journal.gates["G1"]
    assert (known["documents"], known["signed"], list(known["waived"])) == ({"2": [file]}, {}, ["1"])
    assert [(each["kind"], each["said"]["by"]) for each in known["left"]] == [("signed", "cris")]
    # Where nothing is elsewhere, nothing is said of it.
    project.act(ApplyDefinition("ana", "3", document, None))
    applied = [each for each in project.events if each["kind"] == "definition-applied"]
    assert ["evidence" in each for each in applied] == [True, False]


def test_four_eyes_keep_those_who_did_the_work_from_deciding_alone() -> None:
    project = Project()
    through_first_gate(project)
    project.wait_until(date(2027, 1, 5))
    project.act(FinishActivity("build", "cris"))
    project.act(FinishActivity("teach", "cris"))
    project.act(RequestGate("G2", "cris"))
    project.act(DecideGate("G2", "cris", "crew", approve=True))
    # The quorum is there, and yet nobody but who did the work has said yes.
    assert project.step("G2")["state"] == "requested"
    with pytest.raises(ForbiddenError, match="may not decide the gate `G2` alone"):
        project.act(DecideGate("G2", "cris", "sponsor", approve=True))
    done = project.act(DecideGate("G2", "sam", "sponsor", approve=True))
    assert (done.state, project.tasks()) == ("completed", {})
    with pytest.raises(ConflictError, match="The roadmap is completed"):
        project.act(SetBaseline("x", "r"))


def test_a_gate_may_ask_for_what_was_spent_against_the_plan() -> None:
    project = Project()
    ask = {"fact": "budget-variance", "of": "management", "most": 0.1}
    assert daily.overspent(project.course, ask, project.moment)["value"] == -1.0
    project.act(ReportActivity("decide", "sam", cost={"management": "260"}))
    answer = daily.overspent(project.course, ask, project.moment)
    # A fifth of its 1,000 was planned for the first of five days.
    assert (answer["value"], answer["holds"], answer["text"]) == (0.3, False, "spent is 30 per cent more than planned")
    none = daily.overspent(project.course, {**ask, "of": "training"}, project.moment)
    assert (none["holds"], none["text"]) == (False, "Nothing was planned to be spent so far.")
