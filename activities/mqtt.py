"""Messages over MQTT 3.1.1 and 5, at least once: what is received is acknowledged when it is about to be recorded."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from activities.messages import content_of, message_of
from cauce.contract import JSON
from cauce.errors import AmbiguousError, PermanentError, TransientError
from cauce.http import Policy, reachable

_CONNECT_S: Final = 10
_KEPT_S: Final = 3_600
_MOST: Final = 100
_LARGEST: Final = 1_000_000
# What brokers say when they do not know, or do not want, who connects: in MQTT 3.1.1 and in MQTT 5.
_REFUSED: Final = ("not authori", "bad user name", "banned")


async def publish(given: JSON, login: JSON, guard: Policy) -> None:
    """Publish a message, and wait until the broker has it."""
    channel, message = given["channel"], given["message"]
    body = message.get("payload")
    data = b"" if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    properties = None
    if channel["protocol"] == "mqtt5":
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no types here
        properties.ContentType = "application/json"
        properties.UserProperty = [(str(name), _text(each)) for name, each in (message.get("headers") or {}).items()]
    elif message.get("headers"):
        raise PermanentError("MQTT 3.1.1 has no headers.", hint="Use a server of MQTT 5, or leave them out.")
    bindings = channel["bindings"]
    sent = False
    try:
        async with _connected(channel, login, guard, session="") as client:
            sent = True
            await client.publish(
                channel["address"],
                data,
                qos=int(bindings.get("qos", 1)),
                retain=bool(bindings.get("retain", False)),
                properties=properties,
            )
    except aiomqtt.MqttError as error:
        raise _refusal(error, channel["host"], sent=sent) from error
    except ValueError as error:  # a topic that cannot be
        raise PermanentError(f"Nothing can be published there: {str(error)[:100]}") from error


async def receive(given: JSON, login: JSON, guard: Policy) -> list[JSON]:
    """Return the messages that came since the last look, having waited for them; or leave for good."""
    channel, leaves = given["channel"], given["action"] == "leave"
    try:
        async with _connected(channel, login, guard, session=given["session"], clean=leaves) as client:
            return [] if leaves else await _messages(client, channel, given["window_s"])
    except aiomqtt.MqttError as error:
        raise _refusal(error, channel["host"], sent=False) from error


async def _messages(client: aiomqtt.Client, channel: JSON, window_s: float) -> list[JSON]:
    await client.subscribe(channel["address"], qos=1)
    taken: list[aiomqtt.Message] = []
    size = 0
    try:
        async with asyncio.timeout(window_s):
            async for message in client.messages:
                size += len(message.payload)
                if size > _LARGEST and taken:
                    break  # the broker gives it again at the next look
                taken.append(message)
                if len(taken) == _MOST or not len(client.messages):
                    break
    except TimeoutError:
        pass
    if size > _LARGEST and len(taken) == 1:
        taken_size = f"{size:,}"
        _acknowledge(client, taken)
        raise PermanentError(f"A message has {taken_size} bytes; {_LARGEST:,} are taken.", remote_code="too-large")
    received = [_read(message) for message in taken]
    _acknowledge(client, taken)
    return received


def _acknowledge(client: aiomqtt.Client, messages: list[aiomqtt.Message]) -> None:
    for message in messages:
        client._client.ack(message.mid, message.qos)  # noqa: SLF001 - aiomqtt has no public way to it


def _read(message: aiomqtt.Message) -> JSON:
    properties: Any = message.properties
    headers: dict[str, JSON] = {"topic": str(message.topic)}
    headers |= {str(name): str(value) for name, value in getattr(properties, "UserProperty", None) or ()}
    correlation = getattr(properties, "CorrelationData", None)
    return message_of(
        content_of(message.payload), headers, correlation.decode(errors="replace") if correlation else None
    )


@asynccontextmanager
async def _connected(
    channel: JSON, login: JSON, guard: Policy, *, session: str, clean: bool = False
) -> AsyncIterator[aiomqtt.Client]:
    """Connect to the broker; with a session it keeps what comes while nobody looks."""
    target = await reachable(channel["host"], channel["port"], guard)
    tls = channel["tls"] and not target.is_stand_in
    user, password = _login(login)
    keeps = bool(session) and not clean
    more: dict[str, Any] = {"clean_session": not keeps}
    if channel["protocol"] == "mqtt5":
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no types here
        properties.SessionExpiryInterval = _KEPT_S if keeps else 0
        more = {"clean_start": not keeps, "properties": properties, "protocol": aiomqtt.ProtocolVersion.V5}
    client = aiomqtt.Client(
        # With TLS the certificate says who it is, and has to be asked for by name.
        channel["host"] if tls else target.ip,
        target.port,
        username=user,
        password=password,
        identifier=f"cauce-{session}" if session else None,
        timeout=_CONNECT_S,
        tls_context=ssl.create_default_context() if tls else None,
        **more,
    )
    client._client.manual_ack_set(True)  # noqa: FBT003, SLF001 - aiomqtt has no public way to it
    async with client:
        yield client


def _login(login: JSON) -> tuple[str | None, str | None]:
    match login:
        case None:
            return None, None
        case {"basic": {"username": str(user), "password": str(password)}}:
            return user, password
        case _:
            raise PermanentError("A broker of MQTT takes a user and a password.", hint="Use `basic`.")


def _refusal(error: aiomqtt.MqttError, host: str, *, sent: bool) -> Exception:
    said = str(error)[:200]
    if any(word in said.lower() for word in _REFUSED):
        return PermanentError(f"{host} does not accept the login: {said}", detail={"status": 401})
    if sent:
        return AmbiguousError(f"{host} broke off before it had confirmed the message: {said}")
    return TransientError(f"{host} cannot be reached, or broke off: {said}")


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
