"""The inbox: what waits for a person, most urgent first."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.deps import HubDep, VisitorDep
from api.i18n import Language
from api.names import names_of
from api.pages import view
from cauce.services import clocks, tasks
from cauce.services.tasks import TaskView
from cauce.store.tasks import Filters

router = APIRouter()

page_size = 50
urgencies = (
    ("overdue", view.message("Overdue")),
    ("soon", view.message("Due soon")),
    ("later", view.message("Due later")),
    ("none", view.message("Without a due date")),
)
notices = {
    "completed": view.message("Done: the task is completed and the process goes on."),
    "claimed": view.message("The task is yours."),
    "returned": view.message("The task is given back."),
    "delegated": view.message("The task is delegated; you find it under Delegated."),
    "set-aside": view.message("The task is set aside; it comes back by itself."),
    "sent-back": view.message("The case is sent back."),
}


@router.get("/inbox")
async def inbox(
    request: Request,
    hub: HubDep,
    actor: VisitorDep,
    which: str = "all",
    group: str = "",
    after: str = "",
    done: str = "",
) -> Response:
    """Show the tasks that wait for whoever is logged in."""
    wanted = Filters(
        mine=which == "mine",
        state="open" if which == "available" else None,
        group=group or None,
        delegated=which == "delegated",
        set_aside=which == "set-aside",
    )
    page = await tasks.inbox(hub, actor, wanted, after=after or None, limit=page_size)
    counts = page.counts
    lang = view.language_of(request)
    processes = {(each.definition, each.version) for each in page.tasks}
    return view.render(
        request,
        "inbox.html",
        sections=sections(page.tasks, lang),
        processes={each: (await names_of(request, *each)).title(lang) for each in processes},
        tabs=tabs(lang, which, group, counts),
        clocks=await clocks.nearest(hub, {each.instance for each in page.tasks}),
        groups=sorted({*actor.groups, *(row.group for row in page.tasks if row.group), *filter(None, [group])}),
        summary=summary(lang, counts),
        clock_urgency=view.urgency,
        which=which,
        group=group,
        next_page=address(which, group, page.after) if page.after else "",
        message=lang.gettext(notices.get(done, "")),
    )


def sections(rows: Sequence[TaskView], lang: Language) -> list[dict[str, Any]]:
    """Return the tasks by urgency, leaving out what is empty."""
    by_urgency: dict[str, list[TaskView]] = {}
    for row in rows:
        by_urgency.setdefault(view.urgency(row.due_at), []).append(row)
    return [
        {"id": name, "label": lang.gettext(label), "tasks": by_urgency[name]}
        for name, label in urgencies
        if name in by_urgency
    ]


def tabs(lang: Language, which: str, group: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    """Return the ways to look at the inbox."""
    offered = (
        ("all", lang.gettext("All"), counts["open"]),
        ("mine", lang.gettext("Mine"), counts["mine"]),
        ("available", lang.gettext("Free"), counts["open"] - counts["mine"]),
        ("set-aside", lang.gettext("Set aside"), counts["set_aside"]),
        ("delegated", lang.gettext("Delegated"), counts["delegated"]),
    )
    return [
        {"label": label, "count": count, "href": address(name, group), "chosen": name == which}
        for name, label, count in offered
    ]


def summary(lang: Language, counts: dict[str, int]) -> str:
    """Say in one line how much there is to do."""
    if not counts["open"]:
        return lang.gettext("Nothing waits for you.")
    waiting = lang.ngettext("%(num)d task waits for you", "%(num)d tasks wait for you", counts["open"])
    overdue = lang.ngettext("%(num)d is overdue", "%(num)d are overdue", counts["overdue"])
    parts = [waiting % {"num": counts["open"]}, *([overdue % {"num": counts["overdue"]}] if counts["overdue"] else [])]
    return ", ".join(parts) + "."


def address(which: str, group: str, after: str | None = None) -> str:
    """Return the address of a view of the inbox."""
    words = {"which": which if which != "all" else "", "group": group, "after": after or ""}
    query = urlencode({name: value for name, value in words.items() if value})
    return f"/inbox?{query}" if query else "/inbox"
