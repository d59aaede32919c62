"""What all pages of a roadmap have in common: its head, and words for how its parts are."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api.pages import view
from cauce.errors import CauceError, InputError
from cauce.roadmaps import roadmap_id
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import standing as standings
from cauce.services.roadmaps.standing import Standing

places: Final = (
    ("", view.message("Board")),
    ("plan", view.message("Plan")),
    ("money", view.message("Money")),
    ("costs", view.message("Costs")),
    ("registers", view.message("Registers")),
    ("changes", view.message("Changes")),
    ("people", view.message("People")),
    ("report", view.message("Report")),
)
_OF_MONEY: Final = frozenset({"money", "report"})
state_words: Final = {
    "waiting": view.message("waits"),
    "ready": view.message("may begin"),
    "started": view.message("under way"),
    "done": view.message("done"),
    "requested": view.message("to be decided"),
    "approved": view.message("approved"),
    "rejected": view.message("rejected"),
    "cancelled": view.message("cancelled"),
    "running": view.message("running"),
    "completed": view.message("completed"),
    "stopped": view.message("stopped"),
    "deferred": view.message("deferred"),
}
state_tones: Final = {
    "ready": "info",
    "started": "info",
    "requested": "warning",
    "done": "success",
    "approved": "success",
    "completed": "success",
    "running": "info",
    "rejected": "danger",
    "stopped": "danger",
}
process_words: Final = {
    "asked": view.message("its process begins"),
    "running": view.message("its process is under way"),
    "passed": view.message("its process has passed"),
    "failed": view.message("its process did not get through"),
    "leaving": view.message("its process is given up"),
    "left": view.message("its process is given up"),
}
process_tones: Final = {"asked": "info", "running": "info", "passed": "success", "failed": "danger"}
answer_words: Final = {
    "mitigated": view.message("mitigated"),
    "accepted": view.message("accepted as it is"),
    "issue": view.message("an issue now"),
}
light_words: Final = {
    "green": view.message("as planned"),
    "amber": view.message("off the plan"),
    "red": view.message("far off the plan"),
}
light_tones: Final = {"green": "success", "amber": "warning", "red": "danger"}
factor_words: Final = {
    "training": view.message("Training"),
    "data": view.message("Data"),
    "integration": view.message("Integration"),
    "management": view.message("Management"),
    "total": view.message("Total"),
}


async def standing(hub: Hub, actor: Actor, name: str, key: str) -> Standing:
    """Return how a roadmap stands, by what its address says."""
    return await standings.standing(hub, actor, roadmap_id(name, key))


def address(standing: Standing, *parts: str) -> str:
    """Return where a page of a roadmap is."""
    run = standing.detail.run
    return "/" + "/".join(quote(part, safe="") for part in ("roadmaps", run.roadmap, run.key, *parts))


def word(request: Request, known: Mapping[str, str]) -> Callable[[str], str]:
    """Return what says the word for a name in the language of a request; a name without one is said itself."""
    said = view.language_of(request).gettext
    return lambda name: said(known.get(name) or name)


def words(request: Request) -> dict[str, Any]:
    """Return the words of the pages of roadmaps."""
    return {
        "state_word": word(request, state_words),
        "state_tone": lambda state: state_tones.get(state, "neutral"),
        "process_word": word(request, process_words),
        "process_tone": lambda how: process_tones.get(how, "neutral"),
        "answer_word": word(request, answer_words),
        "light_word": word(request, light_words),
        "light_tone": lambda light: light_tones.get(light, "neutral"),
        "factor_word": word(request, factor_words),
    }


def render(
    request: Request,
    template: str,
    standing: Standing,
    place: str,
    *,
    refusal: CauceError | None = None,
    **shown: Any,  # noqa: ANN401 - what a template is shown
) -> Response:
    """Return a page of a roadmap with its head."""
    said = view.language_of(request).gettext
    closed = frozenset() if standing.may_see_figures else _OF_MONEY
    if not standing.may_see_figures and not any(each.may_act for each in standing.detail.steps):
        closed |= {"costs"}
    shown_places = [each for each in places if each[0] not in closed]
    return view.render(
        request,
        template,
        section="roadmaps",
        standing=standing,
        run=standing.detail.run,
        detail=standing.detail,
        places=[(address(standing, *filter(None, [part])), said(title), part) for part, title in shown_places],
        place=place,
        at=lambda *parts: address(standing, *parts),
        refusal=refusal,
        **(words(request) | shown),
    )


def amount(text: str) -> Decimal:
    """Return an amount of a form; raises `InputError`."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise InputError(f"`{text[:40]}` is no amount.", hint="Write it as 1500.50.")
    return found


def whole(text: str) -> int:
    """Return a number of working days of a form; raises `InputError`."""
    if not text.isdecimal():
        raise InputError(f"`{text[:20]}` are no days.", hint="Write a whole number.")
    return int(text)


def back(standing: Standing, *parts: str, done: str = "") -> Response:
    """Return to a page after an act."""
    query = f"?done={quote(done)}" if done else ""
    return RedirectResponse(address(standing, *parts) + query, status_code=HTTPStatus.SEE_OTHER)
