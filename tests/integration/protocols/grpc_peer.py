"""A gRPC server that behaves as the name in its request says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf import json_format, message_factory

from activities.protobuf import Descriptions, Method

PROTO = """
syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";

enum Colour { COLOUR_NONE = 0; COLOUR_RED = 1; }
message Ask { string name = 1; int64 how_many = 2; repeated string tags = 3; }
message Reply {
  string text = 1; int64 big_number = 2; bool flag = 3; Colour colour = 4; google.protobuf.Timestamp at = 5;
  map<string, int32> counts = 6;
}
service Shop {
  rpc Get (Ask) returns (Reply);
  rpc Follow (Ask) returns (stream Reply);
  rpc Send (stream Ask) returns (Reply);
}
"""
SERVICE = "shop.v1.Shop"
CODES = {code.name: code for code in grpc.StatusCode}


class _Peer(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    def __init__(self, get: Method, follow: Method) -> None:
        self.get, self.follow = get, follow
        self.asked: list[tuple[Any, dict[str, str]]] = []
        self.cancelled = 0

    def service(self, details: Any) -> Any:
        if details.method == self.get.path:
            return grpc.unary_unary_rpc_method_handler(self._get)
        if details.method == self.follow.path:
            return grpc.unary_stream_rpc_method_handler(self._follow)
        return None

    async def _get(self, data: bytes, context: Any) -> bytes:
        asked = self._asked(data)
        self.asked.append((asked, dict(context.invocation_metadata())))
        name = asked["name"]
        if name in CODES:
            await context.abort(CODES[name], f"because of {name}")
        if name == "slow":
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        if name == "garbage":
            return b"\xff\xff\xff\xff"
        if name == "huge":
            return self._reply(text="x" * 4_100_000)
        return self._reply(
            text=f"Hola, {name}",
            bigNumber=str(int(asked["howMany"]) + 1),
            colour="COLOUR_RED",
            at="2026-01-02T03:04:05Z",
            counts={"a": 1},
        )

    async def _follow(self, data: bytes, _context: Any) -> AsyncIterator[bytes]:
        asked = self._asked(data)
        for number in range(int(asked["howMany"])):
            yield self._reply(text=asked["name"], bigNumber=str(number))

    def _asked(self, data: bytes) -> Any:
        message = message_factory.GetMessageClass(self.get.input)()
        message.ParseFromString(data)
        return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)

    def _reply(self, **given: Any) -> bytes:
        message = message_factory.GetMessageClass(self.get.output)()
        json_format.ParseDict(given, message)
        return bytes(message.SerializeToString())


@asynccontextmanager
async def serving(credentials: Any = None) -> AsyncIterator[tuple[int, _Peer]]:
    """Run the server on a free port."""
    described = Descriptions()
    peer = _Peer(await described.method(PROTO, SERVICE, "Get"), await described.method(PROTO, SERVICE, "Follow"))
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((peer,))
    place = "127.0.0.1:0"
    port = server.add_secure_port(place, credentials) if credentials else server.add_insecure_port(place)
    await server.start()
    try:
        yield port, peer
    finally:
        await server.stop(grace=None)
