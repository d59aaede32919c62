"""`cauce roadmap`: when everything in a roadmap happens and what has moved, what it costs and what it is worth.

The commands for those that run are in `cauce.cli.roadmap_runs`.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cauce import settings
from cauce.cli import inputs, output, roadmap_control, roadmap_costs, roadmap_runs, session
from cauce.cli.data_dir import DataDir
from cauce.errors import DefinitionError, InputError
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import actuals, figures, plans, rendering
from cauce.services.roadmaps.exchange import importing
from cauce.services.roadmaps.figures import FiguresView, Index
from cauce.services.roadmaps.formats import formats
from cauce.services.roadmaps.plans import Asked, PlanView, Step
from schemas import kind_of, load_file
from schemas.files import below, load_files
from workflows.checking import check
from workflows.roadmap.baseline import Span

app = typer.Typer(no_args_is_help=True)
app.add_typer(roadmap_runs.app)
app.add_typer(roadmap_costs.app)
app.add_typer(roadmap_control.app)
Name = Annotated[
    str, typer.Argument(metavar="NAME|FILE", help="A file, a roadmap of the definitions folder, or a published one.")
]


Start = Annotated[str, typer.Option(metavar="DATE", help="When it starts; as it is written if not given.")]
Done = Annotated[
    Path | None, typer.Option("--actuals", metavar="FILE", help="What has happened and cost so far, as CSV.")
]
Status = Annotated[
    str, typer.Option(metavar="DATE", help="The evening up to which it has happened; today if not given.")
]
Tongue = Annotated[Literal["en", "es"], typer.Option(metavar="LANGUAGE", help="en or es.")]


@app.callback()
def roadmap() -> None:
    """Plan a roadmap, start it, and see it through."""


@app.command("plan")
def plan(  # noqa: PLR0913 - one parameter for each option
    name: Name,
    start: Start = "",
    done: Done = None,
    status: Status = "",
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What `--json` printed of an earlier plan, to compare with.")
    ] = None,
    form: Annotated[
        Literal["table", "csv", "mermaid", "ical", "mspdi"],
        typer.Option("--as", metavar="FORM", help="table, csv, mermaid, ical or mspdi (Microsoft Project)."),
    ] = "table",
    language: Tongue = "en",
    *,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Compute when everything happens, what may not be late, and what has moved since the baseline."""
    asked = replace(_asked(start, done, status), baseline=_baseline(baseline))
    found = plans.planned(*_documents(name, data_dir), asked)
    if as_json:
        output.document(found)
    elif form == "table":
        _show(found, language)
    else:
        _, render = formats[form]
        # As bytes: a calendar feed has line ends of its own.
        sys.stdout.buffer.write(render(found, language).encode())
        sys.stdout.buffer.flush()


@app.command("figures")
def show_figures(
    name: Name,
    start: Start = "",
    done: Done = None,
    status: Status = "",
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME=NUMBER", help="A figure that may trigger a risk.")
    ] = None,
    *,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Compute the budget by month, earned value and forecasts, the risks, and what it is worth."""
    metrics = {key: _number(key, value) for key, value in inputs.named(metric or (), "--metric").items()}
    found = figures.figured(*_documents(name, data_dir), _asked(start, done, status), metrics)
    if as_json:
        output.document(found)
    else:
        _show_figures(found)


@app.command("import")
def import_plan(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Microsoft Project's XML, or CSV.")],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What it is to be called; after its title if not given.")
    ] = "",
) -> None:
    """Print a draft of a roadmap out of the plan of another program."""
    found = importing.imported(inputs.file_bytes(file), file.name, name)
    sys.stdout.write(found.text())


def _asked(start: str, done: Path | None, status: str) -> Asked:
    happened = actuals.read(inputs.file_text(done).removeprefix("\ufeff").splitlines()) if done else {}
    until = _day(status, "--status") or (datetime.now(UTC).date() if happened else None)
    return Asked(_day(start, "--start"), happened, until)


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"--metric {name} is no number.", hint="Write it as --metric adoption=0.6.")
    return float(value)


def _documents(name: str, data_dir: Path | None) -> tuple[Any, Any]:
    """Return a roadmap and its calendar, from files or as they are published."""
    file = Path(name) if Path(name).is_file() else settings.load().definitions_dir / "roadmaps" / f"{name}.yaml"
    if file.is_file():
        return _of_file(file)
    if Path(name).suffix in {".yaml", ".yml"}:
        raise InputError(f"There is no file {name}.", hint="Check the path.")

    async def work(hub: Hub, actor: Actor) -> tuple[Any, Any]:
        return await plans.documents(hub, actor, name)

    return session.run(work, data_dir=data_dir)


def _of_file(file: Path) -> tuple[Any, Any]:
    source = load_file(file)
    if kind_of(source.data) != "roadmap":
        raise InputError(f"{file} is no roadmap.", hint="A roadmap begins with `roadmap:` and its name.")
    home = file.resolve().parent
    # Of all definitions around it, it can only need calendars.
    around = below(home.parent / "calendars" if home.name == "roadmaps" else home)
    neighbours = [each for each in load_files(around)[0] if kind_of(each.data) == "calendar"]
    found = [each for each in check([*neighbours, source]) if each.severity == "error"]
    if found:
        raise DefinitionError.of("The roadmap cannot be used", found)
    calendars: Mapping[str, Any] = {each.data["calendar"]: each.data for each in neighbours}
    return source.data, calendars.get(source.data.get("calendar", ""))


def _day(text: str, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InputError(f"{option} '{text[:40]}' is no day.", hint="Write it as 2027-01-11.") from error


def _baseline(file: Path | None) -> Mapping[str, Span] | None:
    if file is None:
        return None
    given = inputs.parse(inputs.file_text(file), str(file))
    try:
        return {
            each["id"]: Span(date.fromisoformat(each["start"]), date.fromisoformat(each["finish"]))
            for each in given["steps"]
        }
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file} is no plan.", hint="`cauce roadmap plan NAME --json` prints one.") from error


def _show(found: PlanView, language: str) -> None:
    rows = [_row(step, language) for step in found.steps]
    head = ("", "id", "what", "owner", "days", "start", "finish", "float", "shift")
    output.table(rendering.label(found.title, language), head, rows)
    for number, path in enumerate(found.critical_paths, 1):
        output.say(f"Critical path {number}: {' → '.join(path)}")
    if found.late:
        output.say(f"Cannot keep to their days: {', '.join(found.late)}.")
    if found.dropped:
        output.say(f"No longer there: {', '.join(found.dropped)}.")
    late = (found.finish - found.baseline_finish).days
    moved = f", {abs(late)} days {'later' if late > 0 else 'earlier'} than the baseline" if late else ""
    output.say(f"From {found.start} to {found.finish}, {found.working_days} working days{moved}.")


def _row(step: Step, language: str) -> tuple[Any, ...]:
    mark = {"done": "✓", "started": "▸", "waiting": ""}[step.state] or ("!" if step.critical else "")
    title = rendering.label(step.title, language)
    floats = "" if step.state == "done" else str(step.total_float)
    shift = "new" if step.finish_shift is None else f"{step.finish_shift:+d}" if step.finish_shift else ""
    days = "gate" if step.kind == "gate" and not step.days else step.days
    return (mark, step.id, title, step.owner, days, step.start, step.finish, floats, shift)


def _show_figures(found: FiguresView) -> None:
    factors = [each.factor for each in found.rows if each.factor != "total"]
    months = [
        (each.period, *(each.factors[one] for one in factors), each.total, each.cumulative) for each in found.months
    ]
    output.table(f"Budget in {found.currency}", ("month", *factors, "total", "so far"), months)
    rows = [(each.factor, each.budget, each.pv, each.ev, each.ac, _said(each.overspent)) for each in found.rows]
    output.table("Earned value", ("factor", "budget", "planned", "earned", "spent", "overspent"), rows)
    variances = [("cv", found.cost_variance, ""), ("sv", found.schedule_variance, "")]
    output.table(
        "Indices", ("", "", ""), [*variances, *((each.name, _said(each), each.light) for each in found.indices)]
    )
    if found.case:
        output.table("What it is worth", ("", ""), [(each.name, _said(each)) for each in found.case.indices])
    output.say(f"With contingency {found.budget_with_contingency} {found.currency}. Risks: {found.exposure} in all.")
    if found.fired:
        output.say(f"Risks that have come: {', '.join(found.fired)}.")
    speed = found.finish_at_speed or found.finish_reason
    output.say(
        f"Ends on {found.planned_finish} by the plan, {found.baseline_finish} as written; at the speed so far: {speed}"
    )


def _said(index: Index) -> str:
    return index.reason if index.value is None else str(index.value)
