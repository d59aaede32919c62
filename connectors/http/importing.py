"""Reads an OpenAPI document (2.0, 3.0, 3.1) as the operations of a connection."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from cauce.connector import JSON, BaseConnector, Effect, Operation
from cauce.depth import check_depth
from cauce.errors import CauceError, PermanentError
from cauce.importing import (
    GUESSED,
    MAX_BYTES,
    Contract,
    Described,
    ImportedOperation,
    LeftOut,
    Offer,
    fitted,
    in_full,
    words,
)
from cauce.openapi import Reader, address_of, operations, version_of
from connectors.http.connector import Connector
from connectors.http.mapping import request_of, template
from connectors.http.schemas import input_schema, output_schema
from schemas import Limits, load_yaml

_head: Final = re.compile(rb"""["']?(?:openapi|swagger)["']?\s*:\s*["']?[23]""")
_form: Final = "application/x-www-form-urlencoded"
_any_place: Final = re.compile(r"\{[^}]*\}")
_no_server: Final = "The document names no server; give its address as the setting."


def recognises(offer: Offer) -> bool:
    """Say whether this looks like an OpenAPI document: its version stands at its beginning, or anywhere in JSON."""
    return bool(_head.search(offer.head)) or (offer.head.lstrip()[:1] == b"{" and bool(_head.search(offer.content())))


async def describe(connector: BaseConnector[Any], operations: Sequence[Operation]) -> Mapping[str, Described]:
    """Return what the connection's OpenAPI document says of its operations now."""
    assert isinstance(connector, Connector)  # noqa: S101 (each kind is given its own)
    body = await connector.document()
    offer = Offer(connector.settings.openapi, connector.name, content=lambda: body)
    document = await asyncio.to_thread(_data, offer)
    version_of(document)
    return await asyncio.to_thread(_Reading(document, offer).described, operations)


async def read(offer: Offer) -> Contract:
    """Return the operations of the document."""
    document = await asyncio.to_thread(_data, offer)
    version_of(document)
    return await asyncio.to_thread(_Reading(document, offer).contract)


def _data(offer: Offer) -> JSON:
    try:
        text = offer.content().decode("utf-8-sig")
        try:
            data = json.loads(text)
        except ValueError:
            data = load_yaml(text, offer.source, Limits(bytes=MAX_BYTES, nodes=1_000_000)).data
        check_depth(data, "OpenAPI document")
    except UnicodeDecodeError:
        raise PermanentError("The OpenAPI document is not UTF-8 text.") from None
    except RecursionError:
        raise PermanentError("The OpenAPI document is nested too deeply.") from None
    return data


@dataclass(slots=True)
class _Body:
    schema: JSON
    required: bool
    kind: str


class _Reading:
    """Reads one document."""

    def __init__(self, document: Mapping[str, JSON], offer: Offer) -> None:
        self.document = document
        self.offer = offer
        self.reader = Reader(document)
        self.declared = list(operations(document))
        self.base = self._base()
        self.decide = [GUESSED]

    def contract(self) -> Contract:
        """Return all operations that can be called, and why others cannot."""
        found: list[ImportedOperation] = []
        left_out: list[LeftOut] = []
        for path, method, item, operation in self.declared:
            name = str(operation.get("operationId") or f"{method} {path}")
            try:
                found.append(self._operation(name, path, method, item, operation))
            except CauceError as error:
                left_out.append(LeftOut(name, error.problem))
        settings = {"base_url": self.base or {"setting": f"{self.offer.name}-url"}, **self._login()}
        if self.offer.is_address and "?" not in self.offer.source:
            settings["openapi"] = self.offer.source
        if not self.base:
            self.decide.append(_no_server)
        info = self.document.get("info")
        title = str(info.get("title") or "") if isinstance(info, Mapping) else ""
        return Contract(settings, tuple(found), tuple(left_out), len(self.declared), title, tuple(self.decide))

    def described(self, wanted: Sequence[Operation]) -> Mapping[str, Described]:
        """Return the strict schemas of those operations that the document has."""
        known = {
            f"{method.upper()} {_any_place.sub('{}', path)}": (item, operation)
            for path, method, item, operation in self.declared
        }
        calls = {each.name: _any_place.sub("{}", " ".join(each.calls.split())) for each in wanted}
        return {name: self._described(*known[called]) for name, called in calls.items() if called in known}

    def _described(self, item: Mapping[str, JSON], operation: Mapping[str, JSON]) -> Described:
        parameters = self._parameters(item, operation, [])
        body = self._body(operation, parameters)
        given = (body.schema, body.required) if body else None
        return Described(
            in_full(lambda budget: input_schema(self.reader, parameters, given, budget)),
            in_full(lambda budget: output_schema(self.reader, self._answer(operation), budget, loose=False)),
        )

    def _base(self) -> str:
        """Return the address of the first server; empty when only the environment can know it."""
        uri = self.offer.source if self.offer.is_address else "http://nowhere.invalid/"
        try:
            address = address_of(self.document, {}, {}, uri).rstrip("/")
        except CauceError:
            return ""
        return "" if urlsplit(address).hostname == "nowhere.invalid" or re.search(r"\s", address) else address

    def _operation(
        self, name: str, path: str, method: str, item: Mapping[str, JSON], operation: Mapping[str, JSON]
    ) -> ImportedOperation:
        if method == "trace":
            raise PermanentError("TRACE is not called.")
        if self._elsewhere(item, operation):
            raise PermanentError("it has a server of its own; make a connection for that server.")
        decide: list[str] = []
        parameters = self._parameters(item, operation, decide)
        body = self._body(operation, parameters)
        calls = template(path, parameters)
        effect: Effect = "read" if method in {"get", "head", "options"} else "write"
        request = request_of(method, parameters, body.kind if body else None)
        schema, cut = fitted(
            lambda budget: input_schema(
                self.reader, parameters, (body.schema, body.required) if body else None, budget
            ),
            len(self.declared),
        )
        answer, answer_cut = fitted(
            lambda budget: output_schema(self.reader, self._answer(operation), budget), len(self.declared)
        )
        if cut or answer_cut:
            decide.append("its schemas are not described to their full depth.")
        summary = str(operation.get("summary") or "").strip()
        return ImportedOperation(
            name=name,
            calls=f"{method.upper()} {calls}",
            effect=effect,
            title=summary or " ".join(words(name)).capitalize(),
            description=str(operation.get("description") or "").strip(),
            request=request,
            input=schema,
            output=answer,
            decide=tuple(decide),
        )

    def _elsewhere(self, item: Mapping[str, JSON], operation: Mapping[str, JSON]) -> bool:
        own = operation.get("servers") or item.get("servers")
        if not own or "swagger" in self.document:
            return False
        uri = self.offer.source if self.offer.is_address else "http://nowhere.invalid/"
        return address_of(self.document, item, operation, uri).rstrip("/") != self.base

    def _parameters(
        self, item: Mapping[str, JSON], operation: Mapping[str, JSON], decide: list[str]
    ) -> list[Mapping[str, JSON]]:
        """Return the parameters that can be sent; one that cannot, and need not, is left out with a word."""
        found = []
        for each in self.reader.parameters(item, operation):
            if each["in"] == "cookie":
                if each.get("required"):
                    raise PermanentError(f"it needs the cookie {each['name']!r}, and cookies are not sent.")
                decide.append(f"the cookie {each['name']!r} is left out; cookies are not sent.")
                continue
            place = self.reader.place(each) if each["in"] in {"path", "query", "header"} else {}
            if place.get("style", "simple") not in {"simple", "form"} or place.get("json"):
                decide.append(f"the parameter {each['name']!r} has a style of its own; write it in `request`.")
            found.append(each)
        return found

    def _body(self, operation: Mapping[str, JSON], parameters: list[Mapping[str, JSON]]) -> _Body | None:
        old = "swagger" in self.document
        described = self.reader.old_body(operation, parameters) if old else self.reader.body(operation)
        if described is None:
            return None
        if described["kind"] not in {"json", "form", "text"}:
            raise PermanentError(f"its body is {described['type']}, which this kind does not send.")
        if not old:
            given = self.reader.followed(operation.get("requestBody"))
            return _Body(
                given["content"][described["type"]].get("schema"), bool(given.get("required")), described["type"]
            )
        whole = next((each for each in parameters if each["in"] == "body"), None)
        if whole is not None:
            return _Body(whole.get("schema"), bool(whole.get("required")), described["type"])
        fields = [each for each in parameters if each["in"] == "formData"]
        schema = {
            "type": "object",
            "properties": {each["name"]: each for each in fields},
            "required": [each["name"] for each in fields if each.get("required")],
        }
        return _Body(schema, bool(schema["required"]), described["type"])

    def _answer(self, operation: Mapping[str, JSON]) -> JSON:
        """Return the schema of the first good answer that has one; None when none says what it holds."""
        responses = operation.get("responses")
        if not isinstance(responses, Mapping):
            return None
        for status in sorted((str(status) for status in responses), key=lambda each: (each[:1] != "2", each)):
            if not status.startswith(("2", "default")):
                continue
            answer = self.reader.followed(responses.get(status, responses.get(int(status) if status.isdigit() else 0)))
            if not isinstance(answer, Mapping):
                continue
            content = answer.get("content")
            given = content if isinstance(content, Mapping) else {"application/json": {"schema": answer.get("schema")}}
            for kind, each in given.items():
                if "json" in str(kind) and isinstance(each, Mapping) and each.get("schema") is not None:
                    return each["schema"]
        return None

    def _login(self) -> dict[str, JSON]:
        """Return the settings of the login that the document asks for, with placeholders for what is secret."""
        components = self.document.get("components")
        schemes = (components or {}).get("securitySchemes") or self.document.get("securityDefinitions") or {}
        name = self.offer.name
        for scheme in schemes.values() if isinstance(schemes, Mapping) else ():
            match _scheme(self.reader.followed(scheme)):
                case ("basic", _):
                    login = {"username": {"setting": f"{name}-username"}, "password": {"secret": f"{name}-password"}}
                    return {"auth": {"basic": login}}
                case ("bearer", _):
                    return {"auth": {"bearer": {"secret": f"{name}-token"}}}
                case ("header", str(header)):
                    return {"headers": {header: {"secret": f"{name}-key"}}}
                case ("oauth2" | "openIdConnect" | "query" | "cookie" as kind, _):
                    self.decide.append(f"The document asks for a login by {kind}; write it into `settings`.")
                case _:
                    continue
        if not schemes:
            self.decide.append("The document names no login; add one to `settings` if the system wants one.")
        return {}


def _scheme(scheme: JSON) -> tuple[str, Any]:
    if not isinstance(scheme, Mapping):
        return "", None
    kind, how = str(scheme.get("type")), str(scheme.get("scheme", "")).lower()
    if kind == "basic" or (kind == "http" and how == "basic"):
        return "basic", None
    if kind == "http" and how == "bearer":
        return "bearer", None
    if kind == "apiKey":
        return str(scheme.get("in")), scheme.get("name")
    return kind, None
