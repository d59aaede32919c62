"""Reads from an OpenAPI document (2.0, 3.0, 3.1) what is needed to call one operation, and no more.

The result is plain JSON, so that it can lie in a published process: method, address, where each parameter goes and how
it is written, and what the body is.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from cauce.errors import PermanentError
from schemas import guess, listing

JSON = Any
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MOST_STEPS: Final = 20
_MOST_SHOWN: Final = 10
_FORM: Final = "application/x-www-form-urlencoded"
# Described by the standard as not to be given as parameters.
_NOT_HEADERS: Final = frozenset({"accept", "content-type", "authorization"})
_COLLECTIONS: Final[Mapping[str, tuple[str, bool]]] = {
    "csv": ("form", False),
    "multi": ("form", True),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
}
_STYLES: Final = frozenset({"form", "simple", "label", "matrix", "spaceDelimited", "pipeDelimited", "deepObject"})


def operation_of(document: JSON, operation_id: str, uri: str) -> dict[str, JSON]:
    """Return how to call an operation of the document that was found at an address.

    Raises:
        PermanentError: There is no such operation, or the document cannot be used.
    """
    version = version_of(document)
    found: dict[str, tuple[str, str, JSON, JSON]] = {}
    for path, method, item, operation in operations(document):
        name = operation.get("operationId")
        if name == operation_id and name in found:
            raise PermanentError(f"Two operations of the OpenAPI document are called `{name}`.")
        if isinstance(name, str):
            found[name] = (path, method, item, operation)
    if operation_id not in found:
        names = list(found)
        raise PermanentError(
            f"The OpenAPI document has no operation `{operation_id}`{guess(operation_id, names)}",
            hint=listing(names[:_MOST_SHOWN], word="It has"),
        )
    path, method, item, operation = found[operation_id]
    reader = Reader(document)
    parameters = reader.parameters(item, operation)
    old = version.startswith("2.")
    return {
        "method": method.upper(),
        "address": address_of(document, item, operation, uri).rstrip("/") + path,
        "parameters": [reader.place(each) for each in parameters if each["in"] in {"path", "query", "header", "cookie"}]
        + reader.keys(operation, {each["name"] for each in parameters}),
        "body": reader.old_body(operation, parameters) if old else reader.body(operation),
    }


def version_of(document: JSON) -> str:
    """Return the version of OpenAPI that a document has.

    Raises:
        PermanentError: It is no OpenAPI document, or of a version that is not read.
    """
    version = document.get("swagger") or document.get("openapi") if isinstance(document, Mapping) else None
    if not isinstance(version, str) or not version.startswith(("2.", "3.0", "3.1")):
        raise PermanentError(
            "What is at this address is no OpenAPI document of the versions 2.0, 3.0 or 3.1.",
            hint="Check the address; it must give the document itself, not a page about it.",
        )
    return version


def operations(document: Mapping[str, JSON]) -> Iterator[tuple[str, str, JSON, JSON]]:
    """Yield path, method, path item and operation of all that a document declares."""
    reader = Reader(document)
    for path, item in _map(document.get("paths")).items():
        described = reader.followed(item)
        for method in _METHODS:
            operation = described.get(method) if isinstance(described, Mapping) else None
            if isinstance(operation, Mapping):
                yield str(path), method, described, operation


class Reader:
    """Reads one document, following its references within it."""

    def __init__(self, document: Mapping[str, JSON]) -> None:
        self.document = document

    def followed(self, value: JSON) -> JSON:
        """Return what a reference leads to; anything else as it is."""
        for _ in range(_MOST_STEPS):
            if not isinstance(value, Mapping) or not isinstance(value.get("$ref"), str):
                return value
            value = self._at(value["$ref"])
        raise PermanentError("A reference in the OpenAPI document leads in a circle.")

    def parameters(self, item: JSON, operation: JSON) -> list[Mapping[str, JSON]]:
        """Return the parameters of an operation; its own replace those of its path."""
        found: dict[tuple[str, str], Mapping[str, JSON]] = {}
        for given in (*_list(item.get("parameters")), *_list(operation.get("parameters"))):
            each = self.followed(given)
            if isinstance(each, Mapping) and isinstance(each.get("name"), str) and isinstance(each.get("in"), str):
                found[each["name"], each["in"]] = each
        return [each for each in found.values() if each["in"] != "header" or each["name"].lower() not in _NOT_HEADERS]

    def place(self, parameter: Mapping[str, JSON]) -> dict[str, JSON]:
        """Return where a parameter goes, and how it is written there."""
        where = parameter["in"]
        style = "form" if where in {"query", "cookie"} else "simple"
        style, explode = _COLLECTIONS.get(str(parameter.get("collectionFormat")), (style, style == "form"))
        if "swagger" in self.document and "collectionFormat" not in parameter:
            explode = False
        if where in {"path", "header"} and style == "form":
            style = "simple"
        style = str(parameter.get("style", style))
        if style not in _STYLES and style != "tabDelimited":
            raise PermanentError(f"The parameter `{parameter['name']}` has a style that does not exist, `{style}`.")
        if "style" in parameter:
            explode = style == "form"
        found = {"name": parameter["name"], "in": where, "style": style}
        found["explode"] = bool(parameter.get("explode", explode))
        if parameter.get("required") or where == "path":
            found["required"] = True
        if isinstance(parameter.get("content"), Mapping):
            found["json"] = True
        return found

    def keys(self, operation: JSON, taken: set[str]) -> list[dict[str, JSON]]:
        """Return the API keys of an operation, which may be given as parameters."""
        components = _map(self.document.get("components"))
        schemes = _map(components.get("securitySchemes") or self.document.get("securityDefinitions"))
        asked = operation.get("security", self.document.get("security"))
        names = {name for each in _list(asked) for name in _map(each)}
        found = [self.followed(scheme) for name, scheme in schemes.items() if name in names]
        return [
            {"name": each["name"], "in": each["in"], "style": "simple" if each["in"] == "header" else "form"}
            for each in found
            if isinstance(each, Mapping)
            and each.get("type") == "apiKey"
            and isinstance(each.get("name"), str)
            and each.get("in") in {"query", "header", "cookie"}
            and each["name"] not in taken
        ]

    def body(self, operation: JSON) -> dict[str, JSON] | None:
        """Return what the body of an operation is, by version 3."""
        given = self.followed(operation.get("requestBody"))
        content = _map(given.get("content")) if isinstance(given, Mapping) else {}
        if not content:
            return None
        types = list(content)
        kind = min(types, key=lambda each: (_preference(each), types.index(each)))
        described = {"type": kind, "kind": _kind(kind), "name": "body"}
        schema = self.followed(_map(content[kind]).get("schema"))
        return _with_fields(described, self._fields(schema), required=bool(given.get("required")))

    def old_body(self, operation: JSON, parameters: list[Mapping[str, JSON]]) -> dict[str, JSON] | None:
        """Return what the body of an operation is, by version 2."""
        types = _list(operation.get("consumes", self.document.get("consumes"))) or ["application/json"]
        fields = [each for each in parameters if each["in"] == "formData"]
        if any(each.get("type") == "file" for each in fields):
            return {"type": "multipart/form-data", "kind": _kind("multipart/form-data"), "name": None}
        if fields:
            named = {"type": _FORM, "kind": "form", "name": None, "fields": [each["name"] for each in fields]}
            return {**named, "needed": [each["name"] for each in fields if each.get("required")]}
        whole = next((each for each in parameters if each["in"] == "body"), None)
        if whole is None:
            return None
        kind = min((str(each) for each in types), key=_preference)
        described = {"type": kind, "kind": _kind(kind), "name": whole["name"]}
        return _with_fields(described, self._fields(self.followed(whole.get("schema"))), bool(whole.get("required")))

    def _fields(self, schema: JSON) -> list[str]:
        """Return the names of the fields that a schema of an object has, as far as it says so at its beginning."""
        if not isinstance(schema, Mapping):
            return []
        names = [str(name) for name in _map(schema.get("properties"))]
        for part in _list(schema.get("allOf")):
            inner = self.followed(part)
            names += [str(name) for name in _map(_map(inner).get("properties"))]
        return names

    def _at(self, reference: str) -> JSON:
        if not reference.startswith("#"):
            raise PermanentError(
                "The OpenAPI document refers to another document.", hint="Bundle its parts into one document."
            )
        value: JSON = self.document
        for step in reference[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(value, Mapping) or key not in value:
                raise PermanentError("A reference in the OpenAPI document leads nowhere.")
            value = value[key]
        return value


def address_of(document: Mapping[str, JSON], item: JSON, operation: JSON, uri: str) -> str:
    """Return the address that the path of an operation is added to.

    Raises:
        PermanentError: The document names none on the web.
    """
    if "swagger" in document:
        return _old_address(document, operation, uri)
    servers = _list(operation.get("servers")) or _list(item.get("servers")) or _list(document.get("servers"))
    server = _map(servers[0]) if servers else {}
    url = str(server.get("url") or "/")
    for name, variable in _map(server.get("variables")).items():
        url = url.replace(f"{{{name}}}", str(_map(variable).get("default", "")))
    return _checked(urljoin(uri, url))


def _old_address(document: Mapping[str, JSON], operation: JSON, uri: str) -> str:
    here = urlsplit(uri)
    schemes = _list(operation.get("schemes")) or _list(document.get("schemes")) or [here.scheme]
    scheme = "https" if "https" in schemes else str(schemes[0])
    base = str(document.get("basePath") or "/")
    return _checked(f"{scheme}://{document.get('host') or here.netloc}/{base.lstrip('/')}")


def _checked(address: str) -> str:
    if "{" in address or urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).netloc:
        raise PermanentError("The server that the OpenAPI document names has no address on the web.")
    return address


def _with_fields(described: dict[str, JSON], fields: list[str], required: bool) -> dict[str, JSON]:  # noqa: FBT001 - as the document has it
    more = {"fields": fields} if fields and described["kind"] in {"json", "form"} else {}
    return {**described, **more, **({"required": True} if required else {})}


def _preference(kind: str) -> int:
    return {"json": 0, "form": 1, "text": 2}.get(_KINDS.get(_bare(kind), "json" if _is_json(kind) else ""), 3)


def _kind(kind: str) -> str:
    if _is_json(kind):
        return "json"
    found = _KINDS.get(_bare(kind))
    if found is None and not _bare(kind).startswith("text/") and not _bare(kind).endswith("xml"):
        raise PermanentError(
            f"The operation wants a body of the type {_bare(kind)}, which cannot be sent.",
            hint="JSON, forms and text can.",
        )
    return found or "text"


_KINDS: Final[Mapping[str, str]] = {_FORM: "form", "text/plain": "text", "*/*": "json"}


def _is_json(kind: str) -> bool:
    return _bare(kind) == "application/json" or _bare(kind).endswith("+json")


def _bare(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()


def _map(value: JSON) -> Mapping[str, JSON]:
    return value if isinstance(value, Mapping) else {}


def _list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []
