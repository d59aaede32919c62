"""A server that answers what was recorded over HTTP and SOAP; clients change nothing but the address."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from aiohttp import web

from cauce.errors import PermanentError
from cauce.recording import xml_text
from cauce.recording.fixtures import Fixture
from cauce.recording.matching import Finder, Leaves, Recorded, leaves, leaves_of_xml

JSON = Any
log = logging.getLogger(__name__)
most_bytes: Final = 20_000_000
longest_delay_s: Final = 60.0
_soap12: Final = "http://www.w3.org/2003/05/soap-envelope"
_placeholder: Final = 'location="http://localhost/'
_no_body: Final = frozenset({204, 304})


@dataclass(slots=True)
class StandIn:
    """Answers requests from one fixture."""

    fixture: Fixture
    delays: bool = True
    entries: list[Mapping[str, JSON]] = field(init=False)
    finder: Finder = field(init=False)

    def __post_init__(self) -> None:
        """Index what was recorded on the wire."""
        recorded: list[Recorded] = []
        self.entries = []
        for exchange in self.fixture.exchanges:
            for entry in exchange.get("wire") or ():
                asked = entry["request"]
                if "method" not in asked:
                    continue
                subject, found = self._meaning(asked["method"], asked["path"], _content(asked.get("body")))
                recorded.append(Recorded(subject, found, frozenset(exchange.get("masked") or ())))
                self.entries.append(entry)
        if not recorded:
            raise PermanentError(
                f"{self.fixture.name} holds nothing that went over HTTP.",
                hint="Replay it with a connection of kind `recorded`, or in a test (`{recording: NAME}`).",
            )
        self.finder = Finder(recorded, self.fixture.ignored)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request as the recorded one like it was answered."""
        if request.method == "GET" and self.fixture.documents:
            return self._document(request)
        content = await request.read()
        subject, asked = self._meaning(request.method, request.path_qs, content.decode("utf-8", errors="replace"))
        try:
            entry = self.entries[self.finder.find(subject, asked)]
        except PermanentError as error:
            log.warning("%s", error.problem)
            return self._unknown(error, content)
        if self.delays:
            await asyncio.sleep(min(longest_delay_s, float(entry.get("tookMs") or 0.0) / 1000))
        if entry["response"] is None:
            # As it was recorded: the request was taken, and no answer came.
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return _response(entry["response"])

    def _meaning(self, method: str, address: str, content: str) -> tuple[str, Leaves]:
        """Return what a request is about, and its values by their places."""
        if self.fixture.kind == "soap":
            body = _body_of(content)
            return ("an empty message", {}) if body is None else (xml_text.local(body), leaves_of_xml(body))
        parts = urlsplit(address)
        asked: dict[str, JSON] = {"query": {}}
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            asked["query"].setdefault(name, []).append(value)
        asked["path"] = [unquote(each) for each in parts.path.split("/")]
        root = xml_text.parsed(content) if content.lstrip()[:1] == "<" else None
        body_leaves = leaves({"body": _data(content)}) if root is None else _below(leaves_of_xml(root))
        return method.upper(), {**leaves(asked), **body_leaves}

    def _document(self, request: web.Request) -> web.Response:
        """Return a document of the contract, which leads here."""
        documents = self.fixture.documents
        name = request.path.rpartition("/")[2]
        text = documents.get(name) or next(iter(documents.values()))
        here = f'location="{request.scheme}://{request.host}/'
        return web.Response(text=text.replace(_placeholder, here), content_type="text/xml")

    def _unknown(self, error: PermanentError, content: bytes) -> web.Response:
        if self.fixture.kind != "soap":
            problem = {"title": error.problem, "detail": error.hint, "code": error.remote_code, "status": 400}
            # Not 404: that says that something is not there, which a process may take for an answer.
            return web.json_response(problem, status=400, content_type="application/problem+json")
        said = escape(f"{error.problem} {error.hint}")
        if _soap12.encode() in content:
            kind, space = "application/soap+xml", _soap12
            reason = f"<s:Reason><s:Text xml:lang='en'>{said}</s:Text></s:Reason>"
            inner = f"<s:Code><s:Value>s:Sender</s:Value></s:Code>{reason}"
        else:
            kind, space = "text/xml", "http://schemas.xmlsoap.org/soap/envelope/"
            inner = f"<faultcode>s:Client</faultcode><faultstring>{said}</faultstring>"
        text = f"<s:Envelope xmlns:s='{space}'><s:Body><s:Fault>{inner}</s:Fault></s:Body></s:Envelope>"
        return web.Response(text=text, status=500, content_type=kind)


@asynccontextmanager
async def serving(
    fixture: Fixture, *, host: str = "127.0.0.1", port: int = 0, delays: bool = True
) -> AsyncIterator[str]:
    """Serve a fixture as long as the block lasts; gives its address."""
    stand_in = StandIn(fixture, delays)
    app = web.Application(client_max_size=most_bytes)
    app.router.add_route("*", "/{path:.*}", stand_in.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        address = runner.addresses[0]
        yield f"http://{host}:{address[1]}"
    finally:
        await runner.cleanup()


def _response(given: Mapping[str, JSON]) -> web.Response:
    body, headers = given.get("body") or {}, dict(given.get("headers") or {})
    content = base64.b64decode(body["base64"]) if "base64" in body else _content(given.get("body")).encode()
    if "content-type" in headers and "text" in body:
        # It was decoded when it was recorded.
        headers["content-type"] = f"{headers['content-type'].partition(';')[0]}; charset=utf-8"
    status = int(given["status"])
    return web.Response(status=status, headers=headers, body=None if status in _no_body else content)


def _content(body: JSON) -> str:
    if not body:
        return ""
    return str(body["text"]) if "text" in body else json.dumps(body.get("json"), ensure_ascii=False)


def _body_of(content: str) -> Any:  # noqa: ANN401 - an element
    """Return the first element of a message's body; None when there is none."""
    root = xml_text.parsed(content)
    if root is None:
        return None
    body = next((child for child in root if xml_text.local(child) == "Body"), None)
    return None if body is None else next(iter(body), None)


def _below(found: Leaves) -> Leaves:
    return {("body", *place): value for place, value in found.items()}


def _data(content: str) -> JSON:
    """Return what a body holds: data, the fields of a form, or text."""
    try:
        return json.loads(content)
    except ValueError:
        return content or None
