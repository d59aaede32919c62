"""Reads an OpenAPI document (2.0, 3.0, 3.1) as the operations of a connection."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from cauce.connector import JSON, Effect
from cauce.depth import check_depth
from cauce.errors import CauceError, PermanentError
from cauce.importing import GUESSED, MAX_BYTES, Contract, ImportedOperation, LeftOut, Offer, fitted, words
from cauce.openapi import Reader, address_of, operations, version_of
from connectors.http.schemas import input_schema, output_schema
from schemas import Limits, load_yaml

_head: Final = re.compile(rb"""["']?(?:openapi|swagger)["']?\s*:\s*["']?[23]""")
_form: Final = "application/x-www-form-urlencoded"
_plain: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_keywords: Final = {
    *("and", "or", "not", "if", "then", "else", "elif", "end", "as", "def", "reduce", "foreach", "try", "catch"),
    *("label", "import", "include"),
}
_shape: Final = {"path", "query", "headers", "body"}
_no_server: Final = "The document names no server; give its address as the setting."


def recognises(offer: Offer) -> bool:
    """Say whether this looks like an OpenAPI document: its version stands at its beginning, or anywhere in JSON."""
    return bool(_head.search(offer.head)) or (offer.head.lstrip()[:1] == b"{" and bool(_head.search(offer.content())))


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
        if not self.base:
            self.decide.append(_no_server)
        info = self.document.get("info")
        title = str(info.get("title") or "") if isinstance(info, Mapping) else ""
        return Contract(settings, tuple(found), tuple(left_out), len(self.declared), title, tuple(self.decide))

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
        template = _template(path, parameters)
        effect: Effect = "read" if method in {"get", "head", "options"} else "write"
        request = _request(method, parameters, body)
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
            calls=f"{method.upper()} {template}",
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


def _template(path: str, parameters: list[Mapping[str, JSON]]) -> str:
    """Return the path with names that a connection's path can have."""
    for each in parameters:
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", f"{{{_variable(each['name'])}}}")
    if not path.startswith("/") or re.search(r"\s", path) or re.search(r"\{(?!\w+\})", path):
        raise PermanentError(f"its path cannot be called: {path[:100]}.")
    return path


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _request(method: str, parameters: list[Mapping[str, JSON]], body: _Body | None) -> str:
    """Return the mapping from one flat object to the request's parts; empty when the connector does the same."""
    groups: dict[str, list[tuple[str, str]]] = {"path": [], "query": [], "headers": []}
    for each in parameters:
        name = each["name"]
        if each["in"] == "path":
            groups["path"].append((_variable(name), _field(name)))
        elif each["in"] == "query":
            groups["query"].append((name, _field(name)))
        elif each["in"] == "header":
            groups["headers"].append((name, f"{_field(name)} | tostring" if each.get("required") else ""))
    renamed = any(_field(name) != f".{name}" for name, _ in groups["path"])
    if not body and not groups["headers"] and not renamed and method in {"get", "head", "delete", "options"}:
        same = all(key == given[1:] or given == f'.["{key}"]' for part in groups.values() for key, given in part)
        if same and not {key for part in groups.values() for key, _ in part} <= _shape:
            return ""
    return _parts(groups, body)


def _parts(groups: Mapping[str, list[tuple[str, str]]], body: _Body | None) -> str:
    shown = [
        f"{part}: {{{', '.join(f'{_key(key)}: {given}' for key, given in groups[part])}}}"
        for part in ("path", "query")
        if groups[part]
    ]
    headers = [f"{_key(key)}: ({given})" for key, given in groups["headers"] if given]
    if body is not None and body.kind != "application/json":
        headers.append(f'"Content-Type": {json.dumps(body.kind)}')
    optional = [key for key, given in groups["headers"] if not given]
    if headers or optional:
        more = "".join(
            f" + (if {_field(key)} == null then {{}} else {{{_key(key)}: ({_field(key)} | tostring)}} end)"
            for key in optional
        )
        shown.append(f"headers: ({{{', '.join(headers)}}}{more})" if more else f"headers: {{{', '.join(headers)}}}")
    if body is not None:
        shown.append("body: .body")
    return f"{{{', '.join(shown)}}}" if shown else "{path: {}}"


def _key(name: str) -> str:
    return name if _plain.fullmatch(name) and name not in _keywords else json.dumps(name)


def _field(name: str) -> str:
    if _plain.fullmatch(name) and name not in _keywords:
        return f".{name}"
    return f".[{json.dumps(name)}]"
