"""`call: a2a`: one JSON-RPC request to an agent; what it streams becomes an array.

Spoken here rather than by the SDK, which is the peer in the tests: its HTTP would pass by the guard of `cauce.http`.
"""

from typing import Final

from temporalio import activity
from yarl import URL

from activities import json_rpc
from activities.protocols import carry_out
from activities.secrets import Filling
from cauce.authentication import Authenticator
from cauce.contract import JSON, Outcome, ProtocolCall, protocol_activity
from cauce.errors import PermanentError
from cauce.http import HttpRequest, failure
from cauce.registry import Resolver

_STREAMS: Final = frozenset({"message/stream", "tasks/resubscribe"})
_MOST: Final = 1_000
_LARGEST_CARD: Final = 1_000_000


class A2aActivities:
    """The activity behind `call: a2a`."""

    def __init__(self, resolver: Resolver, authenticator: Authenticator) -> None:
        self.resolver = resolver
        self.authenticator = authenticator

    @activity.defn(name=protocol_activity("a2a"))
    async def call_a2a(self, call: ProtocolCall) -> Outcome:
        """Send the request; the output is the result as the agent gave it."""
        return await carry_out(self._call(call), call, kind="runtime")

    async def _call(self, call: ProtocolCall) -> JSON:
        filling = Filling(self.resolver, call.secrets, call.nonce)
        given = filling.filled(call.arguments)
        endpoint = given["endpoint"]
        described = endpoint if isinstance(endpoint, dict) else {"uri": endpoint}
        uri, login = str(described["uri"]), filling.policy(described.get("authentication"))
        if given["isCard"]:
            agent = _interface(await self._card(call, uri, login))
            # A card may name any address; the login was meant for where the card is.
            login = login if URL(agent).origin() == URL(uri).origin() else None
            uri = agent
        method = given["method"]
        request = HttpRequest(
            "POST",
            uri,
            {"Accept": "application/json, text/event-stream"},
            body=json_rpc.request(1, method, given.get("parameters")),
            timeout_s=call.timeout_s + 1,
            policy=self.authenticator.guard,
            effect="write" if call.effect == "write" else "read",
        )
        response = await self.authenticator.send(request, login)
        answers = [each for each in json_rpc.messages(response, method) if json_rpc.is_answer(each, 1)]
        if not answers:
            raise json_rpc.strange(method)
        if len(answers) > _MOST:
            raise PermanentError(f"The agent streamed more than {_MOST:,} answers.", remote_code="too-large")
        results = [json_rpc.result(each, method) for each in answers]
        return results if method in _STREAMS else results[-1]

    async def _card(self, call: ProtocolCall, uri: str, login: JSON) -> JSON:
        request = HttpRequest(
            "GET", uri, timeout_s=call.timeout_s + 1, max_bytes=_LARGEST_CARD, policy=self.authenticator.guard
        )
        response = await self.authenticator.send(request, login)
        wrong = failure(response)
        if wrong is not None:
            raise wrong
        return json_rpc.parsed(response.body, "the agent card")


def _interface(card: JSON) -> str:
    """Return where an agent takes JSON-RPC, from a card of any version of the protocol."""
    card = card if isinstance(card, dict) else {}
    several = [card.get("additionalInterfaces"), card.get("supportedInterfaces")]
    interfaces = [each for some in several if isinstance(some, list) for each in some if isinstance(each, dict)]
    if str(card.get("preferredTransport", "JSONRPC")).upper() == "JSONRPC" and isinstance(card.get("url"), str):
        return str(card["url"])
    for each in interfaces:
        binding = str(each.get("transport") or each.get("protocolBinding")).upper()
        if binding == "JSONRPC" and isinstance(each.get("url"), str):
            return str(each["url"])
    raise PermanentError(
        "The agent card names no address that takes JSON-RPC.", hint="Give the address of the agent as `server`."
    )
