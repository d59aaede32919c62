"""`cauce roadmap start` and the commands after it: roadmaps that run, and what people do with them."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cauce import roadmaps
from cauce.cli import inputs, output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import InputError
from cauce.roadmaps import Done, Request
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import actuals, rendering, running, running_plans
from cauce.services.roadmaps.running import RunDetail, RunView, StepView
from cauce.services.roadmaps.running_plans import Preview

JSON = Any
app = typer.Typer()
Run = Annotated[str, typer.Argument(metavar="NAME/KEY", help="A roadmap that runs, as `cauce roadmap list` shows it.")]
Step = Annotated[str, typer.Argument(metavar="ACTIVITY", help="Its id; one of a wave is `id.wave`.")]
Day = Annotated[str, typer.Option(metavar="DATE", help="Today if not given.")]
Cost = Annotated[list[str] | None, typer.Option(metavar="FACTOR=AMOUNT", help="All that it has cost so far.")]
Note = Annotated[str, typer.Option(metavar="TEXT", help="What is worth knowing about it.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]


@app.command("start")
def start(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A published roadmap.")],
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Tells it from others of the same roadmap.")] = None,
    day: Annotated[str, typer.Option("--start", metavar="DATE", help="Its first day; as written if not given.")] = "",
    done: Annotated[
        Path | None,
        typer.Option("--actuals", metavar="FILE", help="What was done before it is taken over, as CSV; gates, too."),
    ] = None,
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Start a roadmap: its activities become tasks when their time has come."""
    happened = actuals.read(inputs.file_text(done).splitlines()) if done else None

    async def work(hub: Hub, actor: Actor) -> RunView:
        return await running.start(hub, actor, name, key=key, day=day_of(day) if day else None, happened=happened)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    output.say(f"{_short(found)} runs from {found.start} to {found.finish}.")


@app.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="running, completed, stopped or cancelled.")
    ] = None,
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """List the roadmaps that run or ran."""

    async def work(hub: Hub, actor: Actor) -> Sequence[RunView]:
        return await running.list_running(hub, actor, state=state)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"roadmaps": found})
        return
    rows = [
        (_short(each), each.state, each.phase, f"{each.done}/{each.steps}", each.finish, _late(each), each.light)
        for each in found
    ]
    head = ("roadmap", "state", "phase", "done", "ends", "late", "last month")
    output.table("Roadmaps", head, rows, empty="No roadmap runs.")


@app.command("show")
def show(
    run: Run,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what is done, and what waits for something else.")] = False,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """Show where a roadmap is: what is ready, under way or late, and its gates."""

    async def work(hub: Hub, actor: Actor) -> RunDetail:
        return await running.running(hub, actor, identity(run))

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
        return
    steps = [each for each in found.steps if every or each.state not in ("done", "waiting")]
    rows = [
        (("!" if each.critical else ""), each.id, each.state, each.owner, each.start, each.finish, _shift(each))
        for each in steps
    ]
    head = ("", "id", "state", "owner", "start", "finish", "late")
    output.table(rendering.label(found.run.title, "en"), head, rows, empty="Nothing is under way.")
    for each in steps:
        if each.process:
            output.say(f"{each.id}: {each.process['instance']} {_stands(each.process)}.")
    output.say(
        f"{found.run.state}: {found.run.done} of {found.run.steps} done; ends {found.run.finish}{_risks(found)}."
    )


@app.command("begin")
def begin(run: Run, activity: Step, day: Day = "", *, data_dir: DataDir = None, as_user: session.AsUser = None) -> None:
    """Say that an activity has begun."""
    carry_out(run, roadmaps.StartActivity(activity, "", day), data_dir, as_user)


@app.command("report")
def report(  # noqa: PLR0913 - one parameter for each option
    run: Run,
    activity: Step,
    percent: Annotated[float | None, typer.Option(metavar="NUMBER", help="How much is done, from 0 to 100.")] = None,
    remaining: Annotated[int | None, typer.Option(metavar="DAYS", help="Working days that are left.")] = None,
    part: Annotated[list[int] | None, typer.Option(metavar="NUMBER", help="A part that is there, from 1.")] = None,
    cost: Cost = None,
    note: Note = "",
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Say how far an activity is and what it has cost."""
    request = roadmaps.ReportActivity(activity, "", percent, remaining, part, _cost(cost), note=note)
    carry_out(run, request, data_dir, as_user)


@app.command("finish")
def finish(
    run: Run,
    activity: Step,
    day: Day = "",
    started: Annotated[str, typer.Option(metavar="DATE", help="If nobody has said so before.")] = "",
    cost: Cost = None,
    note: Note = "",
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Say that an activity is done."""
    request = roadmaps.FinishActivity(activity, "", day, started, cost=_cost(cost), note=note)
    carry_out(run, request, data_dir, as_user)


@app.command("run")
def run_process(
    run: Run, activity: Step, note: Note = "", *, data_dir: DataDir = None, as_user: session.AsUser = None
) -> None:
    """Start the process of an activity: again, or of one that was begun by hand."""
    carry_out(run, roadmaps.RunActivity(activity, "", note), data_dir, as_user)


@app.command("gate")
def gate(  # noqa: PLR0913 - one parameter for each option
    run: Run,
    name: Annotated[str, typer.Argument(metavar="GATE", help="Its id.")],
    act: Annotated[
        Literal["request", "sign", "waive", "approve", "reject"], typer.Argument(metavar="ACT", help="What to do.")
    ],
    approver: Annotated[str, typer.Option("--for", metavar="OWNER", help="The owner you decide for.")] = "",
    evidence: Annotated[int, typer.Option(metavar="NUMBER", help="To sign or to waive, from 0.")] = 0,
    reason: Why = "",
    until: Annotated[str, typer.Option(metavar="DATE", help="When a waiver ends.")] = "",
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Ask for a gate, sign or waive its evidence, or decide it."""
    if act in ("approve", "reject") and not approver:
        raise InputError("A gate is decided for one of its approvers.", hint="Add --for OWNER.")
    requests: dict[str, Request] = {
        "request": roadmaps.RequestGate(name, ""),
        "sign": roadmaps.SignGate(name, evidence, ""),
        "waive": roadmaps.WaiveEvidence(name, evidence, "", reason, until),
        "approve": roadmaps.DecideGate(name, "", approver, approve=True, reason=reason),
        "reject": roadmaps.DecideGate(name, "", approver, approve=False, reason=reason),
    }
    carry_out(run, requests[act], data_dir, as_user)


@app.command("baseline")
def baseline(run: Run, reason: Why = "", *, data_dir: DataDir = None, as_user: session.AsUser = None) -> None:
    """Keep the plan as it is now, to be measured by."""
    carry_out(run, roadmaps.SetBaseline("", reason), data_dir, as_user)


@app.command("change")
def change(
    run: Run,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="In a few words.")],
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    days: Annotated[list[str] | None, typer.Option(metavar="ACTIVITY=DAYS", help="What it takes then.")] = None,
    cost: Annotated[
        list[str] | None, typer.Option(metavar="ACTIVITY=JSON", help='What it costs then, as {"data": 2000}.')
    ] = None,
    *,
    emergency: Annotated[bool, typer.Option("--emergency", help="In force at once, to be ratified.")] = False,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Ask for a change of the plan; its impact says who decides on it."""
    edits: dict[str, dict[str, JSON]] = {}
    for name, value in inputs.named(days or (), "--days").items():
        edits.setdefault(name, {})["days"] = value
    for name, value in inputs.named(cost or (), "--cost").items():
        edits.setdefault(name, {})["cost"] = value
    carry_out(run, roadmaps.RequestChange("", what, why, edits, emergency), data_dir, as_user)


@app.command("decide")
def decide(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="CHANGE", help="Its number, such as C-1.")],
    decision: Annotated[Literal["approved", "rejected", "deferred"], typer.Argument(metavar="DECISION")],
    reason: Why = "",
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Decide on a change: approved, rejected or deferred."""
    carry_out(run, roadmaps.DecideChange(name, "", decision, reason), data_dir, as_user)


@app.command("apply")
def apply(
    run: Run,
    version: Annotated[str | None, typer.Option(metavar="VERSION", help="The latest if not given.")] = None,
    reason: Why = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would move.")] = False,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Put another published version of the definition in force; what has happened stays."""

    async def work(hub: Hub, actor: Actor) -> tuple[Preview, Done | None]:
        seen = await running_plans.preview(hub, actor, identity(run), version)
        if dry_run:
            return seen, None
        return seen, await running_plans.apply(hub, actor, identity(run), seen.version, reason)

    seen, done = session.run(work, data_dir=data_dir, as_user=as_user)
    rows = [
        (each.id, each.start, each.finish, "new" if each.finish_shift is None else f"{each.finish_shift:+d}")
        for each in seen.plan.steps
        if each.finish_shift != 0 or each.start_shift != 0
    ]
    head = ("id", "start", "finish", "moved")
    output.table(f"Version {seen.version}", head, rows, empty="Nothing moves.")
    for name in seen.plan.dropped:
        output.say(f"{name} is not in it{'; it has begun, so it is cancelled and kept' if name in seen.kept else ''}.")
    output.say(f"Done (event {done.event})." if done else f"The roadmap would end {seen.plan.finish}.")


@app.command("metrics")
def metrics(
    run: Run,
    given: Annotated[list[str], typer.Argument(metavar="NAME=NUMBER", help="Figures that risks watch.")],
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Give figures that risks and stop criteria watch."""
    found = {name: float(value) for name, value in inputs.named(given, "NAME=NUMBER").items()}
    carry_out(run, roadmaps.ReportMetrics("", found), data_dir, as_user)


@app.command("cancel")
def cancel(run: Run, reason: Why = "", *, data_dir: DataDir = None, as_user: session.AsUser = None) -> None:
    """End a roadmap; what has happened is kept."""
    carry_out(run, roadmaps.CancelRoadmap("", reason), data_dir, as_user)


@app.command("history")
def history(
    run: Run,
    after: Annotated[int, typer.Option(metavar="NUMBER", help="Only what comes behind this event.")] = 0,
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """Show what happened to a roadmap, in order."""

    async def work(hub: Hub, actor: Actor) -> Sequence[running.EventView]:
        return await running.history(hub, actor, identity(run), after=after)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"events": found})
        return
    rows = [(each.number, f"{each.at:%Y-%m-%d %H:%M}", each.kind, each.about, each.by) for each in found]
    output.table("What happened", ("", "at", "what", "about", "by"), rows, empty="Nothing has happened behind that.")


def identity(run: str) -> str:
    """Return the id of a roadmap that runs, from what people write; raises `InputError`."""
    name, slash, key = run.removeprefix("roadmap:").partition("/")
    if not slash or not name or not key:
        raise InputError(f"'{run[:100]}' names no roadmap that runs.", hint="Write NAME/KEY, such as crm-rollout/2027.")
    return roadmaps.roadmap_id(name, key)


def carry_out(run: str, request: Request, data_dir: Path | None, as_user: str | None) -> None:
    """Do something with a roadmap and say what came of it."""

    async def work(hub: Hub, actor: Actor) -> Done:
        return await running.act(hub, actor, identity(run), request)

    done = session.run(work, data_dir=data_dir, as_user=as_user)
    moved = f"; {done.moved} moved by it" if done.moved else ""
    output.say(f"Done (event {done.event}). The roadmap is {done.state} and ends {done.finish}{moved}.")


def _cost(given: list[str] | None) -> dict[str, str] | None:
    if given is None:
        return None
    return {name: json.dumps(value) for name, value in inputs.named(given, "--cost").items()}


def day_of(text: str) -> date:
    """Return a day that an option names; raises `InputError`."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"'{text[:40]}' is no day.", hint="Write it as 2027-01-11.") from error


def _short(run: RunView) -> str:
    return roadmaps.run_name(run.roadmap, run.key)


def _late(run: RunView) -> str:
    days = (run.finish - run.baseline_finish).days
    return f"{days:+d} days" if days else ""


def _stands(process: JSON) -> str:
    if process["state"] != "ended":
        return str(process["state"])
    reason = f": {process['reason']}".rstrip(".") if process["reason"] else ""
    return f"{process['how']}, {'passed' if process['passed'] else 'not passed'}{reason}"


def _shift(step: StepView) -> str:
    if step.finish is None or step.baseline_finish is None:
        return ""
    days = (step.finish - step.baseline_finish).days
    return f"{days:+d} days" if days else ""


def _risks(found: RunDetail) -> str:
    return f"; risks that have come: {', '.join(found.run.risks)}" if found.run.risks else ""
