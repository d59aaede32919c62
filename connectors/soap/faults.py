"""Reads faults, whatever namespace or shape they come in, and says what they mean.

zeep looks for a fault only where the specification puts it; systems in use put it elsewhere, and its text was lost.
"""

from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from cauce.connector import JSON
from cauce.errors import BusinessError, PermanentError, RemoteError, TransientError
from cauce.xml import parse_xml
from connectors.soap.exchange import Exchange

_code_names: Final = {"code", "errorcode", "error_code", "faultcode", "errcode", "codigo"}
_busy_statuses: Final = {429, 503}
_busy_codes: Final = {"SERVER_BUSY", "SERVERBUSY", "SERVER_TOO_BUSY", "SERVERTOOBUSY", "THROTTLED"}
_security_codes: Final = {
    "FailedAuthentication",
    "InvalidSecurity",
    "InvalidSecurityToken",
    "SecurityTokenUnavailable",
    "MessageExpired",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a fault says: the protocol's code, a sentence, the detail, and the code in the detail."""

    code: str
    message: str
    detail: JSON
    detail_code: str


def find(content: bytes, code_path: str = "") -> Fault | None:
    """Return the fault of an envelope; None when there is none."""
    root = parse_xml(content)
    if root is None:
        return None
    body = next((child for child in root if _name(child) == "Body"), root)
    node = body if _name(body) == "Fault" else next((child for child in body if _name(child) == "Fault"), None)
    if node is None:
        return None
    parts = {_name(child).lower(): child for child in node}
    detail = parts.get("detail")
    code = _codes(parts.get("code"), parts.get("faultcode"))
    message = _text(parts.get("faultstring")) or _text(parts.get("reason"))
    detail_code = "" if detail is None else _path(detail, code_path) if code_path else _first_code(detail)
    return Fault(code, message, None if detail is None else as_json(detail), detail_code)


def explain(fault: Fault, exchange: Exchange, name: str) -> RemoteError:
    """Return the error that a fault is."""
    remote_code = fault.detail_code or fault.code
    detail = {"status": exchange.status, "code": fault.code, "message": fault.message, "detail": fault.detail}
    if exchange.status in _busy_statuses or remote_code.upper() in _busy_codes:
        return TransientError(f"{name} is too busy ({remote_code}).", remote_code=remote_code, detail=detail)
    if fault.code in _security_codes or exchange.status in {401, 403}:
        return PermanentError(
            f"{name} refuses the login ({remote_code or exchange.status}).",
            hint="Check username, password and security of the connection.",
            remote_code=remote_code,
            detail=detail,
        )
    kind = BusinessError if fault.detail_code else PermanentError
    said = f": {_short(fault.message)}" if fault.message else ""
    return kind(
        f"{name} answered with the fault {remote_code or 'without a code'}{said}.",
        hint="" if fault.detail_code else "If trying again helps, declare it in the operation's errors as transient.",
        remote_code=remote_code,
        detail=detail,
    )


def as_json(node: Any) -> JSON:  # noqa: ANN401 - an element
    """Return an element as data: text, or an object of its attributes and children by local name."""
    fields: dict[str, Any] = {
        etree.QName(name).localname: value
        for name, value in node.attrib.items()
        if etree.QName(name).namespace != "http://www.w3.org/2001/XMLSchema-instance"
    }
    for child in node:
        if not isinstance(child.tag, str):
            continue
        name, value = _name(child), as_json(child)
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    text = (node.text or "").strip()
    if not fields:
        return text or None
    return fields | ({"text": text} if text else {})


def _codes(code: Any, faultcode: Any) -> str:  # noqa: ANN401 - elements
    """Return the most particular code: SOAP 1.2 nests them, SOAP 1.1 has one, and both may carry a prefix."""
    texts = [_text(faultcode)] if faultcode is not None else []
    if code is not None:
        texts += [(leaf.text or "").strip() for leaf in code.iter() if _name(leaf) == "Value"] or [_text(code)]
    return next((text.rpartition(":")[2] for text in reversed(texts) if text), "")


def _first_code(detail: Any) -> str:  # noqa: ANN401 - an element
    for leaf in detail.iter():
        if not len(leaf) and _name(leaf).lower() in _code_names and (leaf.text or "").strip():
            return str(leaf.text).strip()
        for name, value in leaf.attrib.items():
            if etree.QName(name).localname.lower() in _code_names and value.strip():
                return str(value).strip()
    return ""


def _path(detail: Any, path: str) -> str:  # noqa: ANN401 - an element
    nodes = [detail]
    for step in path.strip("/").split("/"):
        nodes = [child for node in nodes for child in node if _name(child) == step]
    return next((text for node in nodes if (text := (node.text or "").strip())), "")


def _text(node: Any) -> str:  # noqa: ANN401 - an element
    return "" if node is None else " ".join("".join(node.itertext()).split())


def _name(node: Any) -> str:  # noqa: ANN401 - an element
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _short(text: str) -> str:
    return text[:200].rstrip(". ")
