"""The inbox: what waits for a person, most urgent first."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.deps import CountingDep, HubDep, say_open
from api.i18n import Language
from api.names import titles_of_all
from api.pages import inbox_lines, inbox_query, view
from api.pages.inbox_lines import Reader
from api.pages.inbox_query import Wanted
from cauce.services import tasks
from cauce.services.hub import Actor
from cauce.services.inbox import listing
from cauce.store.inbox_counts import Counts
from cauce.urgency import SEVERITIES

router = APIRouter(include_in_schema=False)

page_size: Final = 50
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
    opened = await listing.opened(
        hub,
        actor,
        lambda kept: inbox_query.wanted(request.query_params, kept),
        after=after or None,
        before=before or None,
        limit=page_size,
    )
    lang, wanted, page, counts = view.language_of(request), opened.wanted, opened.page, opened.counts
    say_open(request, counts.open)
    columns = [(each, lang.gettext(inbox_lines.column_words[each])) for each in wanted.shown]
    processes = {(each.definition, each.version) for each in page.tasks} if "process" in wanted.shown else set()
    reader = Reader(lang, actor.name, await titles_of_all(request, processes, lang), opened.clocks)
    return view.render(
        request,
        "inbox.html",
        sections=inbox_lines.sections(page.tasks, columns, reader),
        tabs=tabs(lang, wanted, counts),
        groups=sorted({*actor.groups, *(row.group for row in page.tasks if row.group), *filter(None, [wanted.group])}),
        forms=[(form, number_of(number, counts.most_of_form)) for form, number in counts.by_form]
        or [(wanted.form, "0")],
        severities=SEVERITIES,
        summary=summary(lang, counts),
        wanted=wanted,
        columns=columns,
        all_columns=[
            (each, lang.gettext(word), each in wanted.shown) for each, word in inbox_lines.column_words.items()
        ],
        views=[(each, inbox_query.of_view(each).address(), each.id == wanted.view) for each in opened.views],
        next_page=wanted.address(after=page.after) if page.after else "",
        previous_page=wanted.address(before=page.before) if page.before else "",
        acts=acts(actor),
        message=lang.gettext(notices.get(done, "")),
    )


def tabs(lang: Language, wanted: Wanted, counts: Counts) -> list[dict[str, Any]]:
    """Return the ways to look at the inbox."""
    offered = (
        ("all", lang.gettext("All"), counts.open),
        ("mine", lang.gettext("Mine"), counts.mine),
        ("groups", lang.gettext("My groups"), counts.groups),
        ("available", lang.gettext("Free"), counts.free),
        ("late", lang.gettext("Overdue"), counts.overdue),
        ("set-aside", lang.gettext("Later"), counts.set_aside),
        ("delegated", lang.gettext("Delegated"), counts.delegated),
    )
    return [
        {
            # By its identifier the focus finds its way back when the page is exchanged for another list.
            "which": name,
            "label": label,
            "count": number_of(count, counts.most),
            "href": wanted.but(which=name).address(),
            "chosen": name == wanted.which,
        }
        for name, label, count in offered
    ]


def summary(lang: Language, counts: Counts) -> str:
    """Say in one line how much there is to do."""
    if not counts.open:
        return lang.gettext("Nothing waits for you.")
    waiting = lang.ngettext("%(num)d task waits for you", "%(num)d tasks wait for you", counts.open)
    overdue = lang.ngettext("%(num)d is overdue", "%(num)d are overdue", counts.overdue)
    if counts.most is not None and counts.open > counts.most:
        waiting = lang.gettext("More than %(num)d tasks wait for you")
    if counts.most is not None and counts.overdue > counts.most:
        overdue = lang.gettext("more than %(num)d are overdue")
    most = counts.open if counts.most is None else counts.most
    parts = [waiting % {"num": min(counts.open, most)}]
    parts += [overdue % {"num": min(counts.overdue, most)}] if counts.overdue else []
    return ", ".join(parts) + "."


def number_of(count: int, most: int | None) -> str:
    """Write how many there are: `1000+` where they are counted up to a thousand and there are more."""
    return str(count) if most is None or count <= most else f"{most}+"


def acts(actor: Actor) -> tuple[str, ...]:
    """Return what this person may do with many tasks at once; the services decide again when they do it."""
    return (
        *(("claim", "complete") if actor.may(*tasks.deciders) else ()),
        *(("assign", "priority") if actor.may("manager") else ()),
    )
