"""The supervisor's page: who has how much to do, what will be late, and giving it to others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.deps import FormDep, HubDep, VisitorDep
from api.i18n import Language
from api.names import titles_of_all
from api.pages import view
from cauce.errors import CauceError, InputError
from cauce.permissions import may_anywhere
from cauce.services import clocks
from cauce.services.hub import Actor, Hub
from cauce.services.task_batches import Row
from cauce.services.tasks import TaskView
from cauce.services.teamwork import team

router = APIRouter()
spans: Final = (4, 8, 24, 72, 168)
usual_span: Final = 24
most_clocks: Final = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What of the work is looked at: a person's, a group's, what nobody has, or what is due within some hours."""

    person: str = ""
    group: str = ""
    free: bool = False
    hours: int = usual_span

    @property
    def is_narrow(self) -> bool:
        """Whether it is about somebody's tasks, or nobody's, and not about what will be late."""
        return bool(self.person or self.free)

    def address(self, **other: Any) -> str:  # noqa: ANN401 - what an address holds
        """Return the address of the page with something else looked at."""
        words = {"person": self.person, "group": self.group, "free": self.free and "1", "hours": self.hours, **other}
        if words["hours"] == usual_span:
            words["hours"] = ""
        query = urlencode({name: value for name, value in words.items() if value})
        return f"/team?{query}" if query else "/team"


@router.get("/team")
async def team_page(
    request: Request,
    hub: HubDep,
    actor: VisitorDep,
    *,
    person: str = "",
    group: str = "",
    free: bool = False,
    hours: int = usual_span,
) -> Response:
    """Show who has how much to do, and what will be late."""
    return await _shown(request, hub, actor, _look(person, group, free=free, hours=str(hours)))


@router.post("/team")
async def reassign(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Give the chosen tasks to somebody else, and show what came of each."""
    names = ("person", "group", "hours", "user", "to_group", "reason")
    given = {name: str(form.get(name, "")).strip() for name in names}
    look = _look(given["person"], given["group"], free=bool(form.get("free")), hours=given["hours"])
    chosen = [str(each) for each in form.getlist("task")]
    # What they are called is known while they are where they were chosen.
    known = {each.id: each for each in await _rows(hub, actor, look)}
    try:
        rows = await team.reassign(
            hub, actor, chosen, user=given["user"] or None, group=given["to_group"] or None, reason=given["reason"]
        )
    except InputError as error:
        return await _shown(request, hub, actor, look, given=given | {"chosen": chosen}, problem=error)
    return await _shown(request, hub, actor, look, outcome=_words(rows, known, view.language_of(request)))


def _look(person: str, group: str, *, free: bool, hours: str) -> Look:
    span = int(hours) if hours.isdigit() and len(hours) < len(str(team.most_hours)) + 1 else usual_span
    return Look(person, group, free, min(span, team.most_hours))


async def _shown(
    request: Request,
    hub: Hub,
    actor: Actor,
    look: Look,
    *,
    given: Mapping[str, Any] | None = None,
    outcome: Sequence[Mapping[str, str]] = (),
    problem: CauceError | None = None,
) -> Response:
    lang, rows = view.language_of(request), await _rows(hub, actor, look)
    processes = {(each.definition, each.version) for each in rows}
    return view.render(
        request,
        "team.html",
        team=await team.look(hub, actor, group=look.group or None),
        rows=rows,
        look=look,
        spans=sorted({*spans, look.hours}),
        clocks=() if look.is_narrow else await _clocks(hub, actor, look),
        processes=await titles_of_all(request, processes, lang),
        outcome=outcome,
        done=sum(not each["problem"] for each in outcome),
        given=given or {},
        may_move=may_anywhere(actor, "supervise", actor.grants, team.movers),
        most_rows=team.most_rows,
        urgency_of=view.urgency,
        refusal=problem,
    )


async def _rows(hub: Hub, actor: Actor, look: Look) -> list[TaskView]:
    within = None if look.is_narrow else timedelta(hours=look.hours)
    person, group = look.person or None, look.group or None
    return await team.open_tasks(hub, actor, person=person, group=group, free=look.free, within=within)


async def _clocks(hub: Hub, actor: Actor, look: Look) -> Sequence[clocks.ClockView]:
    if not actor.may(*clocks.overseers):
        return ()
    return (await clocks.ahead(hub, actor, within=timedelta(hours=look.hours), limit=most_clocks)).clocks


def _words(outcome: Sequence[Row], known: Mapping[str, TaskView], lang: Language) -> list[dict[str, str]]:
    """Return what came of each task: what it is called where that is still known, and why it stayed where it was."""
    found = []
    for row in outcome:
        task = known.get(row.id)
        title = lang.label(task.title, view.humane(task.name)) if task else lang.gettext("A task")
        why = (row.problem or {}).get("detail", "")
        found.append({"id": row.id, "title": title, "case": task.business_key if task else "", "problem": why})
    return found
