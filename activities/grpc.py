"""`call: grpc`: one call of a method that a `.proto` file describes; several answers become an array."""

import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from temporalio import activity

from activities.protocols import carry_out
from activities.secrets import Filling
from cauce.authentication import Authenticator
from cauce.contract import JSON, Outcome, ProtocolCall, protocol_activity
from cauce.errors import AmbiguousError, PermanentError, RemoteError, TransientError
from cauce.http import reachable
from cauce.registry import Resolver

_HTTPS: Final = 443
_LARGEST: Final = 4_000_000
_MOST: Final = 1_000
_TOTAL: Final = 10_000_000
_SENTENCE: Final = 300
# What a status of gRPC is in HTTP.
_STATUS: Final = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "DEADLINE_EXCEEDED": 408,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
}
_KINDS: Final = {401: "authentication", 403: "authorization", 408: "timeout"}


class GrpcActivities:
    """The activity behind `call: grpc`."""

    def __init__(self, resolver: Resolver, authenticator: Authenticator, plaintext: Collection[str]) -> None:
        self.resolver = resolver
        self.authenticator = authenticator
        self.plaintext = frozenset(plaintext)
        self._descriptions: Any = None

    @activity.defn(name=protocol_activity("grpc"))
    async def call_grpc(self, call: ProtocolCall) -> Outcome:
        """Send the request; a status other than OK is the outcome's error."""
        return await carry_out(self._call(call), call, kinds=_KINDS)

    async def _call(self, call: ProtocolCall) -> JSON:
        from activities.protobuf import Descriptions  # noqa: PLC0415 - only workers that need it pay for it

        if self._descriptions is None:
            self._descriptions = Descriptions()
        filling = Filling(self.resolver, call.secrets, call.nonce)
        given = filling.filled(call.arguments)
        service = given["service"]
        method = await self._descriptions.method(given["proto"], service["name"], given["method"])
        if method.client_streams:
            raise PermanentError(
                f"`{given['method']}` wants a stream of requests, which a process cannot send.",
                hint="Call a method that takes one request.",
                detail={"status": 501},
            )
        request = method.request(given["arguments"]).SerializeToString()
        policy = filling.policy(service.get("authentication"))
        metadata = []
        if policy:
            login = await self.authenticator.authorize(policy)
            metadata = [("authorization", f"{login.scheme} {login.parameter}")]
        return await self._send(service["host"], int(service.get("port") or _HTTPS), method, request, metadata)

    async def _send(self, host: str, port: int, method: Any, request: bytes, metadata: list[tuple[str, str]]) -> JSON:  # noqa: ANN401 - a `Method`, whose module is not imported before it is needed
        import grpc  # noqa: PLC0415 - only workers that need it pay for it

        target = await reachable(host, port, self.authenticator.guard)
        plain = target.is_stand_in or target.is_loopback or bool({host, f"{host}:{port}"} & self.plaintext)
        options = [
            ("grpc.max_receive_message_length", _LARGEST),
            ("grpc.enable_retries", 0),
            ("grpc.enable_http_proxy", 0),
            ("grpc.default_authority", host),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if plain:
            channel = grpc.aio.insecure_channel(target.address, options)
        else:
            options.append(("grpc.ssl_target_name_override", host))
            channel = grpc.aio.secure_channel(target.address, grpc.ssl_channel_credentials(_roots()), options)
        async with channel:
            try:
                if method.server_streams:
                    return await _collected(channel.unary_stream(method.path)(request, metadata=metadata), method)
                return method.output_of(await channel.unary_unary(method.path)(request, metadata=metadata))
            except grpc.aio.AioRpcError as error:
                raise _refusal(error.code().name, error.details() or "", f"{host}:{port}") from error


async def _collected(answers: Any, method: Any) -> list[JSON]:  # noqa: ANN401 - a call of grpc.aio, and a `Method`
    """Return all messages of a stream, as long as they are not too many."""
    collected: list[JSON] = []
    size = 0
    async for data in answers:
        size += len(data)
        if len(collected) == _MOST or size > _TOTAL:
            answers.cancel()
            raise PermanentError(
                f"The stream of answers is longer than {_MOST:,} messages or {_TOTAL:,} bytes.",
                hint="Ask for less at a time.",
                remote_code="too-large",
            )
        collected.append(method.output_of(data))
    return collected


def _refusal(code: str, said: str, server: str) -> RemoteError:
    status = _STATUS.get(code, 500)
    detail = {"status": status}
    if code == "UNAVAILABLE":
        return TransientError(f"{server} cannot be reached, or is not ready ({code}).", remote_code=code, detail=detail)
    kind = AmbiguousError if code in {"DEADLINE_EXCEEDED", "CANCELLED"} else PermanentError
    return kind(f"{server} refused ({code}): {json.dumps(said[:_SENTENCE])}", remote_code=code, detail=detail)


def _roots() -> bytes | None:
    """Return the certificates that the environment trusts besides the usual ones."""
    file = os.environ.get("SSL_CERT_FILE")
    return Path(file).read_bytes() if file else None
