"""Logging in: at the service, at a proxy, with keys; and what is said when that cannot be."""

import hashlib
import importlib
import re
import secrets
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cauce.connector import Operation
from cauce.errors import PermanentError, TransientError
from connectors import soap
from connectors.soap.digest import Digest
from connectors.soap.settings import Settings
from tests.connectors.matrix import NPM_SOAP, shows
from tests.connectors.proxy_peer import Proxy, proxying
from tests.connectors.soap_peer import Peer, Reply
from tests.connectors.soap_warehouse import Warehouse

CREATE = Operation("create-order", "Create", "write", timeout_s=5)
PARAMS = {"Reference": "opp:1"}
PASSWORD = "s;e}c"  # noqa: S105 - no secret


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with proxying() as found:
        yield found


class Guard:
    """Asks for a digest, as RFC 7616 says, and works out by itself whether the answer is right."""

    def __init__(self, peer: Peer, *challenges: str) -> None:
        self.peer = peer
        self.challenges = challenges
        self.admitted: list[str] = []

    def __call__(self, handler: Any) -> None:
        header = handler.headers.get("Authorization", "")
        given = {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', header)}
        name = given.get("algorithm", "MD5")
        digest = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[name]

        def h(text: str) -> str:
            return digest(text.encode()).hexdigest()

        own = ":".join([h(":".join(["ana", given.get("realm", ""), PASSWORD])), given.get("nonce", "")])
        if "qop" in given:
            own = f"{own}:{given['nc']}:{given['cnonce']}:auth"
        if given.get("response") == h(f"{own}:{h(f'POST:{handler.path}')}") and given["nonce"] in " ".join(
            self.challenges
        ):
            self.admitted.append(f"{name} {given.get('nc')}")
            reply = self.peer.reply
            # Said, because it is done: a client that kept the connection would find it gone at its next call.
            handler._send(replace(reply, headers={**reply.headers, "Connection": "close"}))  # noqa: SLF001 - as always
            return
        heads = "".join(f"WWW-Authenticate: {challenge}\r\n" for challenge in self.challenges)
        handler.wfile.write(f"HTTP/1.1 401 No\r\n{heads}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())


MD5 = 'Digest realm="erp, main", nonce="n1", qop="auth,auth-int", opaque="o"'
SHA = 'Digest realm="erp, main", nonce="n1", qop="auth", algorithm=SHA-256'
OLD = 'Digest realm="erp", nonce="n1"'


@shows("HTTP digest: MD5 and SHA-256, the stronger one first; one question for many calls")
@pytest.mark.parametrize(
    ("challenges", "admitted"),
    [
        ([MD5], ["MD5 00000001", "MD5 00000002"]),
        (["Basic realm=x", MD5, SHA], ["SHA-256 00000001", "SHA-256 00000002"]),
        ([OLD], ["MD5 None", "MD5 None"]),
    ],
)
async def test_digest(soap_peer: Peer, challenges: list[str], admitted: list[str]) -> None:
    soap_peer.act = guard = Guard(soap_peer, *challenges)
    settings = Settings(wsdl=soap_peer.wsdl_url, security="digest", username="ana", password=PASSWORD)
    async with soap.Connector("erp", settings) as connector:
        assert (await connector.call(CREATE, PARAMS))["OrderNumber"] == "SO-1"
        assert (await connector.call(CREATE, PARAMS))["OrderNumber"] == "SO-1"
    assert guard.admitted == admitted
    assert len(soap_peer.received) == 3


async def test_a_nonce_that_became_stale_is_replaced(soap_peer: Peer) -> None:
    settings = Settings(wsdl=soap_peer.wsdl_url, security="digest", username="ana", password=PASSWORD)
    async with soap.Connector("erp", settings) as connector:
        soap_peer.act = Guard(soap_peer, MD5)
        await connector.call(CREATE, PARAMS)
        soap_peer.act = later = Guard(soap_peer, MD5.replace("n1", "n2") + ", stale=true")
        await connector.call(CREATE, PARAMS)
    assert later.admitted == ["MD5 00000001"]


@pytest.mark.parametrize("challenge", [MD5, 'Digest realm="x", nonce="n1", algorithm=MD5-sess', "Negotiate", "Digest"])
async def test_a_refused_digest_is_a_refused_login(soap_peer: Peer, challenge: str) -> None:
    soap_peer.act = Guard(soap_peer, challenge)
    settings = Settings(wsdl=soap_peer.wsdl_url, security="digest", username="ana", password="wrong")  # noqa: S106 - no secret
    async with soap.Connector("erp", settings) as connector:
        with pytest.raises(PermanentError, match=r"refuses the login \(HTTP 401\)"):
            await connector.call(CREATE, PARAMS)
    assert len(soap_peer.received) <= 2


def test_digest_agrees_with_the_example_of_the_rfc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    login = Digest("Mufasa", "Circle of Life")
    assert login.header("GET", "http://www.example.org/dir/index.html") == ""
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    for name, response in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        assert login.learn([f'Digest realm="http-auth@example.org", qop="auth", algorithm={name}, nonce="{nonce}"'])
        assert f'response="{response}"' in login.header("GET", "http://www.example.org/dir/index.html")


@shows("a proxy, with a login, for plain requests")
async def test_requests_go_through_the_proxy(soap_peer: Peer, proxy: Proxy) -> None:
    proxy.login = "Basic YW5hOnM7ZX1j"
    settings = Settings(wsdl=soap_peer.wsdl_url, proxy=proxy.url, proxy_username="ana", proxy_password=PASSWORD)
    async with soap.Connector("erp", settings) as connector:
        assert (await connector.call(CREATE, PARAMS))["OrderNumber"] == "SO-1"
        assert [probe.stage for probe in await connector.check() if probe.ok] == ["dns", "tcp", "wsdl"]
    assert proxy.seen == [f"GET {soap_peer.wsdl_url}", f"POST {soap_peer.url}/soap"]
    assert "Proxy-Authorization" not in soap_peer.received[0][0]


@shows("a proxy and mutual TLS at once", NPM_SOAP)
async def test_secure_requests_go_through_the_proxy(
    warehouse: Warehouse, proxy: Proxy, certificate_folder: Path
) -> None:
    files = {
        "ca_file": str(certificate_folder / "ca.pem"),
        "client_certificate_file": str(certificate_folder / "client.pem"),
        "client_key_file": str(certificate_folder / "client.key"),
    }
    settings = Settings(wsdl=warehouse.secure_wsdl, proxy=proxy.url, **files)
    async with soap.Connector("shop", settings) as connector:
        assert "client" in await connector.call(Operation("order", "Order", "read"), {"Reference": "r"})
    assert proxy.seen == [f"CONNECT 127.0.0.1:{warehouse.https}"]


async def test_a_proxy_that_says_no_has_sent_nothing(
    soap_peer: Peer, warehouse: Warehouse, proxy: Proxy, certificate_folder: Path
) -> None:
    proxy.login = "somebody else"
    folder = certificate_folder / "ca.pem"
    wsdl = certificate_folder / "secure.wsdl"
    wsdl.write_text(soap_peer.wsdl % {"address": f"https://127.0.0.1:{warehouse.https}/soap", "imports": ""})
    settings = Settings(wsdl=str(wsdl), proxy=proxy.url, ca_file=str(folder), allow_hosts=["127.0.0.1"])
    async with soap.Connector("shop", settings) as connector:
        with pytest.raises(TransientError, match=r"the proxy of settings\.proxy gave no way there; nothing was sent"):
            await connector.call(CREATE, PARAMS)
    settings = Settings(wsdl=str(wsdl), proxy="http://127.0.0.1:1", allow_hosts=["127.0.0.1"])
    async with soap.Connector("shop", settings) as connector:
        with pytest.raises(TransientError, match=r"the proxy of settings\.proxy gave no way there; nothing was sent"):
            await connector.call(CREATE, PARAMS)


async def test_headers_of_the_connection_stay_with_its_host(soap_peer: Peer) -> None:
    soap_peer.reply = Reply()
    settings = Settings(wsdl=soap_peer.wsdl_url, headers={"X-Key": "k"}, proxy=None)
    async with soap.Connector("erp", settings) as connector:
        await connector.call(CREATE, PARAMS)
    assert soap_peer.received[0][0]["X-Key"] == "k"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"key_file": "ca.pem"}, r"settings\.signature\.key_file cannot be read as PEM"),
        ({"key_file": "client-locked.key"}, r"settings\.signature\.key_file cannot be read as PEM"),
        ({"key_file": "nowhere"}, r"settings\.signature\.key_file cannot be read as PEM"),
        ({"certificate_file": "client.key"}, r"settings\.signature\.certificate_file cannot be read as PEM"),
    ],
)
async def test_wrong_keys_are_named(soap_peer: Peer, certificate_folder: Path, wrong: Any, says: str) -> None:
    files = {"key_file": "client.key", "certificate_file": "client.pem"} | wrong
    signing: Any = {name: str(certificate_folder / file) for name, file in files.items()}
    async with soap.Connector("erp", Settings(wsdl=soap_peer.wsdl_url, signature=signing)) as connector:
        with pytest.raises(PermanentError, match=says):
            await connector.call(CREATE, PARAMS)


async def test_signing_without_its_package_is_refused(soap_peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xmlsec", None)
    signing: Any = {"key_file": "k", "certificate_file": "c"}
    async with soap.Connector("erp", Settings(wsdl=soap_peer.wsdl_url, signature=signing)) as connector:
        with pytest.raises(PermanentError, match="Messages cannot be signed: the package xmlsec is not there"):
            await connector.call(CREATE, PARAMS)
    async with soap.Connector("erp", Settings(wsdl=soap_peer.wsdl_url)) as connector:
        assert (await connector.call(CREATE, PARAMS))["OrderNumber"] == "SO-1"


def test_an_unfit_package_takes_nothing_else_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xmlsec.py").write_text("raise RuntimeError('built for another lxml')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "xmlsec", raising=False)
    importlib.reload(soap)
    # What makes zeep take it for a package that is not there.
    assert sys.modules["xmlsec"] is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"security": "digest"}, "security needs a username"),
        ({"client_key_file": "k"}, "client_key_file needs client_certificate_file"),
        ({"proxy_username": "ana"}, "proxy_username needs proxy"),
        ({"proxy": "http://ana:secret@proxy:3128"}, "String should match pattern"),
        ({"timestamp": "PT0S"}, "greater than 0"),
    ],
)
def test_settings_that_cannot_be(given: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Settings(wsdl="http://erp/?wsdl", **given)
