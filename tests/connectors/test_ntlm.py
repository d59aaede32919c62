"""Logins by NTLM, to a server that speaks it by the acceptor of the same library."""

import json
import sys
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import spnego

from cauce.connector import Operation
from cauce.errors import LoginError, PermanentError
from cauce.ntlm import Handshake
from connectors import http, soap
from tests.connectors.matrix import shows

WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:t="urn:t" xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"><types><x:schema
  targetNamespace="urn:t"><x:element name="Ask" type="x:string"/><x:element name="Told" type="x:string"/></x:schema>
  </types><message name="i"><part name="p" element="t:Ask"/></message><message name="o"><part name="p"
  element="t:Told"/></message><portType name="P"><operation name="Ask"><input message="t:i"/><output message="t:o"/>
  </operation></portType><binding name="B" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="Ask"><s:operation soapAction=""/><input><s:body use="literal"/></input><output>
  <s:body use="literal"/></output></operation></binding><service name="S">
  <port name="Q" binding="t:B"><s:address location="ADDRESS"/></port>
  </service></definitions>"""
ENVELOPE = """<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
  <Told xmlns="urn:t">yes, ana</Told></e:Body></e:Envelope>"""


@dataclass
class Peer:
    """A server whose connections are logged in; `asks` is what it asks strangers for."""

    port: int = 0
    asks: str = "NTLM"
    challenge: str = ""
    requests: list[tuple[str, int]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, peer: Peer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.peer = peer
        peer.port = self.server_port


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    context: Any = None
    server: Server

    def do_POST(self) -> None:
        peer = self.server.peer
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        peer.requests.append((self.command, len(body)))
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme != "NTLM":
            self.say(401, b"", peer.asks)
        elif self.context is None:
            self.context = spnego.server(hostname="127.0.0.1", service="HTTP", protocol="ntlm")
            token = b64encode(self.context.step(b64decode(given))).decode()
            challenge = f"NTLM {peer.challenge or token}" if peer.asks == "NTLM" else peer.asks
            self.say(401 if peer.asks else 200, b"", challenge)
        else:
            self.finish_login(given, body)

    def do_GET(self) -> None:
        self.do_POST()

    def finish_login(self, given: str, body: bytes) -> None:
        try:
            self.context.step(b64decode(given))
        except spnego.exceptions.SpnegoError:
            self.say(401, b"", "NTLM")
            return
        if body.startswith(b"<"):
            self.say(200, ENVELOPE.encode(), "", "text/xml")
        else:
            who = {"user": self.context.client_principal, "sent": body.decode()}
            self.say(200, json.dumps(who).encode(), "")

    def say(self, status: int, body: bytes, challenge: str, kind: str = "application/json") -> None:
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        pass


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    accounts = tmp_path / "accounts"
    accounts.write_text("OFFICE:ana:pä55\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(accounts))
    found = Peer()
    server = Server(found)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def by_http(peer: Peer, password: str = "pä55") -> http.Connector:  # noqa: S107 - made up
    given = {"base_url": peer.address, "auth": {"ntlm": {"username": r"OFFICE\ana", "password": password}}}
    return http.Connector("crm", http.Settings.model_validate(given))


POST = Operation("add", "POST /orders", "write", timeout_s=10)


@shows("NTLM: one connection, logged in; the body goes once", "`pyspnego`", "http")
async def test_http_sends_the_body_once_over_a_connection_that_is_logged_in(peer: Peer) -> None:
    connector = by_http(peer)
    for _ in range(2):
        assert await connector.call(POST, {"n": 1}) == {"user": r"OFFICE\ana", "sent": '{"n": 1}'}
    assert peer.requests == [("POST", 0), ("POST", 8)] * 2
    assert (await connector.call(Operation("find", "GET /", "read"), {}))["user"] == r"OFFICE\ana"
    assert all(each.ok for each in await connector.check())
    await connector.close()


async def test_http_is_told_what_is_wrong(peer: Peer) -> None:
    with pytest.raises(PermanentError, match="does not accept the login"):
        await by_http(peer, "guess").call(POST, {})
    for asks, challenge, problem in (
        ("Basic", "", "does not ask for a login by NTLM .HTTP 401"),
        ("", "", "does not ask for a login by NTLM .HTTP 200"),
        ("NTLM", "AAAA", "cannot be read"),
        ("NTLM", "?", "cannot be read"),
    ):
        peer.asks, peer.challenge = asks, challenge
        with pytest.raises(LoginError, match=problem) as told:
            await by_http(peer).call(POST, {"n": 1})
        assert "pä55" not in str(told.value)


@shows("NTLM", "`pyspnego`")
async def test_soap(peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "s.wsdl").write_text(WSDL.replace("ADDRESS", peer.address))
    given = {"wsdl": str(tmp_path / "s.wsdl"), "address": peer.address, "security": "ntlm"}
    for password, good in (("pä55", True), ("guess", False)):
        settings = soap.Settings.model_validate(given | {"username": r"OFFICE\ana", "password": password})
        async with soap.Connector("erp", settings) as connector:
            ask = Operation("ask", "Ask", "write", timeout_s=10)
            if good:
                assert await connector.call(ask, "well?") == "yes, ana"
                assert [size > 0 for _, size in peer.requests] == [False, True]
            else:
                with pytest.raises(PermanentError, match="login"):
                    await connector.call(ask, "well?")


def test_without_the_library_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spnego", None)
    with pytest.raises(PermanentError, match="pyspnego is not installed"):
        Handshake("a", "b", "c")
