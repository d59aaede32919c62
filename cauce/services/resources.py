"""Fetches what a process names by its address when it is published, and pins it.

Instances never fetch these again, so a process that was published cannot change, or stop, because a web server did.
What is pinned lies in the bundle under `resources`: address -> {digest, content}.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cauce.authentication import Authenticator, resolved
from cauce.authentication.policies import secret_of
from cauce.errors import CauceError, Finding, PermanentError
from cauce.expressions.templates import compile_template
from cauce.http import policy_of
from cauce.resources import MAX_BYTES, Resource, data_of, fetch
from cauce.services import descriptions
from cauce.services.descriptions import from_folder
from cauce.services.hub import Hub
from cauce.services.openapi_documents import pin_openapi
from schemas import Source, flaws
from workflows.bundle import Outside
from workflows.checking.references import Reference, schema_references, script_references

JSON = Any
MOST: Final = 50
TOTAL_S: Final = 60.0


@dataclass(slots=True)
class Pinning:
    """Fetches the resources of one document, each address once; what was fetched is in `pins`.

    The document's own authentications and secrets log in; a secret is resolved here, where the definition is published.
    """

    hub: Hub
    document: Mapping[str, JSON]
    pins: dict[str, JSON] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    functions: Outside = field(default_factory=Outside)
    authenticator: Authenticator = field(init=False)

    def __post_init__(self) -> None:
        self.authenticator = Authenticator(policy_of(self.hub.settings))

    async def data(self, reference: Reference) -> JSON:
        """Return the JSON or YAML data at an address, pinned.

        Raises:
            CauceError: It cannot be fetched, or is no such data.
        """
        uri = str(reference.uri)
        if uri not in self.pins:
            resource = await self.fetched(reference)
            self.pins[uri] = {"digest": resource.digest, "content": await data_of(resource)}
        return self.pins[uri]["content"]

    async def description(self, reference: Reference, *, is_text: bool) -> JSON:
        """Return the description of a service at an address, pinned: text, or JSON or YAML data.

        Raises:
            CauceError: It cannot be fetched.
        """
        uri = str(reference.uri)
        if uri not in self.pins:
            if uri.startswith("file:"):
                text = await from_folder(self.hub.settings.definitions_dir, uri)
                resource = Resource(uri, text, hashlib.sha256(text.encode()).hexdigest())
            else:
                resource = await self.fetched(reference)
            content = resource.text if is_text else await data_of(resource)
            self.pins[uri] = {"digest": resource.digest, "content": content}
        return self.pins[uri]["content"]

    async def fetched(self, reference: Reference, *, max_bytes: int = MAX_BYTES) -> Resource:
        """Return what is at an address, without pinning it.

        Raises:
            CauceError: It cannot be fetched.
        """
        uri = str(reference.uri)
        if len(self.pins) >= MOST:
            raise PermanentError(f"A process may name at most {MOST} resources by their addresses.")
        login = self._login(reference.authentication)
        return await fetch(self.authenticator, uri, authentication=login, max_bytes=max_bytes)

    def refuse(self, source: Source, pointer: str, problem: str, hint: str = "") -> None:
        """Note what is wrong with a resource, at the place that names it."""
        self.findings.append(Finding("resource", problem, hint, source.value_place(pointer), pointer))

    def _login(self, policy: JSON) -> JSON:
        if not policy:
            return None
        use: Mapping[str, JSON] = self.document.get("use") or {}
        if "use" in policy:
            policy = (use.get("authentications") or {}).get(policy["use"])
        named = [name for name in use.get("secrets") or () if name in str(policy)]
        secrets = {name: secret_of(name, self.hub.resolver.secret) for name in named}
        filled = compile_template(policy, variables={"secrets"}).render(None, {"secrets": secrets})
        return resolved(filled, self.hub.resolver.secret)


async def pin(hub: Hub, source: Source) -> Pinning:
    """Fetch all that a (checked) process names by its address; what cannot be had is among the findings."""
    pinning = Pinning(hub, source.data)
    try:
        async with asyncio.timeout(TOTAL_S):
            await _pin_schemas(pinning, source)
            await _pin_descriptions(pinning, source)
            await _pin_scripts(pinning, source)
            await pin_openapi(pinning, source)
    except TimeoutError:
        problem = f"Fetching what the process names by its address took more than {TOTAL_S:.0f} seconds."
        pinning.refuse(source, "/document", problem, "Try again later.")
    return pinning


async def _pin_schemas(pinning: Pinning, source: Source) -> None:
    for reference in schema_references(source.data):
        try:
            schema = await pinning.data(reference)
        except CauceError as error:
            problem = f"The schema cannot be fetched: {error.problem[:1].lower()}{error.problem[1:]}"
            pinning.refuse(source, reference.pointer, problem, error.hint)
            continue
        for flaw in flaws(schema)[:1]:
            problem = f"What is at this address cannot be used as a JSON Schema: {flaw.sentence}"
            pinning.refuse(source, reference.pointer, problem, flaw.hint)


async def _pin_descriptions(pinning: Pinning, source: Source) -> None:
    for reference, task in descriptions.descriptions(source.data):
        try:
            content = await pinning.description(reference, is_text=task["call"] == "grpc")
            await descriptions.check(task, content)
        except CauceError as error:
            pinning.refuse(source, reference.pointer, error.problem, error.hint)


async def _pin_scripts(pinning: Pinning, source: Source) -> None:
    for reference in script_references(source.data):
        try:
            text = await pinning.description(reference, is_text=True)
            if not isinstance(text, str):
                raise PermanentError("what is at this address is used as a schema elsewhere.")
        except CauceError as error:
            problem = f"The script cannot be fetched: {error.problem[:1].lower()}{error.problem[1:]}"
            pinning.refuse(source, reference.pointer, problem, error.hint)
