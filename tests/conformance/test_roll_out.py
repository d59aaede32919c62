"""The shipped roll-out from its first day to its last gate: real facts, scripted people, and what goes wrong."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cauce import roadmaps
from cauce.errors import ConflictError, ForbiddenError
from cauce.services import certification, tasks, test_runs
from cauce.services.roadmaps import files, registers, running
from cauce.services.roadmaps.running import RunDetail
from cauce.services.tasks import TaskView
from cauce.testing import keeping, suite
from cauce.testing.plan import plan
from schemas import load_file
from tests.conformance import roll_out
from tests.conformance.conftest import Place
from tests.conformance.roll_out import RollOut
from tests.conformance.roll_out_people import BOARD, FILE, PEOPLE, PLANNER
from workflows import roadmap_workflow

JSON = Any
GATES = [*(f"G{each}" for each in range(7)), "G7.head-office", "G7.branches", "G8"]
REQUIREMENT = "roadmap.requirement"
SYNC = "accounting-customers"


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("company_runs")
@pytest.mark.asyncio(loop_scope="session")
async def test_the_shipped_roll_out_reaches_its_end(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that it goes on in a new run a few times on the way.
    monkeypatch.setattr(roadmap_workflow, "most_turns", 60)
    async with roll_out.begun(place.bench, tmp_path, monkeypatch) as run:
        await funding(run)
        await requirements(run)
        await late_and_red(run)
        await the_baseline_moves(run)
        await a_waiver_is_given(run)
        await rejected_and_run_out(run)
        await a_vendor_withdraws(run)
        await certified_before_the_pilot(run)
        await waves(run)
        await blocked_by_what_was_inherited(run)
        await the_end(run)


async def funding(run: RollOut) -> None:
    """Decide the first gate with four eyes: those who did work of the phase do not decide on it alone."""
    await run.work_until_ready("G0")
    await run.asked("G0")
    await run.answer("gate:G0:finance:1", {"approved": True})
    with pytest.raises(ForbiddenError, match="four eyes"):
        await run.answer("gate:G0:management:1", {"approved": True})
    await run.answer("gate:G0:management:1", {"approved": True}, by=BOARD)
    (decision,) = await running.decisions(run.hub, PLANNER, run.id)
    kept = [(each["kind"], each["holds"]) for each in decision.evidence]
    assert (decision.gate, decision.outcome, kept) == (
        "G0",
        "approved",
        [("document", True)] * 3 + [("signature", True)],
    )


async def requirements(run: RollOut) -> None:
    """Confirm the demand once all requirements are signed, and ten days have passed without a change."""
    await run.work_until(state_is("gather-requirements", "done"))
    for task in await run.asked_by(REQUIREMENT, "analyse", 3):
        await answer(run, task, {"result": "agreed", "solution": "As it is"})
    *soon, late = await run.asked_by(REQUIREMENT, "sign", 3)
    for task in soon:
        await answer(run, task, {"decision": "sign"})
    await run.work_until_ready("G1")
    await run.asked("G1")
    with pytest.raises(ConflictError, match="requirements-signed"):
        await run.decided("G1")
    await run.align(late.instance, hours=1)
    await answer(run, late, {"decision": "sign"})
    await run.asked_by(REQUIREMENT, "prove", 3)
    with pytest.raises(ConflictError, match="days-without-change"):
        await run.decided("G1")
    await run.wait_until(run.today + timedelta(days=10))
    await run.decided("G1")
    (decision,) = [each for each in await running.decisions(run.hub, PLANNER, run.id) if each.gate == "G1"]
    assert [each["value"] for each in decision.evidence if each["kind"] == "fact"] == [1.0, 10.0]


async def late_and_red(run: RollOut) -> None:
    """Leave an activity lying: owners hear of it, then who plans; the sponsor says to go on, and dates move."""
    run.lying, run.unfiled = {"measure-today"}, {"plan-quality"}
    await run.work_until(
        lambda detail: state_is("list-functions", "done")(detail) and has_come(run, detail, "measure-today")
    )
    before = (await run.step("G2")).finish
    # Something else that was not counted on, and is over again.
    await run.act(PLANNER, roadmaps.ReportMetrics("", {"duplicate-customers": 0.08}))
    assert "R-10" in await fired(run)
    await run.answer("risk:R-10", {"decision": "mitigated", "note": "One more round"})
    await run.act(PLANNER, roadmaps.ReportMetrics("", {"duplicate-customers": 0.01}))
    assert "R-10" not in await fired(run)
    lying = (await run.inbox(PEOPLE["process-owners"]))["activity:measure-today"]
    assert (lying.told, lying.due_at is not None) == ((), True)
    due, usual = lying.due_at.date(), lying.priority  # type: ignore[union-attr]  # it has a day by then
    days = (await run.standing()).course.days
    for rung, group in ((1, "process-owners"), (5, "project-managers")):
        await run.work_through(days.day(days.number(due) + rung))
        lying = (await run.inbox(PEOPLE["process-owners"]))["activity:measure-today"]
        assert lying.told[-1]["group"] == group
    assert lying.priority == usual + 20
    await run.wait_until(run.today + timedelta(days=1))
    assert ("late", "measure-today") in [(each.kind, each.step) for each in registers.issues(await run.standing())]
    while "stop:1" not in await run.inbox():
        await run.work_through((run.today.replace(day=1) + timedelta(days=32)).replace(day=1))
        assert run.today < due + timedelta(days=120)
    seen = await run.standing()
    assert [each["light"] for each in seen.course.journal.periods[-2:]] == ["red", "red"]
    assert "R-20" in await fired(run)
    with pytest.raises(ForbiddenError):
        await run.act(PLANNER, roadmaps.DecideStop("", "continue", "No"))
    await run.answer("stop:1", {"decision": "continue", "reason": "The figures are worth waiting for"})
    assert "stop:1" not in await run.inbox()
    owner = PEOPLE["process-owners"]
    done = await run.act(owner, roadmaps.ReportActivity("measure-today", "", remaining=20, note="Data was missing"))
    detail, step = await run.look(), await run.step("measure-today")
    assert date.fromisoformat(done.finish) == detail.run.finish > detail.run.baseline_finish
    assert step.finish == days.day(days.number(run.today) + 19)
    lying = (await run.inbox(owner))["activity:measure-today"]
    assert lying.due_at.date() == step.finish  # type: ignore[union-attr]  # it has a day by then
    assert (await run.step("G2")).finish > before + timedelta(days=30)  # type: ignore[operator]  # it has a day by then


async def the_baseline_moves(run: RollOut) -> None:
    """Ask for a change: approved, its plan is what is measured by from then on, and the old one is kept."""
    run.lying = set()
    (first,) = await running.baselines(run.hub, PLANNER, run.id)
    edits = {"measure-today": {"cost": {"data": "12000"}}, "consolidate-customers": {"days": 35}}
    await run.act(PEOPLE["process-owners"], roadmaps.RequestChange("", "A second source", "One is not enough", edits))
    change = (await run.inbox())["change:C-1"]
    assert (change.group, change.data["impact"]["cost"]["data"], change.data["impact"]["days"]) == (
        "steering",
        "4000.0",
        5,
    )
    await run.answer("change:C-1", {"decision": "approved"})
    run.budgets["measure-today"] = {"data": Decimal(12000)}
    old, new = await running.baselines(run.hub, PLANNER, run.id)
    assert (old, new.reason, Decimal(new.budget) - Decimal(old.budget)) == (
        first,
        "C-1: A second source",
        Decimal(4000),
    )
    assert new.finish > old.finish
    assert (await run.look()).run.baseline_finish == new.finish == (await run.look()).run.finish


async def a_waiver_is_given(run: RollOut) -> None:
    """Let a gate do without a file for a while, once the drafts are tested."""
    await run.work_until_ready("G2")
    await run.asked("G2")
    with pytest.raises(ConflictError, match=r"not tested as it is published.*the file “Quality plan” is missing"):
        await run.decided("G2")
    await sales_tests_run(run)
    soon = (run.today + timedelta(days=14)).isoformat()
    owner = PEOPLE["process-owners"]
    await run.act(owner, roadmaps.WaiveEvidence("G2", 3, "", "It is being printed", soon))
    await run.decided("G2")
    assert ("waived", "G2", soon) in [
        (each.kind, each.step, each.since) for each in registers.issues(await run.standing())
    ]


async def rejected_and_run_out(run: RollOut) -> None:
    """Reject a gate and ask for it again: then for a file that an earlier one was let go without."""
    await run.work_until_ready("G3")
    await run.asked("G3")
    assert (await run.inbox()).keys() >= {"gate:G3:sponsor:1", "gate:G3:hr:1"}
    await run.answer("gate:G3:hr:1", {"approved": False, "reason": "Nobody has been asked"})
    (issue,) = [each for each in registers.issues(await run.standing()) if each.kind == "rejected"]
    assert (issue.step, issue.said, (await run.step("G3")).state) == ("G3", "Nobody has been asked", "rejected")
    assert (await run.step("choose-hosting")).state == "waiting"
    await run.asked("G3")
    with pytest.raises(ConflictError, match="“Quality plan” is missing"):
        await run.decided("G3")
    file = await files.attach(run.hub, PEOPLE["quality"], run.id, "plan.txt", b"What is inspected, and when")
    await run.act(PEOPLE["quality"], roadmaps.ReportActivity("plan-quality", "", documents=[file]))
    await run.decided("G3")
    first, second = [each for each in await running.decisions(run.hub, PLANNER, run.id) if each.gate == "G3"]
    assert [(each.round, each.outcome) for each in (first, second)] == [(1, "rejected"), (2, "approved")]
    (again,) = [each for each in second.evidence if each.get("gate") == "G2"]
    assert (again["number"], again["holds"], again["value"][0]["name"]) == (3, True, "plan.txt")


def vendors(*names: str) -> JSON:
    return [{"name": each, "source": "Trade fair"} for each in names]


def scored(task: JSON) -> JSON:
    marks = dict.fromkeys(("integration", "cost", "references", "team", "security"), 6)
    rows = [{"vendor": each["vendor"], "functional": 9 - place, **marks} for place, each in enumerate(task["examined"])]
    return {"scores": rows}


def visited(task: JSON) -> JSON:
    if task["vendor"] == "Boreal":
        return {"result": "withdrawn", "reason": "No customer to show"}
    seen = {"visitedOn": "2027-05-20", "place": "Ruiz", "who": "Eva", "findings": "Daily"}
    return {"result": "visited", **seen, "minutes": FILE}


PRICE = {"training": 5000, "data": 5000, "integration": 30000, "management": 10000}
SELECTION: dict[str, list[JSON]] = {
    "list": [{"vendors": vendors("Alba", "Boreal", "Cima")}],
    "brief": [{"heldOn": "2027-05-10", "invited": [{"vendor": "Alba", "came": True, "plan": True}]}],
    "weigh-claims": [{"claims": [{"vendor": "Alba", "claim": "Reads it", "evidence": "shown", "points": 8}]}],
    "choose-short": [
        {"vendors": [{"vendor": "Alba"}, {"vendor": "Boreal"}], "reason": "Most points"},
        {"vendors": [{"vendor": "Alba"}, {"vendor": "Cima"}], "reason": "Boreal has gone"},
    ],
    "visit": [visited],
    "bid": [{"result": "bid", "price": PRICE, "weeks": 20, "serviceLevel": "99.5 %", "exitClause": True, "file": FILE}],
    "score": [scored],
    "decide": [{"decision": "choose", "vendor": "Alba", "runnerUp": "Cima", "reason": "More of what we need"}],
    "sign": [{"result": "signed", "signedOn": "2027-06-20", "amount": 50000, "exitClause": True}],
}


async def a_vendor_withdraws(run: RollOut) -> None:
    """Select the vendor with the real process: of two on the short list one withdraws, and it is completed again."""
    await run.work_until(lambda detail: has_come(run, detail, "select-vendor"))
    run.dearer = {"select-vendor": Decimal("1.1")}
    output = await run.have_done(await run.begun_by_itself("select-vendor"), SELECTION)
    assert (output["withdrawn"], output["vendor"], output["bids"]) == (["Boreal"], "Alba", 2)
    await run.pass_gate("G4")
    decision = (await running.decisions(run.hub, PLANNER, run.id))[-1]
    values = {each["asked"]: each["value"] for each in decision.evidence}
    assert values["kpi of bidding-vendors"] == 2
    # What was earned is what is finished; the selection cost a tenth more than it was to.
    (total,) = [each for each in (await run.standing()).figures().rows if each.factor == "total"]
    finished = sum(sum(run.budgets[name].values(), Decimal()) for name in run.finished)
    assert (total.ev, total.ac, total.ac - total.ev) == (finished, sum(run.spent.values()), Decimal(1500))


async def certified_before_the_pilot(run: RollOut) -> None:
    """Certify the connections in time for the one, and not for the other."""
    await run.work_until_ready("G5")
    for task in await run.asked_by(REQUIREMENT, "prove", 3):
        await answer(run, task, {"met": "yes", "evidence": "It was shown"})
    await certify(run, "erp")
    await run.asked("G5")
    with pytest.raises(ConflictError, match=r"accounting is not certified for credit.*have not been compared"):
        await run.decided("G5")
    await certify(run, "accounting")
    await run.compare(SYNC)
    await run.decided("G5")
    # What the pilot measured is what its gate asks for.
    await run.pass_gate("G6")


async def waves(run: RollOut) -> None:
    """Go live wave by wave, with people who were trained."""
    for wave in ("head-office", "branches"):
        gate = f"G7.{wave}"
        await run.work_until_ready(gate)
        await run.asked(gate)
        await run.compare(SYNC)
        await run.answer(f"gate:{gate}:committee:1", {"approved": True})
        assert (await run.step(gate)).state == "done"


async def blocked_by_what_was_inherited(run: RollOut) -> None:
    """Check what the last phase takes over: red it blocks the gate, mended and checked again it does not."""
    await run.work_until(lambda detail: has_come(run, detail, "check-inherited"))
    # What close support noted lies ahead of the clock of this process, which begins when ours is.
    values = [
        {"name": "orders-on-time", "value": 0.96, "source": "ERP"},
        {"name": "adoption", "value": 0.84, "source": "Hub"},
    ]
    answers: dict[str, list[JSON]] = {
        "recertify": [{"done": True}],
        "figures": [{"values": values}],
        "mend": [{"decision": "leave", "note": "Nobody has certified them since"}],
    }
    step = await run.begun_by_itself("check-inherited")
    red = await run.have_done(step, answers)
    taken_over = {"connections": ["erp", "accounting"], "definitions": ["sales.lead-to-order"], "data": [SYNC]}
    taken_over["kpis"] = ["adoption", "orders-on-time"]
    assert {each["what"] for each in red["results"]} == {each for several in taken_over.values() for each in several}
    assert [each["detail"] for each in red["red"]] == ["not certified since the check began"] * 2
    # Whoever ticks it off nevertheless gains nothing.
    await run.answer("process:check-inherited:1", {"decision": "done", "note": "It will be all right"})
    await run.work_until_ready("G8")
    assert (await run.step("check-inherited")).process["passed"] is False
    await run.asked("G8")
    with pytest.raises(ConflictError, match="The gate `G8` does not hold: red: F8"):
        await run.decided("G8")

    async def mended() -> None:
        for each in ("erp", "accounting"):
            await certify(run, each)

    given = {"roadmap": red["roadmap"], "phase": "F8", **taken_over}
    green = await run.run_process("roadmap.check-inherited", given, answers, first={"recertify": mended})
    assert (green["outcome"], green["red"]) == ("green", [])
    await run.decided("G8")


async def the_end(run: RollOut) -> None:
    """Reckon what it shows from what people did."""
    (view,) = await running.list_running(run.hub, PLANNER, state="completed")
    steps = len(run.budgets) + len(GATES)
    assert (view.id, view.done, view.steps, view.finish) == (run.id, steps, steps, run.today)
    assert await run.inbox() == {}
    decisions = await running.decisions(run.hub, PLANNER, run.id)
    approved = [each for each in decisions if each.outcome == "approved"]
    assert [each.gate for each in approved] == [
        *(f"G{each}" for each in range(7)),
        "G7.head-office",
        "G7.branches",
        "G8",
    ]
    assert all(each["holds"] or each["waived"] for decision in approved for each in decision.evidence)
    figures = (await run.standing()).figures()
    (total,) = [each for each in figures.rows if each.factor == "total"]
    budget = sum(sum(each.values(), Decimal()) for each in run.budgets.values())
    spent = sum(run.spent.values(), Decimal())
    assert (total.pv, total.ev, total.ac) == (budget, budget, spent)
    indices = {each.name: each.value for each in figures.indices}
    assert (indices["cpi"], indices["spi"]) == (round(budget / spent, 4), Decimal(1))


def state_is(name: str, state: str) -> Callable[[RunDetail], bool]:
    """Return what tells whether an activity is in a state."""
    return lambda detail: any(each.id == name and each.state == state for each in detail.steps)


def has_come(run: RollOut, detail: RunDetail, name: str) -> bool:
    """Tell whether the day has come on which an activity can begin."""
    return any(
        each.id == name and each.start and each.state != "waiting" and each.start <= run.today for each in detail.steps
    )


async def fired(run: RollOut) -> list[str]:
    """Return the risks that have come, as the page of registers shows them."""
    return [each.id for each in registers.risks(await run.standing()) if each.fired]


async def certify(run: RollOut, connection: str) -> None:
    """Certify a connection against its system."""
    for done in await certification.certify(run.hub, PEOPLE["integrators"], connection):
        assert done.passed, done.checks


async def answer(run: RollOut, task: TaskView, said: JSON) -> None:
    """Answer a task of a process that nobody waits for."""
    await tasks.complete(run.hub, roll_out.whose(task), task.id, said)


async def sales_tests_run(run: RollOut) -> None:
    """Do what `cauce test --keep` does with the processes of sales."""
    files = (roll_out.DEFINITIONS / "processes").glob("*.test.yaml")
    planned = plan([each for each in files if str(load_file(each).data["process"]).startswith("sales.")])
    results = [each async for each in suite.run(planned.cases, planned.bundles, planned.finds)]
    assert {each.passed for each in results} == {True}
    await test_runs.keep(run.hub, PEOPLE["designers"], keeping.runs(results))
