"""Messages over WebSocket, at most once: a server keeps nothing for those who are not connected."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMessage, WSMsgType

from activities.messages import content_of, correlation_at, message_of
from cauce.authentication import Authenticator, Authorization
from cauce.contract import JSON
from cauce.errors import AmbiguousError, PermanentError, RemoteError, TransientError
from cauce.http import HttpRequest, websocket

_AGAIN_S: Final = 1.0
# What comes together is taken together: until it is quiet for so long, but for so long at most.
_QUIET_S: Final = 0.2
_TOGETHER_S: Final = 1.0
_MOST: Final = 100
_LARGEST: Final = 500_000
_UNAUTHORIZED: Final = 401
# How a connection ends that has nothing to complain about; 0 is without a reason.
_FINE: Final = frozenset({0, WSCloseCode.OK, WSCloseCode.GOING_AWAY})
# How a server says that it did not take a message.
_REFUSED: Final = frozenset(
    {
        WSCloseCode.UNSUPPORTED_DATA,
        WSCloseCode.INVALID_TEXT,
        WSCloseCode.POLICY_VIOLATION,
        WSCloseCode.MESSAGE_TOO_BIG,
    }
)


@dataclass(frozen=True, slots=True)
class WebSocket:
    """A channel of this protocol, with the login to it."""

    channel: JSON
    login: JSON
    authenticator: Authenticator

    async def publish(self, message: JSON) -> None:
        """Send a message, and wait until the server has closed in agreement, and so has read it."""
        if message.get("headers"):
            raise PermanentError("A message of a WebSocket has no headers.", hint="Leave them out.")
        text = json.dumps(message.get("payload"), ensure_ascii=False, allow_nan=False)
        async with self._connected() as socket:
            try:
                await socket.send_str(text)
            except (aiohttp.ClientError, OSError) as error:
                raise AmbiguousError(f"{self._host} broke off before it had the whole message.") from error
        if socket.close_code in _REFUSED:
            raise PermanentError(f"{self._host} did not take the message (WebSocket {socket.close_code}).")
        if socket.close_code not in _FINE:
            raise AmbiguousError(f"{self._host} broke off before it had confirmed the message.")

    async def receive(self, window_s: float) -> list[JSON]:
        """Return the messages that come next, having waited for them; a server that closes is connected to again."""
        clock = asyncio.get_running_loop().time
        ends = clock() + window_s
        while True:
            async with self._connected() as socket:
                messages = await self._messages(socket, ends)
            if messages or clock() + _AGAIN_S >= ends:
                return messages
            await asyncio.sleep(_AGAIN_S)

    async def _messages(self, socket: ClientWebSocketResponse, ends: float) -> list[JSON]:
        clock = asyncio.get_running_loop().time
        taken: list[JSON] = []
        size, until = 0, ends
        while len(taken) < _MOST and size < _LARGEST:
            try:
                async with asyncio.timeout_at(until):
                    given = await socket.receive()
            except TimeoutError:
                break
            if given.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                wrong = self._wrong(given)
                if wrong is not None and not taken:  # else the next look finds out
                    raise wrong
                break
            if not taken:
                ends = min(ends, clock() + _TOGETHER_S)
            size += len(given.data)
            payload = content_of(given.data)
            taken.append(message_of(payload, {}, correlation_at(self.channel.get("correlation", ""), payload)))
            until = min(ends, clock() + _QUIET_S)
        return taken

    def _wrong(self, given: WSMessage) -> RemoteError | None:
        """Return what is wrong with the end of a connection."""
        if given.type is WSMsgType.CLOSE and given.data in _FINE:
            return None
        error = given.data
        if isinstance(error, aiohttp.WebSocketError) and error.code == WSCloseCode.MESSAGE_TOO_BIG:
            problem = f"A message of {self._host} has more than {_LARGEST:,} bytes."
            return PermanentError(problem, remote_code="too-large")
        if given.type is WSMsgType.CLOSE and error == WSCloseCode.POLICY_VIOLATION:
            return PermanentError(f"{self._host} refuses to go on (WebSocket {int(error)}).")
        return TransientError(f"{self._host} broke off.")

    @property
    def _host(self) -> str:
        return str(self.channel["host"])

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[ClientWebSocketResponse]:
        """Connect with the login; a token that was kept and is refused is fetched anew, once."""
        async with AsyncExitStack() as stack:
            yield await self._opened(stack)

    async def _opened(self, stack: AsyncExitStack) -> ClientWebSocketResponse:
        if not self.login:
            return await stack.enter_async_context(websocket(self._request(None)))
        authorization = await self.authenticator.authorize(self.login)
        try:
            return await stack.enter_async_context(websocket(self._request(authorization)))
        except PermanentError as error:
            if not authorization.kept or not _is_unauthorized(error):
                raise
        self.authenticator.forget(self.login, authorization)
        authorization = await self.authenticator.authorize(self.login)
        return await stack.enter_async_context(websocket(self._request(authorization)))

    def _request(self, authorization: Authorization | None) -> HttpRequest:
        channel = self.channel
        if str(channel["bindings"].get("method") or "GET").upper() != "GET":
            raise PermanentError("A WebSocket is opened by the method GET only.", hint="Correct the binding.")
        headers = {}
        if authorization is not None:
            if authorization.scheme == "Digest":
                raise PermanentError("A WebSocket cannot be opened with a digest.", hint="Use another login.")
            headers["Authorization"] = f"{authorization.scheme} {authorization.parameter}"
        host = f"[{channel['host']}]" if ":" in channel["host"] else channel["host"]
        scheme = "https" if channel["tls"] else "http"
        return HttpRequest(
            "GET",
            f"{scheme}://{host}:{channel['port']}{channel['address']}",
            headers,
            max_bytes=_LARGEST,
            policy=self.authenticator.guard,
            effect="read",  # nothing is done by opening it
        )


def _is_unauthorized(error: PermanentError) -> bool:
    return isinstance(error.detail, dict) and error.detail.get("status") == _UNAUTHORIZED
