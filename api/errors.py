"""One renderer of errors: problem details (RFC 9457) for programs, a page in plain words for people."""

import logging
import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from temporalio.service import RPCError

from api import security
from api.pages import view
from cauce.errors import (
    CauceError,
    DefinitionError,
    InputError,
    PasswordToChangeError,
    SecondFactorMissingError,
    TransientError,
    UnauthenticatedError,
    type_uri,
)

log = logging.getLogger(__name__)

problem_json = "application/problem+json"
retry_after_seconds = 5
# What nginx has for it: nobody reads it, it stands in logs.
client_gone = 499


class Problem(BaseModel):
    """What went wrong and what to do about it (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=[type_uri + "not-found"])
    title: str = Field(examples=["There is no such thing"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no task 8d2f."])
    code: str = Field(default="", description="A word for programs; docs/errors.md lists them.", examples=["not-found"])
    hint: str = Field(default="", description="What to do, in one sentence.")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of the errors that a route may answer with."""
    return {
        status: {
            "model": Problem,
            "description": HTTPStatus(status).phrase,
            "content": {problem_json: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in (401, 403, *statuses)
    }


def install(app: FastAPI) -> None:
    """Make the application answer every error through this module."""
    app.add_exception_handler(CauceError, _cauce_error)
    app.add_exception_handler(RPCError, _temporal_down)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _guarded_bug)


def is_for_programs(request: Request) -> bool:
    """Tell whether the answer should be JSON rather than a page."""
    return request.url.path.startswith(("/api/", "/in/", "/scim/")) or request.url.path == "/metrics"


def answer(request: Request, error: CauceError) -> Response:
    """Return the answer that an error deserves."""
    if is_for_programs(request):
        details = error.problem_details()
        if isinstance(error, DefinitionError) and error.findings:
            details["findings"] = [finding_json(each) for each in error.findings]
        return _problem(details, _headers(error))
    if isinstance(error, UnauthenticatedError):
        return RedirectResponse(f"/login?next={_back(request)}", status_code=HTTPStatus.SEE_OTHER)
    if isinstance(error, PasswordToChangeError):
        return RedirectResponse(f"/account/first-password?next={_back(request)}", status_code=HTTPStatus.SEE_OTHER)
    if isinstance(error, SecondFactorMissingError):
        return RedirectResponse("/account/second-factor", status_code=HTTPStatus.SEE_OTHER)
    return view.error_page(request, error.http_status, str(error.problem), error.hint, error.where)


def _back(request: Request) -> str:
    """Return where somebody wanted to go, or the task or form they were at, as part of an address."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    form = re.match(r"/(?:tasks|start)/[\w.-]+", path)
    back = path if request.method == "GET" else form[0] if form else "/inbox"
    return quote(quote(back, safe="/?=&"), safe="")


def finding_json(finding: Any) -> dict[str, Any]:  # noqa: ANN401 - a Finding; typed where it is made
    """Return a finding as JSON."""
    place = finding.place
    return {
        "code": finding.code,
        "severity": finding.severity,
        "problem": finding.problem,
        "hint": finding.hint,
        "pointer": finding.pointer,
        "file": place.file if place else "",
        "line": place.line if place else None,
        "column": place.column if place else None,
    }


def _headers(error: CauceError) -> dict[str, str]:
    if isinstance(error, UnauthenticatedError):
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": str(retry_after_seconds)} if isinstance(error, TransientError) else {}


def _problem(details: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(
        dict(details), status_code=details["status"], headers=dict(headers or {}), media_type=problem_json
    )


async def _cauce_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, CauceError):
        raise error
    return answer(request, error)


async def _temporal_down(request: Request, error: Exception) -> Response:
    log.warning("Temporal did not answer: %s", error)
    return answer(request, TransientError("The process engine does not answer.", hint="Try again in a moment."))


async def _gone(_: Request, __: Exception) -> Response:
    """Answer nobody: a page asks anew while somebody types, and drops what it asked before."""
    return Response(status_code=client_gone)


async def _bad_request(request: Request, error: Exception) -> Response:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    # The values themselves are left out: they may be secrets, and the caller has them.
    fields = [{"pointer": "/" + "/".join(map(str, each["loc"][1:])), "problem": str(each["msg"])} for each in problems]
    where = ", ".join(f"{each['pointer']}: {each['problem']}" for each in fields[:3])
    if is_for_programs(request):
        details = {"type": type_uri + "input", "title": "The data given does not fit its schema", "code": "input"}
        return _problem(
            details | {"status": 422, "detail": f"The request cannot be read. {where}".strip(), "errors": fields}
        )
    return view.error_page(request, HTTPStatus.UNPROCESSABLE_ENTITY, "The request cannot be read.", where)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    if status == HTTPStatus.BAD_REQUEST:  # what the framework says of a body that it cannot parse
        hint = "Send JSON in UTF-8 that does not nest too deep." if is_for_programs(request) else "Send the form again."
        return answer(request, InputError("The body of the request cannot be read.", hint=hint))
    phrase = HTTPStatus(status).phrase
    sentence = {404: "There is nothing at this address.", 405: "This address does not take that method."}.get(
        status, phrase
    )
    if is_for_programs(request):
        code = {404: "not-found", 405: "method"}.get(status, "http")
        headers = error.headers if isinstance(error, HTTPException) else None
        return _problem(
            {"type": type_uri + code, "title": phrase, "status": status, "detail": sentence, "code": code}, headers
        )
    return view.error_page(request, status, sentence)


async def _guarded_bug(request: Request, error: Exception) -> Response:
    # What answers a bug stands outside of every middleware, so the headers are put on here.
    response = await _bug(request, error)
    for name, value in security.headers.items():
        response.headers.setdefault(name, value)
    return response


async def _bug(request: Request, error: Exception) -> Response:
    incident = secrets.token_hex(4)
    log.error("internal error %s at %s %s", incident, request.method, request.url.path, exc_info=error)
    sentence = f"Something went wrong inside Cauce (internal error {incident})."
    if is_for_programs(request):
        details = {"type": type_uri + "internal", "title": "Internal error", "status": 500, "code": "internal"}
        return _problem(details | {"detail": sentence, "incident": incident})
    return view.error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR, sentence, "Tell your administrator this number.")
