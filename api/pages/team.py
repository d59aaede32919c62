"""The supervisor's page: who has how much to do, what will be late, and giving it to others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.deps import FormDep, HubDep, VisitorDep
from api.i18n import Language
from api.names import titles_of_all
from api.pages import view
from api.pages.inbox import number_of
from api.sentences import said
from cauce.errors import CauceError, InputError
from cauce.permissions import may_anywhere
from cauce.services import clocks
from cauce.services.hub import Actor, Hub
from cauce.services.inbox.listing import Line
from cauce.services.task_batches import Row
from cauce.services.teamwork import team
from cauce.services.teamwork.team import Member
from cauce.store.task_search import has_words, words_of
from cauce.store.team import Wanted

router = APIRouter(include_in_schema=False)
spans: Final = (4, 8, 24, 72, 168)
usual_span: Final = 24
most_clocks: Final = 10
page_size: Final = 50
# So many on a page, those who have most to do first.
most_people: Final = 50
_LONGEST: Final = 200
# And so many are offered to be given something: those who have least to do. Others are written out.
most_offered: Final = 200


@dataclass(frozen=True, slots=True)
class Look:
    """What of the work is looked at: a person's, a group's, what nobody has, or what is due within some hours.

    Of many people those who have less to do than `below`, and whose names have the words of `text`.
    """

    person: str = ""
    group: str = ""
    free: bool = False
    hours: int = usual_span
    text: str = ""
    below: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether it is about somebody's tasks, or nobody's, and not about what will be late."""
        return bool(self.person or self.free)

    def address(self, **other: Any) -> str:  # noqa: ANN401 - what an address holds
        """Return the address of the page with something else looked at."""
        people = {"text": self.text, "below": self.below}
        work = {"person": self.person, "group": self.group, "free": self.free and "1", "hours": self.hours}
        words: dict[str, Any] = {**work, **people, **other}
        if words["hours"] == usual_span:
            words["hours"] = ""
        query = urlencode({name: value for name, value in words.items() if value})
        return f"/team?{query}" if query else "/team"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the tasks begins, or where it ends."""

    after: str = ""
    before: str = ""


@router.get("/team")
async def team_page(  # noqa: PLR0913 - one for each part of the address
    request: Request,
    hub: HubDep,
    actor: VisitorDep,
    *,
    person: str = "",
    group: str = "",
    free: bool = False,
    hours: int = usual_span,
    text: str = "",
    below: str = "",
    after: str = "",
    before: str = "",
) -> Response:
    """Show who has how much to do, and what will be late."""
    look = _look(person, group, free=free, hours=str(hours), text=text, below=below)
    return await _shown(request, hub, actor, look, Place(after, before))


@router.post("/team")
async def reassign(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Give the chosen tasks to somebody else, and show what came of each."""
    names = ("person", "group", "hours", "text", "below", "after", "before", "user", "to_group", "reason")
    given = {name: str(form.get(name, "")).strip() for name in names}
    people = {name: given[name] for name in ("text", "below")}
    look = _look(given["person"], given["group"], free=bool(form.get("free")), hours=given["hours"], **people)
    place = Place(given["after"], given["before"])
    chosen = [str(each) for each in form.getlist("task")]
    # What they are called is known while they are where they were chosen.
    known = {each.id: each for each in (await _opened(hub, actor, look, place)).page.tasks}
    try:
        rows = await team.reassign(
            hub, actor, chosen, user=given["user"] or None, group=given["to_group"] or None, reason=given["reason"]
        )
    except InputError as error:
        return await _shown(request, hub, actor, look, place, given=given | {"chosen": chosen}, problem=error)
    return await _shown(request, hub, actor, look, place, outcome=_words(rows, known, view.language_of(request)))


def _look(person: str, group: str, *, free: bool, hours: str, text: str, below: str) -> Look:
    span = int(hours) if hours.isdigit() and len(hours) < len(str(team.most_hours)) + 1 else usual_span
    return Look(person, group, free, min(span, team.most_hours), text.strip()[:_LONGEST], below[:_LONGEST])


async def _shown(
    request: Request,
    hub: Hub,
    actor: Actor,
    look: Look,
    place: Place,
    *,
    given: Mapping[str, Any] | None = None,
    outcome: Sequence[Mapping[str, str]] = (),
    problem: CauceError | None = None,
) -> Response:
    opened = await _opened(hub, actor, look, place)
    page, everyone = opened.page, opened.team
    people = _people(everyone.people, look)
    lang, processes = view.language_of(request), {(each.definition, each.version) for each in page.tasks}
    return view.render(
        request,
        "team.html",
        team=everyone,
        people=people.shown,
        more_people=people,
        offered=[each for each in everyone.people if each.active][-most_offered:],
        free=[
            (each, [number_of(n, everyone.most) for n in (each.open, each.late, each.today)]) for each in everyone.free
        ],
        rows=page.tasks,
        look=look,
        place=place,
        next_page=look.address(after=page.after) if page.after else "",
        previous_page=look.address(before=page.before) if page.before else "",
        spans=sorted({*spans, look.hours}),
        clocks=() if look.is_narrow else await _clocks(hub, actor, look),
        processes=await titles_of_all(request, processes, lang),
        outcome=outcome,
        done=sum(not each["problem"] for each in outcome),
        given=given or {},
        may_move=may_anywhere(actor, "supervise", actor.grants, team.movers),
        urgency_of=view.urgency,
        refusal=problem,
    )


@dataclass(frozen=True, slots=True)
class People:
    """Some of the people, and the addresses of those who have less and more to do; `are_many` when there are others."""

    shown: Sequence[Member]
    are_many: bool
    next_page: str
    previous_page: str


def _people(every: Sequence[Member], look: Look) -> People:
    """Return those who are looked for, from a place in the order of their load; and who is looked at."""
    sought = words_of(look.text)
    found = [each for each in every if has_words(sought, f"{each.name} {each.full_name}")] if sought else list(every)
    begin = next((number + 1 for number, each in enumerate(found) if each.name == look.below), 0)
    shown = found[begin : begin + most_people]
    back = found[begin - most_people - 1].name if begin > most_people else ""
    following = look.address(below=shown[-1].name) if begin + most_people < len(found) else ""
    looked_at = [each for each in every if each.name == look.person and each not in shown]
    are_many = len(every) > most_people
    return People([*looked_at, *shown], are_many, following, look.address(below=back) if begin else "")


async def _opened(hub: Hub, actor: Actor, look: Look, place: Place) -> team.Opened:
    until = None if look.is_narrow else datetime.now(UTC) + timedelta(hours=look.hours)
    wanted = Wanted(look.person or None, look.group or None, look.free, until)
    after, before = place.after or None, place.before or None
    return await team.opened(hub, actor, wanted, group=look.group or None, after=after, before=before, limit=page_size)


async def _clocks(hub: Hub, actor: Actor, look: Look) -> Sequence[clocks.ClockView]:
    if not actor.may(*clocks.overseers):
        return ()
    return (await clocks.ahead(hub, actor, within=timedelta(hours=look.hours), limit=most_clocks)).clocks


def _words(outcome: Sequence[Row], known: Mapping[str, Line], lang: Language) -> list[dict[str, str]]:
    """Return what came of each task: what it is called where that is still known, and why it stayed where it was."""
    found = []
    for row in outcome:
        task = known.get(row.id)
        title = lang.label(task.title, view.humane(task.name)) if task else lang.gettext("A task")
        why = said((row.problem or {}).get("detail", ""), lang)
        found.append({"id": row.id, "title": title, "case": task.business_key if task else "", "problem": why})
    return found
