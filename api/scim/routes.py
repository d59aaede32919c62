"""SCIM 2.0 (RFC 7643, RFC 7644) at `/scim/v2`: a company's directory keeps people and groups here.

The protocol is a library's, in `api.scim.protocol`; here is the door.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Request, Response

from api.deps import HubDep
from cauce.services.hub import Hub

router = APIRouter(include_in_schema=False)
root: Final = "/scim/v2"


@router.api_route(root + "{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def scim(request: Request, hub: HubDep, path: str) -> Response:
    """Do what a directory asks for."""
    answer_to = await asyncio.to_thread(_protocol)
    return await answer_to(request, hub, root, path)


def _protocol() -> Callable[[Request, Hub, str, str], Awaitable[Response]]:
    # Its library takes a third of the time in which a hub starts; only a directory's first request waits for it.
    from api.scim.protocol import answer_to  # noqa: PLC0415 - see above

    return answer_to
