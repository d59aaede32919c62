"""Turns a template and what a page shows into a response: language, session, navigation, and words for states."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from babel.dates import get_timezone
from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from api import security
from api.i18n import Language, all_languages, as_moment, locales, negotiate
from api.pages import problems, states
from api.pages.code_words import coded, role_words
from api.pages.navigation import navigation_for, place_keys
from api.pages.words import severity_words
from api.sentences import said
from cauce import contract
from cauce.errors import CauceError
from cauce.roadmaps import ROADMAP_PREFIX, is_roadmap
from cauce.services.teamwork import mentions

JSON = Any

root = Path(__file__).parents[1]
static = root / "static"
sync_prefix = f"{contract.SYNC}/"
soon = timedelta(hours=8)
most_columns = 8


message = problems.message  # marks text for translation where it is written
# In this order: each browser also calls itself what those after it do.
browser_signs = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
system_signs = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
step_kinds = {
    "human": message("a person's task"),
    "call": message("call"),
    "do": message("block"),
    "emit": message("event out"),
    "for": message("for each"),
    "fork": message("in parallel"),
    "listen": message("waits for an event"),
    "raise": message("error"),
    "run": message("process"),
    "set": message("data"),
    "switch": message("choice"),
    "try": message("with a way out"),
    "wait": message("waits"),
}
mark_tones = {"current": "warning", "completed": "success", "failed": "danger", "stopped": "neutral"}
mark_words = {
    "current": message("here now"),
    "completed": message("completed"),
    "failed": message("failed"),
    "stopped": message("cancelled"),
}


@cache
def environment() -> Environment:
    """Return the templates, with escaping on and every unknown name an error."""
    made = Environment(
        loader=FileSystemLoader(root / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        pass_context(lambda context, text: _language(context).gettext(text)),
        pass_context(lambda context, one, many, count: _language(context).ngettext(one, many, count)),
        newstyle=True,
    )
    made.filters.update(role_label=pass_context(role_label), said=pass_context(said_to))
    made.globals.update(
        asset=asset,
        browser=browser,
        coded=pass_context(lambda context, name, value: coded(name, value, _language(context))),
        columns_of=columns_of,
        humane=humane,
        key_label=pass_context(key_label),
        severity_words=severity_words,
        instance_url=instance_url,
        is_number_column=is_number_column,
        iso=iso,
        languages=all_languages(),
        mark_tones=mark_tones,
        mark_words=mark_words,
        pieces=mentions.parts,
        place_keys=place_keys,
        problem_text=pass_context(problem_text),
        shape_of=shape_of,
        size_of=pass_context(size_of),
        status_label=pass_context(status_label),
        step_kinds=step_kinds,
        tone=lambda status: states.tones.get(status, "neutral"),
        vendored=lambda name: (static / "vendor" / name).exists(),
    )
    return made


def render(
    request: Request,
    template: str,
    *,
    status: int | None = None,
    refusal: CauceError | None = None,
    **shown: Any,  # noqa: ANN401 - what a template is shown
) -> HTMLResponse:
    """Return a page; one that says why something was refused has the status of that, unless another is given."""
    lang = language_of(request)
    sessions: security.Sessions = request.app.state.sessions
    session = sessions.read(request)
    context: dict[str, Any] = {
        "actor": getattr(request.state, "actor", None),
        "csrf": sessions.token(session),
        "lang": lang,
        "message": "",
        "navigation": navigation_for(getattr(request.state, "actor", None)),
        "open_tasks": getattr(request.state, "open_tasks", 0),
        "unread": getattr(request.state, "unread", 0),
        "path": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "problem": refusal.problem if refusal else "",
        "hint": refusal.hint if refusal else "",
        "section": request.url.path.strip("/").partition("/")[0],
    } | shown
    # What a page is told of a refusal is a sentence of the core; what is in the person's language already stays.
    context |= {name: said(context[name], lang) for name in ("problem", "hint") if isinstance(context[name], str)}
    response = HTMLResponse(status_code=status or (refusal.http_status if refusal else HTTPStatus.OK))
    if not session.nonce:
        # The first page of a browser: its forms need a session to belong to.
        context["csrf"] = sessions.token(sessions.begin(response))
    response.body = environment().get_template(template).render(context).encode()
    response.headers["Content-Length"] = str(len(response.body))
    response.headers["Content-Language"] = language_of(request).code
    if "picture" in shown:
        response.headers["Content-Security-Policy"] = security.drawing_policy
    return response


def error_page(request: Request, status: int, problem: str, hint: str = "", where: str = "") -> Response:
    """Return the page that says what went wrong."""
    lang = language_of(request)
    titles = {
        403: message("You may not do that"),
        404: message("Not found"),
        409: message("That is no longer possible"),
        412: message("That is no longer possible"),
        503: message("Not available now"),
    }
    title = lang.gettext(titles.get(status, message("That did not work")))
    referrer = request.headers.get("referer", "")
    same = referrer.startswith(str(request.base_url)) and not referrer.endswith(request.url.path)
    back = "/" + referrer.removeprefix(str(request.base_url)) if same else "/inbox"
    words = {"title": title, "problem": said(problem, lang), "hint": said(hint, lang)}
    shown: dict[str, Any] = {**words, "where": where, "back": back}
    return render(request, "error.html", status=status, **shown)


def language_of(request: Request) -> Language:
    """Return the language to speak with whoever asks: their choice, else their browser's."""
    account = getattr(request.state, "locale", None)
    # Every account has a language; only one that is not the default was surely chosen by somebody.
    chosen = request.cookies.get(security.language_cookie) or (account if account != locales[0] else None)
    code = negotiate(chosen, request.headers.get("accept-language", ""))
    return Language(code, get_timezone(), getattr(request.state, "called", {}))


def urgency(due_at: datetime | None, now: datetime | None = None) -> str:
    """Tell how urgent something due then is: `overdue`, `soon`, `later` or `none`."""
    due = as_moment(due_at)
    if due is None:
        return "none"
    left = due - (now or datetime.now(UTC))
    return "overdue" if left < timedelta() else ("soon" if left <= soon else "later")


def instance_url(instance: str, action: str = "") -> str:
    """Return the address of an instance's page; instance identifiers contain slashes and whatever a key contains.

    What a sync or a roadmap asks people has the page of that.
    """
    if is_roadmap(instance):
        return f"/roadmaps/{quote(instance.removeprefix(ROADMAP_PREFIX), safe='/')}"
    if instance.startswith(sync_prefix):
        return f"/syncs/{quote(instance.removeprefix(sync_prefix))}"
    return f"/instances/{quote(instance, safe='/')}" + (f"?do={action}" if action else "")


@cache
def asset(name: str) -> str:
    """Return the address of a static file, changed whenever its content is."""
    file = static / name
    version = sha256(file.read_bytes()).hexdigest()[:10] if file.exists() else "0"
    return f"/static/{name}?v={version}"


@lru_cache(maxsize=4096, typed=True)
def humane(name: str) -> str:
    """Write an identifier the way people write: `erpId` and `erp-id` become `Erp id`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", str(name)).replace("-", " ").replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:].lower() if not spaced.isupper() else spaced


def browser(agent: str) -> str:
    """Return which browser calls itself that, and on which system, as far as that can be told."""
    program = next((name for sign, name in browser_signs if sign in agent), "")
    system = next((name for sign, name in system_signs if sign in agent), "")
    return " · ".join(filter(None, (program, system))) or agent[:40]


def iso(value: datetime | str) -> str:
    """Return a moment as machines read it."""
    moment = as_moment(value)
    return moment.isoformat(timespec="seconds") if moment else ""


def shape_of(value: JSON) -> str:
    """Tell how a value should be shown."""
    if value is None or value in ("", [], {}):
        return "none"
    for kind, name in ((bool, "boolean"), (int | float, "number"), (Mapping, "object")):
        if isinstance(value, kind):
            return name
    shape = "text"
    match value:
        case list():
            rows = all(isinstance(each, Mapping) and each for each in value)
            shape = "table" if rows and len(columns_of(value)) <= most_columns else "list"
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            shape = "date" if _is_date(value) else "text"
        case str() if re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", value) and as_moment(value):
            shape = "moment"
        case _:
            pass
    return shape


def columns_of(rows: Sequence[Mapping[str, JSON]]) -> list[str]:
    """Return the columns of a list of objects, in the order they first appear."""
    return list(dict.fromkeys(name for row in rows for name in row))


def is_number_column(rows: Sequence[Mapping[str, JSON]], column: str) -> bool:
    """Return whether a column holds numbers only; those are read from the right."""
    return all(shape_of(row.get(column)) in {"number", "none"} for row in rows)


def pretty(value: JSON) -> str:
    """Return JSON for people to read."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def size_of(context: Context, size: int) -> str:
    """Return how large a file is."""
    for unit, bytes_ in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= bytes_:
            return f"{_language(context).number(round(size / bytes_))} {unit}"
    return f"{size} B"


def status_label(context: Context, status: str) -> str:
    """Return the word for a state."""
    return _language(context).gettext(states.words.get(status, status))


def key_label(context: Context, name: str) -> str:
    """Return the word for a name in data; one that is not among the usual ones is written as it is."""
    return _language(context).gettext(humane(name))


def said_to(context: Context, sentence: str | None) -> str:
    """Return a sentence of the core in the language of the page."""
    return said(sentence or "", _language(context))


def role_label(context: Context, role: str) -> str:
    """Return the word for a role."""
    return _language(context).gettext(role_words.get(role, role))


def problem_text(context: Context, problem: str) -> str:
    """Return what is wrong with a field, said to the person who fills it in."""
    return problems.short(problem, _language(context))


def _language(context: Context) -> Language:
    found = context.get("lang")
    return found if isinstance(found, Language) else Language("en")


def _is_date(value: str) -> bool:
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return False


__all__ = ["environment", "error_page", "instance_url", "language_of", "message", "render", "urgency"]
