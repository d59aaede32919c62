"""The connection that is certified: asked as a process would ask it, but for the ledger."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cauce.connection import Connection, classify
from cauce.connector import BaseConnector, BaseSettings
from cauce.errors import InputError, RemoteError
from cauce.expressions import compile_expression, compile_template
from schemas import validate_data
from workflows.checking.capabilities import VARIABLES

JSON = Any
_MOST_DIGITS = 10**7


@dataclass(frozen=True, slots=True)
class Document:
    """What a write made: by which operation, and its answer."""

    operation: str
    answer: JSON


@dataclass(slots=True)
class Subject:
    """A connection with a capability; makes the samples, asks, and keeps what was written."""

    connection: Connection
    connector: BaseConnector[BaseSettings]
    capability: Mapping[str, JSON]
    data: Mapping[str, JSON]
    mark: str = field(default_factory=lambda: f"cauce-cert-{secrets.token_hex(4)}")
    written: list[Document] = field(default_factory=list)

    def wanted(self, operation: str) -> Mapping[str, JSON]:
        """Return what the capability says of an operation."""
        found: Mapping[str, JSON] = self.capability["operations"][operation]
        return found

    def sample(
        self, operation: str, purpose: str, *, kind: str = "usual", changes: JSON = None
    ) -> dict[str, JSON] | None:
        """Return a `with` of its own for one purpose, which its mark tells; None when the capability has no sample."""
        written = (self.wanted(operation).get("samples") or {}).get(kind)
        if written is None:
            return None
        digits = f"{secrets.randbelow(_MOST_DIGITS):07d}"
        variables = {"mark": f"{self.mark}-{purpose}", "digits": digits, "data": dict(self.data)}
        template = compile_template({**written, **(changes or {})}, variables=VARIABLES)
        made: dict[str, JSON] = template.render(None, variables)
        return made

    async def ask(self, operation: str, params: JSON, *, timeout_s: float | None = None) -> JSON:
        """Call an operation, mapped and checked; raises what went wrong as the class that a process would see."""
        asked = self.connection.operation(operation)
        if timeout_s is not None:
            asked = replace(asked, timeout_s=timeout_s)
        if asked.input is not None:
            validate_data(asked.input, params, where=f"{operation}@{self.connection.name}")
        request = compile_expression(asked.request).first(params, {})
        try:
            answer = await self.connector.call(asked, request)
        except RemoteError as error:
            told = classify(error, asked)
            raise told from told.__cause__
        mapped = compile_expression(asked.response).first(answer, {})
        if asked.output is not None:
            validate_data(asked.output, mapped, where=f"answer of {operation}@{self.connection.name}")
        return mapped

    async def write(self, operation: str, params: JSON, *, timeout_s: float | None = None) -> JSON:
        """Call a write, and remember what it made."""
        answer = await self.ask(operation, params, timeout_s=timeout_s)
        self.keep(operation, answer)
        return answer

    def keep(self, operation: str, answer: JSON) -> None:
        """Remember a document that was written, once."""
        if all(
            self.identity(operation, each.answer) != self.identity(operation, answer)
            for each in self.written
            if each.operation == operation
        ):
            self.written.append(Document(operation, answer))

    def identity(self, operation: str, answer: JSON) -> JSON:
        """Return what tells a document from others."""
        return compile_expression(self.wanted(operation).get("identity") or ".").first(answer, {})

    def misfit(self, operation: str, answer: JSON) -> str:
        """Return in one sentence why an answer is not what the capability promises; empty when it is."""
        try:
            validate_data(self.wanted(operation)["output"], answer, where=f"answer of {operation}")
        except InputError as error:
            place = error.errors[0]["pointer"] if error.errors else ""
            return f"The answer does not fit{' at ' + place if place else ''}: {error.problem}"
        return ""
