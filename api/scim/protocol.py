"""What SCIM's library does with a request: who may ask, the limits, and errors in SCIM's shape."""

import json
from functools import cache
from http import HTTPStatus
from typing import Final

from fastapi import Request, Response
from scim2_models import Error, PreconditionFailedException, SCIMException, UnauthorizedException
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import SCIM_MEDIA_TYPE, ScimResponse
from scim2_server.service import ScimService

from api.scim.resources import provider
from api.scim.storage import Storage
from cauce.errors import (
    CauceError,
    ConflictError,
    InputError,
    TooLargeError,
    UnauthenticatedError,
)
from cauce.services import directory, users
from cauce.services.hub import Hub

longest_filter: Final = 2_000
longest_search: Final = 20_000
most_operations: Final = 1_000
_tries: Final = 5
_kinds: Final = {ConflictError: "uniqueness", InputError: "invalidValue"}


async def answer_to(request: Request, hub: Hub, root: str, path: str) -> Response:
    """Do what a directory asks for at `path`, which is below `root`."""
    asked = ScimRequest(
        method=request.method,
        base_url=hub.settings.public_url + root,
        path=path,
        query=dict(request.query_params),
        headers=dict(request.headers),
        body=await request.body(),
    )
    try:
        answer = await _answer(hub, asked)
    except CauceError as error:
        answer = _refusal(error)
    except SCIMException as error:
        answer = _service().error_response(error)
    answer.headers.pop("Content-Type", None)
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    return Response(body, status_code=answer.status, headers=answer.headers, media_type=SCIM_MEDIA_TYPE)


async def _answer(hub: Hub, asked: ScimRequest) -> ScimResponse:
    scheme, _, token = (asked.header("authorization") or "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise UnauthenticatedError("No token was sent.", hint="An admin makes one: `cauce tokens create --scope scim`.")
    actor = await users.actor_of_token(hub, token.strip())
    actor.require("keep people and groups over SCIM", directory.keeper)
    _check(asked)
    handler = AsyncScimHandler(_service(), Storage(hub, actor))
    for _ in range(_tries - 1):
        try:
            return await handler.handle(asked)
        except PreconditionFailedException:
            # Without a condition of its own the request holds for whatever is there now.
            if asked.header("if-match"):
                raise
    return await handler.handle(asked)


def _check(asked: ScimRequest) -> None:
    """Refuse what would take long to read: filters and changes are small."""
    long_filter = len(asked.query.get("filter", "")) > longest_filter
    if long_filter or (asked.path.endswith("/.search") and len(asked.body) > longest_search):
        raise TooLargeError(f"A filter has at most {longest_filter:,} characters.")
    if asked.method == "PATCH" and asked.body.lower().count(b'"op"') > most_operations:
        raise TooLargeError(f"One request has at most {most_operations:,} operations.", hint="Send several.")


def _refusal(error: CauceError) -> ScimResponse:
    detail = f"{error.problem} {error.hint}".strip()
    if isinstance(error, UnauthenticatedError):
        return _service().error_response(UnauthorizedException(detail=detail))
    kind = next((kind for each, kind in _kinds.items() if isinstance(error, each)), None)
    status = HTTPStatus.BAD_REQUEST if isinstance(error, InputError) else HTTPStatus(error.http_status)
    return ScimResponse(status, Error(status=status, scim_type=kind, detail=detail).model_dump())


@cache
def _service() -> ScimService:
    return ScimService(provider())
