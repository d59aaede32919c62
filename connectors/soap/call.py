"""One call, in a thread: send, read, and say what went wrong."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import zeep
from zeep import xsd

from cauce.connector import JSON, Operation
from cauce.errors import CauceError, PermanentError, RemoteError
from cauce.xml import parse_xml
from connectors.soap import faults
from connectors.soap.answers import LostError, forget_losses, to_json
from connectors.soap.exchange import Exchange, for_status, origin
from connectors.soap.headers import Headers
from connectors.soap.params import Checker
from connectors.soap.service import Bound, Parsed
from connectors.soap.wire import carry

_ok = 200
_mend_wsdl = "Compare the answer with the WSDL; settings lenient and ignore_order read some wrong answers."


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls one operation of one service."""

    name: str
    bound: Bound
    parsed: Parsed
    fault_code_path: str
    headers: Headers

    def call(self, exchange: Exchange, operation: Operation, params: JSON) -> JSON:
        """Carry out the call; whatever zeep raises becomes an error that says what to do."""
        where = f"{operation.name}@{self.name}: params"
        checker = Checker(self.parsed.enumerations)
        params, headers = self.headers.of_call(self.bound.operation, params, checker, where)
        positional, named = checker.arguments(self.bound.operation, params, where)
        carry(exchange)
        forget_losses()
        try:
            return self._answer(exchange, self.bound.proxy(*positional, **named, **headers))
        except zeep.exceptions.Fault as cause:
            raise self._fault(exchange) or self._unreadable(exchange, "it is an error without a fault") from cause
        except LostError as cause:
            raise self._unreadable(exchange, str(cause)) from cause
        except CauceError:
            raise
        except Exception as cause:
            # zeep raises whatever its parsers run into: AttributeError and TypeError as well as its own.
            if not exchange.status:
                raise PermanentError(
                    f"The message for {operation.calls} cannot be made: {_first_line(cause)}.",
                    hint="Compare `request` with the WSDL.",
                    where=where,
                    remote_code="params",
                ) from cause
            if fault := self._fault(exchange):
                raise fault from cause
            if isinstance(cause, AttributeError) and (text := self._bare_text(exchange)) is not None:
                return to_json(text)
            raise self._unreadable(exchange, _why(cause, exchange.content)) from cause
        finally:
            carry(exchange)

    def _answer(self, exchange: Exchange, value: Any) -> JSON:  # noqa: ANN401 - whatever zeep gives
        answer = to_json(value)
        # zeep makes an answer without content of any element that it did not expect and that is empty.
        if _is_hollow(answer) and (why := self._why_nothing(exchange)):
            if fault := self._fault(exchange):
                raise fault
            raise self._unreadable(exchange, why)
        return _with_attachments(answer, exchange)

    def _why_nothing(self, exchange: Exchange) -> str:
        """Say why there is no value although the WSDL declares one; empty when there need be none."""
        output = self.bound.operation.output
        if output is None or output.body is None:
            return ""
        root = parse_xml(exchange.content)
        if root is None:
            return "it is empty" if not exchange.content else "it is not XML without a DOCTYPE"
        body = next((child for child in root if str(child.tag).endswith("}Body")), None)
        first = next(iter(body), None) if body is not None else None
        if first is None:
            return "its body is empty"
        expected = output.body.qname
        if not self.bound.is_rpc and expected is not None and first.tag != expected.text:
            return f"it is {first.tag}, and the WSDL declares {expected.text}"
        held = any((leaf.text or "").strip() for leaf in first.iter() if isinstance(leaf.tag, str))
        return "what it holds does not fit the types that the WSDL declares" if held else ""

    def _bare_text(self, exchange: Exchange) -> Any:  # noqa: ANN401 - a simple type's value
        """Return the value of a bare simple answer, of which zeep cannot read a single character."""
        output = self.bound.operation.output
        kind = getattr(getattr(output, "body", None), "type", None)
        root = parse_xml(exchange.content)
        if root is None or not isinstance(kind, xsd.AnySimpleType):
            return None
        body = next((child for child in root if str(child.tag).endswith("}Body")), None)
        first = next(iter(body), None) if body is not None else None
        return None if first is None or first.text is None else kind.pythonvalue(first.text)

    def _fault(self, exchange: Exchange) -> RemoteError | None:
        if fault := faults.find(exchange.content, self.fault_code_path):
            return faults.explain(fault, exchange, self.name)
        return for_status(exchange, origin(self.bound.address)) if exchange.status != _ok else None

    def _unreadable(self, exchange: Exchange, why: str) -> RemoteError:
        return exchange.unreadable(
            f"{self.name} answered {self.bound.operation.name} and it cannot be read: {why}.", _mend_wsdl
        )


def _is_hollow(answer: JSON) -> bool:
    """Tell whether an answer holds nothing; 0 and false are something."""
    held = answer.values() if isinstance(answer, dict) else [answer]
    return all(each in (None, "", [], {}) for each in held)


def _with_attachments(answer: JSON, exchange: Exchange) -> JSON:
    """Return the answer, and beside it what came with it and is no part of it."""
    if not exchange.attachments:
        return answer
    shown = [
        {"id": part.id, "type": part.media_type, "content": b64encode(part.content).decode()}
        for part in exchange.attachments
    ]
    return {"body": answer, "attachments": shown}


def _why(cause: Exception, content: bytes) -> str:
    if (
        isinstance(cause, zeep.exceptions.DTDForbidden | zeep.exceptions.EntitiesForbidden)
        or b"<!DOCTYPE" in content[:1024]
    ):
        return "it has a DOCTYPE, which is not read"
    if isinstance(cause, zeep.exceptions.TransportError | zeep.exceptions.XMLSyntaxError):
        return "it is not a SOAP envelope in well-formed XML"
    if isinstance(cause, zeep.exceptions.XMLParseError | zeep.exceptions.Error):
        return "it does not fit the types that the WSDL declares"
    return f"it does not fit the types that the WSDL declares ({type(cause).__name__})"


def _first_line(cause: Exception) -> str:
    return (str(cause).partition("\n")[0].strip() or type(cause).__name__)[:200].rstrip(".")
