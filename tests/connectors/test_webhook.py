"""Who may send to a webhook, and how a delivery is read; signatures are made here as their schemes describe them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cauce import registry
from cauce.connection import Connection
from cauce.errors import CauceError, DefinitionError, TooLargeError, UnauthenticatedError
from cauce.receiving import Delivery, Emitted, Reception, Request
from tests.connectors.matrix import OURS, shows

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BODY = b'{"id": "evt_1", "total": 12}'


class NoReferences:
    def secret(self, name: str) -> str:
        raise AssertionError(name)

    def setting(self, name: str) -> str:
        raise AssertionError(name)


def read(
    settings: Mapping[str, Any], headers: Mapping[str, str], body: bytes = BODY, query: Mapping[str, str] | None = None
) -> Delivery:
    receives = {"all": Reception("all", event=Emitted("t"))}
    connection = Connection("shop", "webhook", settings=settings, receives=receives)
    receiver = registry.open_receiver(connection, NoReferences())
    given = {name.lower(): value for name, value in headers.items()}
    return receiver.read(Request("POST", "http://x/in/shop", query or {}, given, body, NOW))


def mac(message: bytes, key: bytes = b"s3cret", algorithm: str = "sha256") -> bytes:
    return hmac.new(key, message, algorithm).digest()


def standard(
    body: bytes = BODY, *, id_: str = "msg_1", at: datetime = NOW, key: bytes = b"k" * 24, family: str = "webhook"
) -> dict[str, str]:
    moment = str(int(at.timestamp()))
    signature = base64.b64encode(mac(f"{id_}.{moment}.".encode() + body, key)).decode()
    given = {"id": id_, "timestamp": moment, "signature": f"v1a,AAAA v1,{signature}"}
    return {f"{family}-{name}": value for name, value in given.items()}


def stripe(body: bytes = BODY, *, at: datetime = NOW, key: bytes = b"s3cret") -> dict[str, str]:
    moment = int(at.timestamp())
    return {"Stripe-Signature": f"t={moment},v0=00,v1={mac(f'{moment}.'.encode() + body, key).hex()}"}


def by(scheme: str, *secrets: str, **more: str) -> dict[str, Any]:
    return {"signature": {"scheme": scheme, "secrets": list(secrets or ["s3cret"]), **more}}


WHSEC = "whsec_" + base64.b64encode(b"k" * 24).decode()
GITHUB = {"X-Hub-Signature-256": f"sha256={mac(BODY).hex()}", "X-GitHub-Delivery": "72d3"}
SHOPIFY = by("hmac", header="X-Shopify-Hmac-Sha256", encoding="base64")
SIGNED: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "standard": (by("standard-webhooks", WHSEC), standard(), "msg_1"),
    "svix": (by("standard-webhooks", WHSEC), standard(family="svix"), "msg_1"),
    "stripe": (by("stripe"), stripe(), "evt_1"),
    "github": (by("github"), GITHUB, hashlib.sha256(BODY).hexdigest()),
    "hmac": (SHOPIFY, {"X-Shopify-Hmac-Sha256": base64.b64encode(mac(BODY)).decode()}, ""),
    "sha512": (
        by("hmac", header="X-Sign", algorithm="sha512", prefix="v="),
        {"X-Sign": f"v={mac(BODY, algorithm='sha512').hex()}"},
        "",
    ),
}


@pytest.mark.parametrize(("settings", "headers", "id_"), SIGNED.values(), ids=SIGNED)
def test_what_is_signed_is_read(settings: dict[str, Any], headers: dict[str, str], id_: str) -> None:
    delivery = read(settings, headers)
    assert delivery.payload == {"id": "evt_1", "total": 12}
    assert delivery.id == (id_ or hashlib.sha256(BODY).hexdigest())
    assert not any("signature" in name or "hmac" in name for name in delivery.content["headers"])


@shows(
    "signatures of Standard Webhooks, Svix, Stripe, GitHub and plain HMACs: one other byte is refused", OURS, "webhook"
)
@pytest.mark.parametrize(("settings", "headers", "id_"), SIGNED.values(), ids=SIGNED)
def test_one_other_byte_is_refused(settings: dict[str, Any], headers: dict[str, str], id_: str) -> None:
    with pytest.raises(UnauthenticatedError):
        read(settings, headers, BODY.replace(b"12", b"13"))
    for name, value in headers.items():
        if "ignature" in name or "mac" in name.lower() or "Sign" in name:
            for wrong in ("", value[:-8], f"{value[:-3]}é", "v1,", "sha256=", "t=,v1=", "t=1e3,v1=00"):
                with pytest.raises(UnauthenticatedError):
                    read(settings, {**headers, name: wrong})


def test_two_secrets_count_while_one_follows_the_other() -> None:
    settings = by("stripe", "new", "old")
    for key in (b"new", b"old"):
        assert read(settings, stripe(key=key)).id == "evt_1"
    with pytest.raises(UnauthenticatedError):
        read(by("stripe", "new"), stripe(key=b"old"))


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_recorded_delivery_is_refused_later(minutes: int) -> None:
    at = NOW + timedelta(minutes=minutes)
    for settings, headers in ((by("stripe"), stripe(at=at)), (by("standard-webhooks", WHSEC), standard(at=at))):
        with pytest.raises(UnauthenticatedError, match="too long ago"):
            read(settings, headers)
    assert read(by("stripe", tolerance="PT10M"), stripe(at=at)).id == "evt_1"


def test_the_id_is_under_the_signature() -> None:
    with pytest.raises(UnauthenticatedError):
        read(by("standard-webhooks", WHSEC), {**standard(), "webhook-id": "msg_2"})
    with pytest.raises(UnauthenticatedError, match="webhook-id is missing"):
        read(by("standard-webhooks", WHSEC), {**standard(), "webhook-id": ""})
    again = read(by("github"), {**GITHUB, "X-GitHub-Delivery": "other"})
    assert again.id == read(by("github"), GITHUB).id


def basic(login: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def test_logins_beside_or_instead_of_a_signature() -> None:
    both = {"basic": {"username": "shop", "password": "pä:ss"}, "bearer": ["t1", "t2"]}
    good = (basic("shop:pä:ss"), {"Authorization": "Bearer t2"}, {"Authorization": "bearer t1"})
    for headers in good:
        assert read(both, {**headers, "Idempotency-Key": "7"}).id == "7"
    bad: Any = (
        basic("shop:other"),
        {"Authorization": "Bearer t"},
        {"Authorization": "Basic ?"},
        {},
        {"Authorization": "t1"},
    )
    for headers in bad:
        with pytest.raises(UnauthenticatedError):
            read(both, headers)
    signed = {**both, **by("github")}
    assert read(signed, {**GITHUB, **good[0]}).payload["total"] == 12
    for headers in (GITHUB, good[0]):
        with pytest.raises(UnauthenticatedError):
            read(signed, headers)


def test_nobody_can_set_up_an_open_door() -> None:
    for settings in ({}, by("github", ""), {"bearer": [""]}, by("hmac"), by("github", *"123456")):
        with pytest.raises(DefinitionError):
            read(settings, {})


OPEN = {"bearer": ["t"]}
LOGIN = {"Authorization": "Bearer t", "Cookie": "c", "X-Api-Key": "k"}


def test_bodies_are_read_by_their_type() -> None:
    def payload(kind: str, body: bytes) -> Any:
        delivery = read(OPEN, {**LOGIN, "Content-Type": kind}, body)
        assert delivery.flaw is None
        return delivery.payload

    assert payload("application/vnd.shop+json; charset=utf-8", b'{"a": 1}') == {"a": 1}
    assert payload("application/x-www-form-urlencoded", b"a=1&b=2&b=%C3%B1&c=") == {"a": "1", "b": ["2", "ñ"], "c": ""}
    assert payload("text/csv", "ñ;1".encode()) == "ñ;1"
    assert payload("application/pdf", b"\xff\x00") == "/wA="
    assert payload("application/json", b"") is None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b'{"a": NaN}'),
        ("application/json", b"[" * 100_000),
        ("application/json", b"[" * 300 + b"]" * 300),
        ("application/json", b"\xff"),
        ("application/json", b'"\\ud800"'),
        ("application/x-www-form-urlencoded", b"a=%FF"),
        ("application/x-www-form-urlencoded", b"a=1&" * 1_001),
    ],
)
def test_what_cannot_be_read_keeps_its_text_and_its_flaw(kind: str, body: bytes) -> None:
    delivery = read(OPEN, {**LOGIN, "Content-Type": kind, "Idempotency-Key": "7"}, body)
    assert isinstance(delivery.flaw, CauceError)
    assert delivery.id == "7"
    json.dumps(delivery.payload)


def test_mappings_see_no_login() -> None:
    content = read(OPEN, {**LOGIN, "X-Topic": "orders"}, query={"shop": "1"}).content
    assert content["headers"] == {"x-topic": "orders"}
    assert content["query"] == {"shop": "1"}


def test_too_much_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(TooLargeError):
        read({**OPEN, "max_bytes": 10}, {}, b"x" * 11)
