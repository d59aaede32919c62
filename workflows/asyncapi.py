"""Reads AsyncAPI documents, versions 2 and 3: which server a channel is on, where it is there, and what is spoken."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import urlsplit

from cauce.contract import JSON
from cauce.errors import DefinitionError
from schemas import guess, listing

# What is spoken, under every name that documents have for it; and its port, without and with TLS.
PROTOCOLS: Final = {
    "http": "http",
    "https": "http",
    "mqtt": "mqtt",
    "mqtts": "mqtt",
    "secure-mqtt": "mqtt",
    "mqtt5": "mqtt5",
    "ws": "ws",
    "wss": "ws",
}
_SECURE: Final = frozenset({"https", "mqtts", "secure-mqtt", "wss"})
_PORTS: Final = {"http": (80, 443), "mqtt": (1883, 8883), "mqtt5": (1883, 8883), "ws": (80, 443)}
_BY_PATH: Final = frozenset({"http", "ws"})
_VARIABLE: Final = re.compile(r"\{([^{}]+)\}")
_DEEPEST: Final = 8
_IN_PAYLOAD: Final = "$message.payload#"


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages go to or come from; `address` is a path of HTTP and WebSocket, or a topic of MQTT.

    `correlation` points to where the payload of a message has its correlation id, if the document says so.
    """

    protocol: str
    host: str
    port: int
    tls: bool
    address: str
    bindings: Mapping[str, JSON]
    correlation: str = ""

    def to_json(self) -> dict[str, JSON]:
        """Return it as a part of a call's arguments."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    protocol: str
    host: str
    path: str
    version: str


def channel_of(document: JSON, given: Mapping[str, JSON], *, receives: bool) -> Channel:
    """Return the channel that a call means.

    Raises:
        DefinitionError: The document has no such thing, or only on servers that speak something else.
    """
    if not isinstance(document, Mapping):
        raise DefinitionError("This is no AsyncAPI document.")
    version = str(document.get("asyncapi", ""))
    if version.startswith("3."):
        found = _of_3(document, given, receives=receives)
    elif version.startswith("2."):
        found = _of_2(document, given, receives=receives)
    else:
        raise DefinitionError(f"`{version}` is no version of AsyncAPI that is known.", hint="Versions 2 and 3 are.")
    channel, operation, address, names = found
    variables = (given.get("server") or {}).get("variables") or {}
    server = _server(document, given, names, variables)
    protocol = PROTOCOLS[server.protocol]
    if protocol == "mqtt" and server.version.startswith("5"):
        protocol = "mqtt5"
    parts = urlsplit(f"//{server.host}")
    try:
        port = parts.port
    except ValueError as cause:
        raise DefinitionError(f"The server `{server.name}` has no port that can be.") from cause
    tls = server.protocol in _SECURE
    otherwise = "+" if receives and protocol not in _BY_PATH else None
    where = _filled(address, variables | _defaults(channel.get("parameters")), otherwise)
    if protocol in _BY_PATH:
        where = "/".join(part for part in (server.path.rstrip("/"), where.lstrip("/")) if part)
        where = f"/{where.lstrip('/')}"
    kind = protocol if protocol in _BY_PATH else "mqtt"
    bindings = {**_map(_map(channel.get("bindings")).get(kind)), **_map(_map(operation.get("bindings")).get(kind))}
    port = port or _PORTS[protocol][tls]
    return Channel(
        protocol, parts.hostname or "", port, tls, where, bindings, _correlation(document, channel, operation)
    )


_Found = tuple[Mapping[str, JSON], Mapping[str, JSON], str, list[str]]


def _of_3(document: Mapping[str, JSON], given: Mapping[str, JSON], *, receives: bool) -> _Found:
    name = given.get("operation")
    if name is None:
        raise DefinitionError("A document of AsyncAPI 3 is called by `operation`, not by `channel`.")
    operation = _named(document, "operations", name, "operation")
    wanted = "receive" if receives else "send"
    channel = _resolved(document, operation.get("channel"))
    servers = [
        str(each.get("$ref", "")).rpartition("/")[2]
        for each in channel.get("servers") or ()
        if isinstance(each, Mapping)
    ]
    if operation.get("action") not in {"send", "receive"}:
        raise DefinitionError(f"The operation `{name}` says neither `send` nor `receive`; `{wanted}` would fit.")
    return channel, operation, str(channel.get("address") or ""), servers


def _of_2(document: Mapping[str, JSON], given: Mapping[str, JSON], *, receives: bool) -> _Found:
    verb = "subscribe" if receives else "publish"
    name = given.get("channel")
    if name is None:
        name = _by_operation_id(document, str(given.get("operation")), verb)
    channel = _named(document, "channels", name, "channel")
    if verb not in channel:
        raise DefinitionError(f"The channel `{name}` has no `{verb}`.")
    return channel, _resolved(document, channel[verb]), str(name), [str(each) for each in channel.get("servers") or ()]


def _by_operation_id(document: Mapping[str, JSON], wanted: str, verb: str) -> str:
    """Return the channel whose operation has this id: version 2 has names for operations, too."""
    ids = {}
    for name, channel in _map(document.get("channels")).items():
        ids[str(_map(_map(channel).get(verb)).get("operationId"))] = str(name)
    if wanted not in ids:
        raise DefinitionError(f"There is no operation `{wanted}` that can be called so{guess(wanted, ids)}")
    return ids[wanted]


def _correlation(document: JSON, channel: Mapping[str, JSON], operation: Mapping[str, JSON]) -> str:
    """Return where the first message that says it has its correlation id, if that is in the payload."""
    single = _map(operation.get("message"))
    several = (operation.get("messages"), list(_map(channel.get("messages")).values()), single.get("oneOf"), [single])
    for message in (each for group in several if isinstance(group, list) for each in group):
        with suppress(DefinitionError):  # what a message looks like may be described elsewhere
            described = _resolved(document, _resolved(document, message).get("correlationId"))
            where = str(described.get("location", ""))
            if where.startswith(_IN_PAYLOAD):
                return where.removeprefix(_IN_PAYLOAD)
    return ""


def _server(
    document: Mapping[str, JSON], given: Mapping[str, JSON], names: list[str], variables: Mapping[str, JSON]
) -> _Server:
    """Return the server that the call names, else the first that fits its protocol and that we can speak with."""
    wanted = (given.get("server") or {}).get("name")
    if wanted is not None:
        server = _read(str(wanted), _named(document, "servers", wanted, "server"), variables)
        if server.protocol not in PROTOCOLS:
            raise DefinitionError(f"The server `{wanted}` speaks {server.protocol}, which is not supported yet.")
        return server
    known = _map(document.get("servers"))
    servers = [_read(name, _named(document, "servers", name, "server"), variables) for name in names or known]
    protocol = given.get("protocol")
    for server in servers:
        if server.protocol in PROTOCOLS and (protocol is None or _same(protocol, server)):
            return server
    spoken = listing(sorted({server.protocol for server in servers}), word="Its servers speak")
    what = f"`{protocol}`" if protocol else "anything that is supported"
    raise DefinitionError(f"No server of this channel speaks {what}.", hint=spoken)


def _same(protocol: str, server: _Server) -> bool:
    speaks = PROTOCOLS[server.protocol]
    if speaks == "mqtt" and server.version.startswith("5"):
        return protocol in {"mqtt", "mqtt5"}
    return PROTOCOLS.get(protocol) == speaks


def _read(name: str, server: Mapping[str, JSON], variables: Mapping[str, JSON]) -> _Server:
    values = {**_defaults(server.get("variables")), **variables}
    protocol, version = str(server.get("protocol", "")).lower(), str(server.get("protocolVersion", ""))
    if "host" in server:
        path = _filled(str(server.get("pathname") or ""), values, None)
        return _Server(name, protocol, _filled(str(server["host"]), values, None), path, version)
    url = _filled(str(server.get("url", "")), values, None)
    parts = urlsplit(url if "://" in url else f"//{url}")
    return _Server(name, protocol, parts.netloc.rpartition("@")[2], parts.path, version)


def _named(document: Mapping[str, JSON], section: str, name: JSON, what: str) -> Mapping[str, JSON]:
    several = _map(document.get(section))
    if name not in several:
        problem = f"The document has no {what} `{name}`{guess(str(name), [str(each) for each in several])}"
        raise DefinitionError(problem, hint=listing([str(each) for each in several]))
    return _resolved(document, several[name])


def _resolved(document: Mapping[str, JSON], value: JSON) -> Mapping[str, JSON]:
    """Follow references within the document."""
    for _ in range(_DEEPEST):
        found = _map(value)
        reference = found.get("$ref")
        if reference is None:
            return found
        value = document
        for step in _steps(str(reference)):
            value = _map(value).get(step)
    raise DefinitionError("The references of the document go round in a circle.")


def _steps(reference: str) -> Iterator[str]:
    if not reference.startswith("#/"):
        raise DefinitionError(f"The document refers to `{reference[:100]}`, and only what is in it can be used.")
    for step in reference[2:].split("/"):
        yield step.replace("~1", "/").replace("~0", "~")


def _defaults(variables: JSON) -> dict[str, JSON]:
    given = {name: _map(each) for name, each in _map(variables).items()}
    defaults = {name: each.get("default", _map(each.get("schema")).get("default")) for name, each in given.items()}
    return {name: value for name, value in defaults.items() if value is not None}


def _filled(text: str, values: Mapping[str, JSON], otherwise: str | None) -> str:
    """Put values where the variables of a text are; one without a value becomes `otherwise`, or is an error."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1], otherwise)
        if found is None:
            hint = f"Write `server: {{name: …, variables: {{{match[1]}: …}}}}`."
            raise DefinitionError(f"Nothing says what `{{{match[1]}}}` is in the address.", hint=hint)
        return str(found)

    return _VARIABLE.sub(value, text)


def _map(value: JSON) -> Mapping[str, JSON]:
    return value if isinstance(value, Mapping) else {}
