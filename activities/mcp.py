"""`call: mcp`: one request to a server of the Model Context Protocol, with the handshake before it.

Spoken here rather than by the SDK, which is the peer in the tests: its HTTP would pass by the guard of `cauce.http`,
and it reads what a program writes without a limit.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from temporalio import activity

from activities import json_rpc, programs
from activities.mcp_transports import Connection, OverHttp, OverPipes
from activities.protocols import carry_out
from activities.secrets import Filling
from cauce.authentication import Authenticator
from cauce.contract import JSON, Outcome, ProtocolCall, protocol_activity
from cauce.errors import PermanentError
from cauce.http import HttpRequest
from cauce.registry import Resolver

# Of all these a request and its answer look the same.
_VERSIONS: Final = frozenset({"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"})


class McpActivities:
    """The activity behind `call: mcp`."""

    def __init__(self, resolver: Resolver, authenticator: Authenticator, programs: Collection[str]) -> None:
        self.resolver = resolver
        self.authenticator = authenticator
        self.programs = frozenset(programs)

    @activity.defn(name=protocol_activity("mcp"))
    async def call_mcp(self, call: ProtocolCall) -> Outcome:
        """Connect, ask, and take leave; the output is the result as the server gave it."""
        return await carry_out(self._call(call), call, kind="runtime")

    async def _call(self, call: ProtocolCall) -> JSON:
        filling = Filling(self.resolver, call.secrets, call.nonce)
        given = filling.filled(call.arguments)
        transport = given["transport"]
        if "stdio" in transport:
            server = transport["stdio"]
            texts = {str(name): str(value) for name, value in (server.get("environment") or {}).items()}
            arguments = [str(each) for each in server.get("arguments") or ()]
            async with programs.started(str(server["command"]), arguments, texts, self.programs) as program:
                return await _converse(OverPipes(program), given)
        async with self._connected(call, transport["http"], filling) as connection:
            return await _converse(connection, given)

    @asynccontextmanager
    async def _connected(self, call: ProtocolCall, http: JSON, filling: Filling) -> AsyncIterator[OverHttp]:
        endpoint = http["endpoint"]
        described = endpoint if isinstance(endpoint, dict) else {"uri": endpoint}
        headers = {str(name): str(value) for name, value in (http.get("headers") or {}).items()}
        request = HttpRequest(
            "POST", str(described["uri"]), headers, timeout_s=call.timeout_s + 1, policy=self.authenticator.guard
        )
        connection = OverHttp(request, self.authenticator, filling.policy(described.get("authentication")))
        try:
            yield connection
        finally:
            await connection.leave()


async def _converse(connection: Connection, given: Mapping[str, JSON]) -> JSON:
    """Introduce ourselves, as the protocol demands, then make the one request that the process wants."""
    client = given.get("client") or {"name": "cauce", "version": version("cauce")}
    wanted = given["protocolVersion"]
    hello = {"protocolVersion": wanted, "capabilities": {}, "clientInfo": client}
    answer = await connection.ask(json_rpc.request(1, "initialize", hello))
    welcome = json_rpc.result(answer, "initialize")
    agreed = welcome.get("protocolVersion") if isinstance(welcome, dict) else None
    if agreed != wanted and agreed not in _VERSIONS:
        raise PermanentError(
            f"The server speaks no version of the protocol that Cauce knows; version {wanted} was asked for.",
            hint=f"Versions: {', '.join(sorted(_VERSIONS))}.",
        )
    connection.agree(agreed)
    await connection.tell(json_rpc.notification("notifications/initialized"))
    method = given["method"]
    asked = json_rpc.request(2, method, given.get("parameters"))
    return json_rpc.result(await connection.ask(asked, writes=method == "tools/call"), method)
