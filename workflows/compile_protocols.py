"""Calls over HTTP and in protocols of their own: named authentications go where they are used, URI templates expand."""

from abc import ABC
from collections.abc import Callable, Mapping
from typing import Final

from cauce.contract import JSON
from cauce.errors import DefinitionError
from cauce.expressions.templates import Template
from workflows import model
from workflows.compile_events import Events
from workflows.compile_login import with_addresses
from workflows.compile_values import Place
from workflows.uri_templates import expanded

# Where the arguments of each protocol hold an endpoint, and where an authentication without one.
_ENDPOINTS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "a2a": (("agentCard", "endpoint"), ("server",)),
    "asyncapi": (),
    "grpc": (),
    "mcp": (("transport", "http", "endpoint"),),
}
_POLICIES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "a2a": (),
    "asyncapi": (("authentication",),),
    "grpc": (("service", "authentication"),),
    "mcp": (),
}
# What is fetched when a process is published, and so is not part of what is evaluated.
_PINNED: Final = {"asyncapi": "document", "grpc": "proto"}
PROTOCOLS: Final = frozenset(_ENDPOINTS)


class Protocols(Events, ABC):
    """Compiles the arguments of calls that name an address themselves."""

    def protocol(self, common: model.Common, name: str, given: Mapping[str, JSON], place: Place) -> model.Task:
        """Compile a call in a protocol of its own."""
        arguments: JSON = given
        for path in _ENDPOINTS[name]:
            arguments = _changed(arguments, path, lambda endpoint: self.endpoint(endpoint, place))
        for path in _POLICIES[name]:
            arguments = _changed(arguments, path, lambda policy: self.policy(policy, place))
        pinned = _PINNED.get(name)
        description = self.pinned(given[pinned], place) if pinned else None
        apart = (pinned, "subscription")
        evaluated = self.template({key: value for key, value in arguments.items() if key not in apart}, place)
        if "subscription" in given:
            return self._subscription(common, evaluated, description, given["subscription"], place)
        return model.ProtocolTask(common, name, evaluated, self.secrets, description)

    def _subscription(
        self,
        common: model.Common,
        arguments: Template,
        description: JSON,
        given: Mapping[str, JSON],
        place: Place,
    ) -> model.Task:
        consume = given["consume"]
        return model.SubscriptionTask(
            common,
            arguments,
            description,
            self.secrets,
            filter=self.optional(given.get("filter"), place),
            amount=consume.get("amount"),
            duration=self.duration(consume.get("for"), place),
            while_=self.optional(consume.get("while"), place),
            until=self.optional(consume.get("until"), place),
            foreach=self.foreach(given.get("foreach"), place.below("with", "subscription")),
        )

    def pinned(self, resource: Mapping[str, JSON], place: Place) -> JSON:
        """Return what was at an address when the process was published."""
        endpoint = resource["endpoint"]
        uri = endpoint["uri"] if isinstance(endpoint, Mapping) else endpoint
        found = (self.bundle.get("resources") or {}).get(uri)
        if found is None:
            raise DefinitionError("What is at this address was not published with the process.", where=place.pointer)
        return found["content"]

    def endpoint(self, endpoint: JSON, place: Place) -> JSON:
        """Return an endpoint with its named authentication in place, and expressions for the variables in its URI."""
        if isinstance(endpoint, str):
            return expanded(endpoint)
        if not isinstance(endpoint, Mapping):
            return endpoint
        policy = self.policy(endpoint.get("authentication"), place)
        more = {"authentication": policy} if policy else {}
        return {**endpoint, "uri": expanded(endpoint["uri"]), **more}

    def policy(self, policy: JSON, place: Place) -> JSON:
        """Return an authentication, looked up when it is a name."""
        if isinstance(policy, str):
            policy = {"use": policy}
        if policy and "use" in policy:
            policy = self.named("authentications", policy["use"], place)
        return {scheme: with_addresses(given) for scheme, given in policy.items()} if policy else policy


def _changed(value: JSON, path: tuple[str, ...], change: Callable[[JSON], JSON]) -> JSON:
    """Return a copy of nested maps with the value at the path changed, if there is one."""
    if not path:
        return change(value)
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    return {**value, path[0]: _changed(value[path[0]], path[1:], change)}
