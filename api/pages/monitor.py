"""The monitor: how connections and syncs are doing, with small pictures of the last hour, day or week."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final

from babel import numbers
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.i18n import Language
from api.pages import view
from cauce.alert_rules import UNITS
from cauce.errors import ConflictError, InputError
from cauce.services import alerting, monitor
from cauce.services.hub import Actor, Hub
from cauce.services.monitor import Line, Point, windows

JSON = Any
router = APIRouter(include_in_schema=False)

_WIDTH: Final = 120.0
_HEIGHT: Final = 30.0
_OVER: Final = 10
_SECOND_MS: Final = 1_000
none: Final = "\N{EN DASH}"
window_words: Final = {
    "15m": view.message("15 minutes"),
    "1h": view.message("1 hour"),
    "24h": view.message("24 hours"),
    "7d": view.message("7 days"),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """The calls of a window as a line, the area below it, and a bar for every step in which something failed."""

    line: str
    area: str
    failed: tuple[tuple[float, float, float], ...]


@router.get("/monitor")
async def monitor_page(request: Request, hub: HubDep, actor: VisitorDep, window: str = "1h") -> Response:
    """Show what is wrong now, and the figures of a window."""
    return await _page(request, hub, actor, window)


@router.post("/monitor/alerts/{alert_id}/acknowledge")
async def acknowledge_alert(request: Request, hub: HubDep, actor: VisitorDep, alert_id: int, form: FormDep) -> Response:
    """Take an alert on."""
    try:
        await alerting.acknowledge(hub, actor, alert_id, str(form.get("note", "")))
    except (ConflictError, InputError) as error:
        return await _page(request, hub, actor, "1h", problem=error.problem)
    return RedirectResponse("/monitor", status_code=HTTPStatus.SEE_OTHER)


async def _page(request: Request, hub: Hub, actor: Actor, window: str, *, problem: str = "") -> Response:
    found = await monitor.lines(hub, actor, window)
    told = await alerting.list_alerts(hub, actor)
    lang = view.language_of(request)
    return view.render(
        request,
        "monitor.html",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        problem=problem,
        alerts=[each for each in told if each.state == "raised"],
        over=[each for each in told if each.state != "raised"][:_OVER],
        may_acknowledge=actor.may(*alerting.deciders),
        measured=lambda cause: measured(cause, lang),
        groups=[(key, list(lines)) for key, lines in groupby(found, key=lambda each: (each.subject, each.name))],
        windows=[(name, lang.gettext(window_words[name])) for name in windows],
        window=window,
        spark=picture,
        share=lambda value: share(value, lang),
        took=lambda value: took(value, lang),
        one_decimal=lambda value: decimal(value, lang),
        state=state,
    )


def picture(series: Sequence[Point]) -> Picture:
    """Return where the lines of a small picture go, 120 wide and 30 high."""
    most = max((each.calls for each in series), default=0) or 1
    step = _WIDTH / max(1, len(series) - 1)
    tops = [(number * step, _HEIGHT - each.calls / most * (_HEIGHT - 2)) for number, each in enumerate(series)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in tops)
    bars = tuple(
        (round(number * step - 1.5, 1), round(_HEIGHT - height, 1), round(height, 1))
        for number, each in enumerate(series)
        if each.failed
        for height in [max(2.0, each.failed / most * (_HEIGHT - 2))]
    )
    return Picture(line, f"0,{_HEIGHT:.0f} {line} {_WIDTH:.0f},{_HEIGHT:.0f}", bars)


def state(lines: Sequence[Line]) -> str:
    """Tell how something is doing, by what happened last."""
    called = [each for each in lines if each.calls]
    if not called:
        return "quiet"
    if all(each.failed_at and (each.done_at is None or each.failed_at > each.done_at) for each in called):
        return "down"
    return "trouble" if any(each.failed for each in called) else "fine"


def share(value: float | None, lang: Language) -> str:
    """Write a share in percent."""
    return none if value is None else f"{decimal(value * 100, lang)} %"


def took(milliseconds: float | None, lang: Language) -> str:
    """Write how long something took."""
    if milliseconds is None:
        return none
    if milliseconds < _SECOND_MS:
        return f"{lang.number(round(milliseconds))} ms"
    return f"{decimal(milliseconds / _SECOND_MS, lang)} s"


def decimal(value: float, lang: Language) -> str:
    """Write a figure with one decimal at most; more would only seem to be known."""
    return numbers.format_decimal(value, format="#,##0.#", locale=lang.code)


def measured(cause: JSON, lang: Language) -> str:
    """Write what was measured, in the unit of its metric."""
    value = cause["value"]
    match UNITS[cause["metric"]]:
        case "share":
            return share(value, lang)
        case "duration":
            return took(value * _SECOND_MS if value is not None else None, lang)
        case _:
            return none if value is None else f"{decimal(value, lang)} {lang.gettext('a minute')}"
