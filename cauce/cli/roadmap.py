"""`cauce roadmap`: when everything in a roadmap happens, what is critical, and what has moved."""

import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cauce import settings
from cauce.cli import inputs, output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import DefinitionError, InputError
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import actuals, plans, rendering
from cauce.services.roadmaps.plans import Asked, PlanView, Step
from schemas import kind_of, load_file
from schemas.files import beside, load_files
from workflows.checking import check
from workflows.roadmap.baseline import Span

app = typer.Typer(no_args_is_help=True)
Name = Annotated[
    str, typer.Argument(metavar="NAME|FILE", help="A file, a roadmap of the definitions folder, or a published one.")
]


@app.callback()
def roadmap() -> None:
    """Look at the plan of a roadmap."""


@app.command("plan")
def plan(  # noqa: PLR0913 - one parameter for each option
    name: Name,
    start: Annotated[str, typer.Option(metavar="DATE", help="When it starts; as it is written if not given.")] = "",
    done: Annotated[
        Path | None, typer.Option("--actuals", metavar="FILE", help="What has happened so far, as CSV.")
    ] = None,
    status: Annotated[
        str, typer.Option(metavar="DATE", help="The evening up to which it has happened; today if not given.")
    ] = "",
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What `--json` printed of an earlier plan, to compare with.")
    ] = None,
    form: Annotated[
        Literal["table", "csv", "mermaid", "ical"],
        typer.Option("--as", metavar="FORM", help="table, csv, mermaid or ical."),
    ] = "table",
    language: Annotated[Literal["en", "es"], typer.Option(metavar="LANGUAGE", help="en or es.")] = "en",
    *,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Compute when everything happens, what may not be late, and what has moved since the baseline."""
    happened = actuals.read(inputs.file_text(done).removeprefix("\ufeff").splitlines()) if done else {}
    asked = Asked(
        start=_day(start, "--start"),
        actuals=happened,
        status=_day(status, "--status") or (datetime.now(UTC).date() if happened else None),
        baseline=_baseline(baseline),
    )
    found = _planned(name, asked, data_dir)
    if as_json:
        output.document(found)
    elif form == "table":
        _show(found, language)
    else:
        _, render = rendering.formats[form]
        # As bytes: a calendar feed has line ends of its own.
        sys.stdout.buffer.write(render(found, language).encode())
        sys.stdout.buffer.flush()


def _planned(name: str, asked: Asked, data_dir: Path | None) -> PlanView:
    file = Path(name) if Path(name).is_file() else settings.load().definitions_dir / "roadmaps" / f"{name}.yaml"
    if file.is_file():
        return _of_file(file, asked)
    if Path(name).suffix in {".yaml", ".yml"}:
        raise InputError(f"There is no file {name}.", hint="Check the path.")

    async def work(hub: Hub, actor: Actor) -> PlanView:
        return await plans.plan(hub, actor, name, asked)

    return session.run(work, data_dir=data_dir)


def _of_file(file: Path, asked: Asked) -> PlanView:
    source = load_file(file)
    if kind_of(source.data) != "roadmap":
        raise InputError(f"{file} is no roadmap.", hint="A roadmap begins with `roadmap:` and its name.")
    neighbours = [each for each in load_files(beside([file], flat=True))[0] if kind_of(each.data) == "calendar"]
    found = [each for each in check([*neighbours, source]) if each.severity == "error"]
    if found:
        raise DefinitionError.of("The roadmap cannot be used", found)
    calendars: Mapping[str, Any] = {each.data["calendar"]: each.data for each in neighbours}
    return plans.planned(source.data, calendars.get(source.data.get("calendar", "")), asked)


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
