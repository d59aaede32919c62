"""What all pages of a roadmap have in common: its head, and words for how its parts are."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api.pages import states, view
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


def owner_word(request: Request, standing: Standing) -> Callable[[str], str]:
    """Return what says who an owner is; one that nobody is known by any more is its name."""
    label, owners = view.language_of(request).label, standing.course.document["owners"]
    return lambda name: label(owners[name]["title"], name) if name in owners else name


def words(request: Request) -> dict[str, Any]:
    """Return the words of the pages of roadmaps."""
    return {
        "state_word": word(request, states.roadmap_words),
        "state_tone": lambda state: states.roadmap_tones.get(state, "neutral"),
        "process_word": word(request, states.process_words),
        "process_tone": lambda how: states.process_tones.get(how, "neutral"),
        "answer_word": word(request, states.answer_words),
        "light_word": word(request, states.light_words),
        "light_tone": lambda light: states.light_tones.get(light, "neutral"),
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
        **(words(request) | {"owner_word": owner_word(request, standing)} | shown),
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
