"""The inbox: what waits for a person, most urgent first."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.deps import CountingDep, HubDep, say_open
from api.i18n import Language
from api.names import titles_of_all
from api.pages import inbox_query, view
from api.pages.inbox_query import Wanted
from cauce.services import clocks, tasks
from cauce.services.hub import Actor
from cauce.services.inbox import listing, views
from cauce.services.tasks import TaskView
from cauce.store.inbox import Counts
from cauce.urgency import SEVERITIES, is_due

router = APIRouter()

page_size: Final = 50
urgencies: Final = (
    ("now", view.message("To do now")),
    ("soon", view.message("Next")),
    ("later", view.message("Later")),
    ("none", view.message("Without a due date")),
)
column_words: Final = {
    "case": view.message("Case"),
    "process": view.message("Process"),
    "customer": view.message("Customer"),
    "group": view.message("Group"),
    "holder": view.message("Who has it"),
    "due": view.message("Due"),
    "came": view.message("Came"),
    "clock": view.message("Clock"),
    "severity": view.message("Severity"),
    "value": view.message("Value"),
    "priority": view.message("Priority"),
    "kind": view.message("Form"),
}
notices: Final = {
    "completed": view.message("Done: the task is completed and the process goes on."),
    "claimed": view.message("The task is yours."),
    "returned": view.message("The task is given back."),
    "delegated": view.message("The task is delegated; you find it under Delegated."),
    "set-aside": view.message("The task is set aside; it comes back by itself."),
    "sent-back": view.message("The case is sent back."),
    "view-saved": view.message("The view is kept; only you see it."),
    "view-dropped": view.message("The view is gone."),
}


@router.get("/inbox")
async def inbox(
    request: Request, hub: HubDep, actor: CountingDep, after: str = "", before: str = "", done: str = ""
) -> Response:
    """Show the tasks that wait for whoever is logged in."""
    kept = await views.of_person(hub, actor)
    wanted = inbox_query.wanted(request.query_params, kept)
    # Counting takes the database longer than all else takes this process: one does its part while the other does.
    page, counts = await asyncio.gather(
        tasks.inbox(hub, actor, wanted.query(), after=after or None, before=before or None, limit=page_size),
        listing.counts(hub, actor),
    )
    say_open(request, counts.open)
    lang, shown = view.language_of(request), wanted.shown
    processes = {(each.definition, each.version) for each in page.tasks} if "process" in shown else set()
    instances = {each.instance for each in page.tasks} if "clock" in shown else set()
    return view.render(
        request,
        "inbox.html",
        sections=sections(page.tasks, lang),
        processes=await titles_of_all(request, processes, lang),
        clocks=await clocks.nearest(hub, instances),
        urgency=view.urgency,
        tabs=tabs(lang, wanted, counts),
        groups=sorted({*actor.groups, *(row.group for row in page.tasks if row.group), *filter(None, [wanted.group])}),
        forms=[(form, number) for form, number in counts.by_form] or [(wanted.form, 0)],
        severities=SEVERITIES,
        summary=summary(lang, counts),
        wanted=wanted,
        columns=[(each, lang.gettext(column_words[each])) for each in shown],
        all_columns=[(each, lang.gettext(word), each in shown) for each, word in column_words.items()],
        views=[(each, inbox_query.of_view(each).address(), each.id == wanted.view) for each in kept],
        next_page=wanted.address(after=page.after) if page.after else "",
        previous_page=wanted.address(before=page.before) if page.before else "",
        acts=acts(actor),
        message=lang.gettext(notices.get(done, "")),
    )


def sections(rows: Sequence[TaskView], lang: Language) -> list[dict[str, Any]]:
    """Return the tasks by when they come up, leaving out what is empty."""
    by_urgency: dict[str, list[TaskView]] = {}
    for row in rows:
        by_urgency.setdefault(_section(row.urgent_at), []).append(row)
    return [
        {"id": name, "label": lang.gettext(label), "tasks": by_urgency[name]}
        for name, label in urgencies
        if name in by_urgency
    ]


def _section(urgent_at: datetime | None) -> str:
    if urgent_at is None or not is_due(urgent_at):
        return "none"
    left = urgent_at - datetime.now(UTC)
    return "now" if left.total_seconds() <= 0 else ("soon" if left <= view.soon else "later")


def tabs(lang: Language, wanted: Wanted, counts: Counts) -> list[dict[str, Any]]:
    """Return the ways to look at the inbox."""
    offered = (
        ("all", lang.gettext("All"), counts.open),
        ("mine", lang.gettext("Mine"), counts.mine),
        ("groups", lang.gettext("My groups"), counts.groups),
        ("available", lang.gettext("Free"), counts.free),
        ("late", lang.gettext("Overdue"), counts.overdue),
        ("set-aside", lang.gettext("Set aside"), counts.set_aside),
        ("delegated", lang.gettext("Delegated"), counts.delegated),
    )
    return [
        {"label": label, "count": count, "href": wanted.but(which=name).address(), "chosen": name == wanted.which}
        for name, label, count in offered
    ]


def summary(lang: Language, counts: Counts) -> str:
    """Say in one line how much there is to do."""
    if not counts.open:
        return lang.gettext("Nothing waits for you.")
    waiting = lang.ngettext("%(num)d task waits for you", "%(num)d tasks wait for you", counts.open)
    overdue = lang.ngettext("%(num)d is overdue", "%(num)d are overdue", counts.overdue)
    parts = [waiting % {"num": counts.open}, *([overdue % {"num": counts.overdue}] if counts.overdue else [])]
    return ", ".join(parts) + "."


def acts(actor: Actor) -> tuple[str, ...]:
    """Return what this person may do with many tasks at once; the services decide again when they do it."""
    return (
        *(("claim", "complete") if actor.may(*tasks.deciders) else ()),
        *(("assign", "priority") if actor.may("manager") else ()),
    )
