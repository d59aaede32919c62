"""`call: asyncapi`: publishes a message, or waits for some, over HTTP, WebSocket or MQTT."""

import asyncio
import json
from collections.abc import Iterator
from typing import Final

from temporalio import activity

from activities import json_rpc
from activities.messages import content_of, message_of
from activities.protocols import carry_out
from activities.secrets import Filling
from activities.websockets import WebSocket
from cauce.authentication import Authenticator
from cauce.contract import JSON, Outcome, ProtocolCall, protocol_activity
from cauce.errors import PermanentError
from cauce.http import HttpRequest, HttpResponse, failure
from cauce.registry import Resolver

_POLL_S: Final = 1.0
_MOST: Final = 1_000
_LARGEST: Final = 1_000_000
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
# What belongs to the way of a message, not to the message.
_OF_THE_WAY: Final = frozenset({"connection", "content-length", "date", "server", "set-cookie", "transfer-encoding"})


class AsyncApiActivities:
    """The activity behind `call: asyncapi`."""

    def __init__(self, resolver: Resolver, authenticator: Authenticator) -> None:
        self.resolver = resolver
        self.authenticator = authenticator

    @activity.defn(name=protocol_activity("asyncapi"))
    async def call_asyncapi(self, call: ProtocolCall) -> Outcome:
        """Publish the message, and give it back as it was recorded; or return the messages that came."""
        return await carry_out(self._call(call), call)

    async def _call(self, call: ProtocolCall) -> JSON:
        filling = Filling(self.resolver, call.secrets, call.nonce)
        given = filling.filled(call.arguments)
        login = filling.policy(given.get("authentication"))
        if given["channel"]["protocol"] == "http":
            request = self._request(given, call)
            if given["action"] == "publish":
                await self._send(request, login)
            else:
                return await self._poll(request, login, given["window_s"])
        elif given["channel"]["protocol"] == "ws":
            socket = WebSocket(given["channel"], login, self.authenticator)
            if given["action"] != "publish":
                return await socket.receive(given["window_s"])
            await socket.publish(given["message"])
        else:
            from activities import mqtt  # noqa: PLC0415 - only workers that need it pay for it

            if given["action"] != "publish":
                return await mqtt.receive(given, login, self.authenticator.guard)
            await mqtt.publish(given, login, self.authenticator.guard)
        # Not as it was filled in: what is recorded holds no secrets.
        return call.arguments["message"]

    def _request(self, given: JSON, call: ProtocolCall) -> HttpRequest:
        channel = given["channel"]
        scheme = "https" if channel["tls"] else "http"
        publishes = given["action"] == "publish"
        method = str(channel["bindings"].get("method") or ("POST" if publishes else "GET")).upper()
        if method not in _METHODS:
            raise PermanentError(f"`{method[:20]}` is no method to send a message with.")
        message = given.get("message") or {}
        headers = {str(name): _text(value) for name, value in (message.get("headers") or {}).items()}
        host = f"[{channel['host']}]" if ":" in channel["host"] else channel["host"]
        return HttpRequest(
            method,
            f"{scheme}://{host}:{channel['port']}{channel['address']}",
            headers,
            body=message.get("payload"),
            timeout_s=call.timeout_s,
            max_bytes=_LARGEST,
            policy=self.authenticator.guard,
            effect="write" if publishes else "read",
        )

    async def _send(self, request: HttpRequest, login: JSON) -> HttpResponse:
        response = await self.authenticator.send(request, login)
        wrong = failure(response)
        if wrong is not None:
            raise wrong
        return response

    async def _poll(self, request: HttpRequest, login: JSON, window_s: float) -> list[JSON]:
        """Ask again and again until something is there, or nobody waits any more."""
        clock = asyncio.get_running_loop().time
        ends = clock() + window_s
        while True:
            response = await self._send(request, login)
            payloads = list(_payloads(response))
            if len(payloads) > _MOST:
                raise PermanentError(f"One answer held more than {_MOST:,} messages.", remote_code="too-large")
            if payloads or clock() + _POLL_S >= ends:
                return [message_of(each, _headers(response)) for each in payloads]
            await asyncio.sleep(_POLL_S)


def _headers(response: HttpResponse) -> dict[str, JSON]:
    return {name: value for name, value in response.headers.items() if name not in _OF_THE_WAY}


def _payloads(response: HttpResponse) -> Iterator[JSON]:
    """Yield the messages in an answer: each item of a list, each event of a stream, each line, or all of it."""
    if not response.body:
        return
    kind = response.media_type
    if kind == "text/event-stream":
        for data in json_rpc.events(response.body.decode("utf-8", errors="replace")):
            yield content_of(data)
    elif kind in {"application/x-ndjson", "application/jsonl"}:
        for line in response.body.decode("utf-8", errors="replace").splitlines():
            if line.strip():
                yield content_of(line)
    else:
        content = response.content()
        if isinstance(content, list):
            yield from content
        else:
            yield content


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
