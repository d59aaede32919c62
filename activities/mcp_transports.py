"""The two ways to a server of the Model Context Protocol: HTTP with streams of events, and the pipes of a program."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol

from activities import json_rpc
from activities.programs import Program
from cauce.authentication import Authenticator
from cauce.contract import JSON
from cauce.errors import CauceError
from cauce.http import HttpRequest, HttpResponse, failure

_SESSION: Final = "mcp-session-id"
_NOT_FOUND: Final = -32601
_FAREWELL_S: Final = 2.0


class Connection(Protocol):
    """A way to a server, open for one conversation."""

    async def ask(self, message: dict[str, JSON], *, writes: bool = False) -> JSON:
        """Send a request and return the message that answers it."""
        ...

    async def tell(self, message: dict[str, JSON]) -> None:
        """Send a message that wants no answer."""
        ...

    def agree(self, protocol: str) -> None:
        """Note the version of the protocol that both sides speak."""
        ...


class OverHttp:
    """Streamable HTTP: every message is an exchange; a session lasts until we leave it."""

    def __init__(self, request: HttpRequest, authenticator: Authenticator, login: JSON) -> None:
        self._request = request
        self._authenticator = authenticator
        self._login = login
        self._headers: dict[str, str] = {}

    async def ask(self, message: dict[str, JSON], *, writes: bool = False) -> JSON:
        """Send a request and return the message that answers it; what a stream says besides is passed over."""
        response = await self._send(message, writes=writes)
        if _SESSION in response.headers:
            self._headers[_SESSION] = response.headers[_SESSION]
        for answer in json_rpc.messages(response, message["method"]):
            if json_rpc.is_answer(answer, message["id"]):
                return answer
        raise json_rpc.strange(message["method"])

    async def tell(self, message: dict[str, JSON]) -> None:
        """Send a message that wants no answer."""
        wrong = failure(await self._send(message, writes=False))
        if wrong is not None:
            raise wrong

    def agree(self, protocol: str) -> None:
        """Name the version in all further requests."""
        self._headers["mcp-protocol-version"] = protocol

    async def leave(self) -> None:
        """End the session, if the server keeps one; that it does not want to hear of it is no error."""
        if _SESSION not in self._headers:
            return
        farewell = replace(self._request, method="DELETE", timeout_s=_FAREWELL_S)
        with suppress(CauceError):
            farewell = replace(farewell, headers={**self._request.headers, **self._headers})
            await self._authenticator.send(farewell, self._login)

    async def _send(self, message: dict[str, JSON], *, writes: bool) -> HttpResponse:
        headers = {"Accept": "application/json, text/event-stream", **self._request.headers, **self._headers}
        request = replace(self._request, body=message, headers=headers, effect="write" if writes else "read")
        return await self._authenticator.send(request, self._login)


class OverPipes:
    """The pipes of a program: a message is a line."""

    def __init__(self, program: Program) -> None:
        self._program = program

    async def ask(self, message: dict[str, JSON], *, writes: bool = False) -> JSON:
        """Send a request and return the message that answers it; what the server asks us meanwhile is answered."""
        del writes  # a program that was started for this call and ended before it answered did what it did
        await self.tell(message)
        while True:
            said = json_rpc.parsed(await self._program.read(), message["method"])
            if json_rpc.is_answer(said, message["id"]):
                return said
            if isinstance(said, dict) and "method" in said and "id" in said:
                await self.tell(_reply(said))

    async def tell(self, message: dict[str, JSON]) -> None:
        """Send a message."""
        await self._program.write(json.dumps(message, ensure_ascii=False, allow_nan=False).encode())

    def agree(self, protocol: str) -> None:
        """Do nothing: pipes carry no headers."""


def _reply(asked: dict[str, JSON]) -> dict[str, JSON]:
    """Answer what a server asks of us: that we live; we can do nothing else for it."""
    if asked["method"] == "ping":
        return {"jsonrpc": "2.0", "id": asked["id"], "result": {}}
    refusal = {"code": _NOT_FOUND, "message": "This client offers nothing to servers."}
    return {"jsonrpc": "2.0", "id": asked["id"], "error": refusal}
