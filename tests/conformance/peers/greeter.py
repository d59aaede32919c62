"""A gRPC service that greets by name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc

PROTO: Final = """
syntax = "proto3";
package GreeterApi;
message Person { string name = 1; }
message Greeting { string text = 1; }
service Greeter { rpc SayHello (Person) returns (Greeting); }
"""


class _Greeter(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    def service(self, details: Any) -> Any:
        known = details.method == "/GreeterApi.Greeter/SayHello"
        return grpc.unary_unary_rpc_method_handler(_say_hello) if known else None


async def _say_hello(message: bytes, _context: Any) -> bytes:
    # The first field of either message is a short text: its tag, its length, its bytes.
    greeting = b"Hello " + message[2 : 2 + message[1]]
    return b"\x0a" + bytes([len(greeting)]) + greeting


@asynccontextmanager
async def greeting() -> AsyncIterator[str]:
    """Serve on a free port of loopback; gives out the address."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Greeter(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop(grace=None)
