"""A SOAP service on loopback that answers with what a test tells it to, well-formed or not."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAMESPACE = "urn:orders"

WSDL = """<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="urn:orders" targetNamespace="urn:orders">
  <wsdl:types><xs:schema targetNamespace="urn:orders" elementFormDefault="qualified">
    %(imports)s
    <xs:simpleType name="Priority"><xs:restriction base="xs:string">
      <xs:enumeration value="normal"/><xs:enumeration value="urgent"/></xs:restriction></xs:simpleType>
    <xs:complexType name="Line"><xs:sequence>
      <xs:element name="Sku" type="xs:string"/><xs:element name="Qty" type="xs:int"/>
      <xs:element name="Price" type="xs:decimal" minOccurs="0"/></xs:sequence></xs:complexType>
    <xs:element name="Create"><xs:complexType><xs:sequence>
      <xs:element name="Reference" type="xs:string"/>
      <xs:element name="Priority" type="tns:Priority" minOccurs="0"/>
      <xs:element name="Currency" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string">
        <xs:enumeration value="EUR"/><xs:enumeration value="USD"/></xs:restriction></xs:simpleType></xs:element>
      <xs:element name="Due" type="xs:date" minOccurs="0"/>
      <xs:element name="Express" type="xs:boolean" minOccurs="0"/>
      <xs:element name="Lines" type="tns:Line" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="CreateResponse"><xs:complexType><xs:sequence>
      <xs:element name="OrderNumber" type="xs:string"/><xs:element name="Total" type="xs:decimal" minOccurs="0"/>
      <xs:element name="Due" type="xs:date" minOccurs="0"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="Ping" type="xs:string"/><xs:element name="PingResponse" type="xs:string"/>
  </xs:schema></wsdl:types>
  <wsdl:message name="CreateIn"><wsdl:part name="parameters" element="tns:Create"/></wsdl:message>
  <wsdl:message name="CreateOut"><wsdl:part name="parameters" element="tns:CreateResponse"/></wsdl:message>
  <wsdl:message name="PingIn"><wsdl:part name="parameters" element="tns:Ping"/></wsdl:message>
  <wsdl:message name="PingOut"><wsdl:part name="parameters" element="tns:PingResponse"/></wsdl:message>
  <wsdl:portType name="Orders">
    <wsdl:operation name="Create">
      <wsdl:input message="tns:CreateIn"/><wsdl:output message="tns:CreateOut"/></wsdl:operation>
    <wsdl:operation name="Ping">
      <wsdl:input message="tns:PingIn"/><wsdl:output message="tns:PingOut"/></wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="OrdersSoap" type="tns:Orders">
    <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Create"><soap:operation soapAction="urn:Create"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
    <wsdl:operation name="Ping"><soap:operation soapAction="urn:Ping"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="SalesOrder"><wsdl:port name="OrdersPort" binding="tns:OrdersSoap">
    <soap:address location="%(address)s"/></wsdl:port></wsdl:service>
</wsdl:definitions>"""

ORDER = "<CreateResponse xmlns='urn:orders'><OrderNumber>SO-1</OrderNumber><Total>12.50</Total></CreateResponse>"


def envelope(body: str, namespace: str = "http://schemas.xmlsoap.org/soap/envelope/") -> bytes:
    return f"<e:Envelope xmlns:e='{namespace}'><e:Body>{body}</e:Body></e:Envelope>".encode()


def fault(code: str, message: str, detail: str = "") -> bytes:
    shown = f"<detail>{detail}</detail>" if detail else ""
    return envelope(f"<e:Fault><faultcode>{code}</faultcode><faultstring>{message}</faultstring>{shown}</e:Fault>")


@dataclass(slots=True)
class Reply:
    body: bytes = envelope(ORDER)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "text/xml; charset=utf-8"


@dataclass(slots=True)
class Peer:
    """What the service does next, and what it was sent."""

    port: int = 0
    reply: Reply = field(default_factory=Reply)
    # Instead of a reply: writes to the socket itself.
    act: Callable[[Any], None] | None = None
    wsdl: str = WSDL
    imports: str = ""
    address: str = ""
    wsdl_reply: Reply | None = None
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def wsdl_url(self) -> str:
        return f"{self.url}/?wsdl"


def serve(peer: Peer) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            peer.fetched.append(self.path)
            if peer.wsdl_reply is not None:
                self._send(peer.wsdl_reply)
                return
            text = peer.wsdl % {"address": peer.address or f"{peer.url}/soap", "imports": peer.imports}
            self._send(Reply(text.encode()))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            peer.received.append((dict(self.headers), body))
            if peer.act is not None:
                peer.act(self)
                self.close_connection = True
            else:
                self._send(peer.reply)

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing: a client that breaks off is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    peer.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
