"""Logins with providers that are slow, wrong, hostile, or just different."""

import asyncio
import json
import logging
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from aiohttp import web

from cauce.authentication import Authenticator, providers, tokens
from cauce.errors import LoginError, PermanentError, TransientError
from cauce.http import Policy
from tests.integration.authentication.conftest import Fake, get

JSON = Any
PERSON = {"username": "ana", "password": "confidential-password"}
RENEWABLE = {"expires_in": 0, "refresh_token": "renew-1"}
Answer = Callable[[dict[str, list[str]]], web.StreamResponse]


def gives(body: JSON, status: int = 200) -> Answer:
    return lambda _: web.json_response(body, status=status)


def says(text: str, status: int = 200) -> Answer:
    return lambda _: web.Response(text=text, status=status, content_type="text/html")


def counting(**more: JSON) -> Answer:
    given = iter(range(1, 1_000))
    return lambda _: web.json_response({"access_token": f"token-{next(given)}", "token_type": "bearer", **more})


async def test_many_at_once_fetch_one_token(fake: Fake, authenticator: Authenticator) -> None:
    fake.token = counting(expires_in=600)
    await asyncio.gather(*(authenticator.send(get(f"{fake.address}/api"), fake.policy()) for _ in range(50)))
    assert len(fake.asked) == 1
    assert set(fake.seen) == {"Bearer token-1"}


async def test_one_who_gives_up_does_not_take_the_token_from_others(fake: Fake, authenticator: Authenticator) -> None:
    fake.token = counting(expires_in=600)
    first, second = (asyncio.create_task(authenticator.authorize(fake.policy())) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).parameter == "token-1"


async def test_logins_that_differ_have_tokens_of_their_own(fake: Fake, authenticator: Authenticator) -> None:
    fake.token = counting(expires_in=600)
    policies = [
        fake.policy(),
        fake.policy(scopes=["a"]),
        fake.policy(audiences=["b"]),
        fake.policy(client={"id": "hub", "secret": "other"}),
        fake.policy(client={"id": "other", "secret": "cl1ent-s3cret"}),
    ]
    found = [(await authenticator.authorize(policy)).parameter for policy in policies + policies]
    assert found[:5] == found[5:]
    assert len(set(found)) == len(fake.asked) == 5


async def test_token_that_expires_at_once_is_fetched_each_time(fake: Fake, authenticator: Authenticator) -> None:
    fake.token = counting(expires_in=0)
    found = [(await authenticator.authorize(fake.policy())).parameter for _ in range(3)]
    assert found == ["token-1", "token-2", "token-3"]


@pytest.mark.parametrize(
    ("lasts", "usable"),
    [(600, 570), (100, 90), ("3600", 3570), (None, 300), ("soon", 300), (10**12, 86_400), (-5, 0), ("nan", 300)],
)
async def test_token_is_kept_until_shortly_before_it_expires(
    fake: Fake, authenticator: Authenticator, lasts: JSON, usable: float
) -> None:
    fake.token = gives({"access_token": "t", **({} if lasts is None else {"expires_in": lasts})})
    await authenticator.authorize(fake.policy())
    (kept,) = authenticator.tokens.kept.values()
    assert kept.until - asyncio.get_running_loop().time() == pytest.approx(usable, abs=2)


async def test_expired_token_is_renewed_with_its_refresh_token(fake: Fake, authenticator: Authenticator) -> None:
    fake.token = counting(**RENEWABLE)
    await authenticator.authorize(fake.policy(scopes=["a", "b"]))
    await authenticator.authorize(fake.policy(scopes=["a", "b"]))
    assert [each["grant_type"] for each in fake.asked] == [["client_credentials"], ["refresh_token"]]
    assert fake.asked[1]["refresh_token"] == ["renew-1"]
    assert fake.asked[1]["scope"] == ["a b"]


async def test_login_counts_when_the_refresh_token_does_not(fake: Fake, authenticator: Authenticator) -> None:
    answers = counting(**RENEWABLE)
    refusing = gives({"error": "invalid_grant"}, 400)
    fake.token = lambda asked: (refusing if "refresh_token" in asked else answers)(asked)
    await authenticator.authorize(fake.policy())
    assert (await authenticator.authorize(fake.policy())).parameter == "token-2"
    assert [each["grant_type"][0] for each in fake.asked] == [
        "client_credentials",
        "refresh_token",
        "client_credentials",
    ]


async def test_refused_token_is_fetched_anew_once(fake: Fake, authenticator: Authenticator) -> None:
    fake.token, fake.api = counting(expires_in=600), lambda header: 200 if header.endswith("2") else 401
    await authenticator.authorize(fake.policy())
    response = await authenticator.send(get(f"{fake.address}/api", "POST"), fake.policy())
    assert response.status == 200
    assert fake.seen == ["Bearer token-1", "Bearer token-2"]


async def test_answer_of_401_stays_when_a_new_token_does_not_help(fake: Fake, authenticator: Authenticator) -> None:
    fake.token, fake.api = counting(expires_in=600), lambda _: 401
    await authenticator.authorize(fake.policy())
    assert (await authenticator.send(get(f"{fake.address}/api"), fake.policy())).status == 401
    assert len(fake.seen) == len(fake.asked) == 2


async def test_fresh_token_that_is_refused_is_not_fetched_again(fake: Fake, authenticator: Authenticator) -> None:
    fake.api = lambda _: 401
    assert (await authenticator.send(get(f"{fake.address}/api"), fake.policy())).status == 401
    assert len(fake.asked) == 1


async def test_number_of_tokens_is_limited(
    fake: Fake, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MOST", 3)
    fake.token = counting(expires_in=600)
    for name in "abcde":
        await authenticator.authorize(fake.policy(scopes=[name]))
    assert [kept.token for kept in authenticator.tokens.kept.values()] == ["token-3", "token-4", "token-5"]


async def test_token_exchange(fake: Fake, authenticator: Authenticator) -> None:
    exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    policy = fake.policy(
        grant=exchange,
        subject={"token": "who", "type": "jwt"},
        actor={"token": "as", "type": "urn:custom"},
        audiences=["erp", "scm"],
    )
    await authenticator.authorize(policy)
    assert fake.asked == [
        {
            "grant_type": [exchange],
            "audience": ["erp", "scm"],
            "subject_token": ["who"],
            "subject_token_type": ["urn:ietf:params:oauth:token-type:jwt"],
            "actor_token": ["as"],
            "actor_token_type": ["urn:custom"],
            "client_id": ["hub"],
            "client_secret": ["cl1ent-s3cret"],
        }
    ]


async def test_request_may_be_json(fake: Fake, authenticator: Authenticator) -> None:
    policy = fake.policy(request={"encoding": "application/json"}, scopes=["a", "b"], audiences=["erp", "scm"])
    await authenticator.authorize(policy)
    assert fake.asked == [
        {
            "grant_type": "client_credentials",
            "scope": "a b",
            "audience": ["erp", "scm"],
            "client_id": "hub",
            "client_secret": "cl1ent-s3cret",
        }
    ]


async def test_assertion_that_is_given_is_sent_as_it_is(fake: Fake, authenticator: Authenticator) -> None:
    who = {"id": "hub", "assertion": "a.b.c", "authentication": "private_key_jwt"}
    await authenticator.authorize(fake.policy(client=who))
    assert fake.asked[0]["client_assertion"] == ["a.b.c"]
    assert fake.asked[0]["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]


@pytest.mark.parametrize("key", ["not a s3cret key", '{"s3cret": 1}', '{"kty": "oct", "k": "s3cret"}', "{s3cret"])
async def test_unusable_key_is_said_and_not_shown(fake: Fake, authenticator: Authenticator, key: str) -> None:
    who = {"id": "hub", "secret": key, "authentication": "private_key_jwt"}
    with pytest.raises(PermanentError, match="cannot be made") as caught:
        await authenticator.authorize(fake.policy(client=who))
    assert "s3cret" not in str(caught.value)


async def test_openid_provider_describes_itself_once(fake: Fake, authenticator: Authenticator) -> None:
    fake.discovery = {"issuer": fake.address, "token_endpoint": f"{fake.address}/elsewhere"}
    policy = fake.policy("oidc", authority=f"{fake.address}/.well-known/openid-configuration")
    await authenticator.authorize(policy)
    await authenticator.authorize({"oidc": {**policy["oidc"], "scopes": ["a"]}})
    assert len(fake.asked) == 2
    assert len(fake.headers) == 3


@pytest.mark.parametrize(
    ("described", "said"),
    [
        (None, "does not describe itself"),
        ({"issuer": "https://other.example", "token_endpoint": "https://x.example"}, "is somebody else"),
        ({"issuer": 5, "token_endpoint": []}, "does not describe itself"),
        (["x"], "does not answer with JSON"),
    ],
)
async def test_openid_provider_that_does_not_describe_itself(
    fake: Fake, authenticator: Authenticator, described: JSON, said: str
) -> None:
    fake.discovery = described
    with pytest.raises(PermanentError, match=said):
        await authenticator.authorize(fake.policy("oidc"))


async def test_issuer_is_asked_for_when_the_token_does_not_say(fake: Fake, authenticator: Authenticator) -> None:
    fake.introspection = {"active": True, "iss": "https://right.example/"}
    assert (await authenticator.authorize(fake.policy(issuers=["https://right.example"]))).parameter == "t1"
    fake.introspection = {"active": True}
    with pytest.raises(LoginError, match="somebody else"):
        await authenticator.authorize(fake.policy(issuers=["https://wrong.example"]))


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (says("<html>Sign in</html>"), PermanentError, "does not answer with JSON"),
        (says("{" * 50_000), PermanentError, "does not answer with JSON"),
        (says("[" * 99_000), PermanentError, "does not answer with JSON"),
        (says("x" * 200_000), PermanentError, "more than 100,000 bytes"),
        (gives([]), PermanentError, "does not answer with JSON"),
        (gives({"token": "t"}), PermanentError, "does not answer with a token"),
        (gives({"access_token": 5}), PermanentError, "does not answer with a token"),
        (gives({"access_token": "a\r\nX-Evil: 1"}), PermanentError, "does not answer with a token"),
        (gives({"access_token": "t", "token_type": "mac"}), PermanentError, "only Bearer"),
        (gives({"access_token": "t"}, 302), PermanentError, "does not answer with a token"),
        (gives({"error": "bad_verification_code"}), LoginError, "bad_verification_code"),
        (gives({"error": "invalid_client"}, 401), LoginError, "invalid_client"),
        (gives({"error": "cl1ent-s3cret <b>", "error_description": "cl1ent-s3cret"}, 400), LoginError, "HTTP 400"),
        (says("no", 403), LoginError, "HTTP 403"),
        (gives({}, 429), TransientError, "HTTP 429"),
        (says("broken", 502), TransientError, "HTTP 502"),
    ],
    ids=count(),
)
async def test_wrong_answers_have_errors_of_their_own(
    fake: Fake, authenticator: Authenticator, answer: Answer, error: type[Exception], said: str
) -> None:
    fake.token = answer
    with pytest.raises(error, match=said) as caught:
        await authenticator.authorize(fake.policy())
    assert "s3cret" not in str(caught.value)


async def test_provider_that_is_not_there(authenticator: Authenticator) -> None:
    policy = Fake("http://127.0.0.1:1").policy()
    with pytest.raises(TransientError, match=r"No token can be had: http://127\.0\.0\.1:1 could not be reached"):
        await authenticator.authorize(policy)


async def test_provider_that_does_not_answer(
    fake: Fake, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "LOGIN_S", 0.1)
    fake.delay_s = 0.5
    with pytest.raises(TransientError, match="gave no answer in time"):
        await authenticator.authorize(fake.policy())


async def test_provider_at_an_address_that_may_not_be_called(fake: Fake) -> None:
    with pytest.raises(PermanentError, match="private address"):
        await Authenticator(Policy(private=False)).authorize(fake.policy())


async def test_browser_is_what_a_process_has_not(fake: Fake, authenticator: Authenticator) -> None:
    with pytest.raises(PermanentError, match="needs a person at a browser"):
        await authenticator.authorize(fake.policy(grant="authorization_code"))


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({"client": {"id": "hub"}}, "client.secret"),
        ({"client": {"secret": "p4ssword-of-hub"}}, "client.id"),
        ({"grant": "password", "username": "ana"}, "password"),
        ({"grant": "refresh_token"}, "subject"),
        ({"client": {"id": "hub", "authentication": "private_key_jwt"}}, "client.assertion"),
        ({"grant": "guess"}, "oauth2.grant"),
        ({"client": {"id": "hub", "secret": "p4ssword-of-hub", "sceret": "p4ssword-of-hub"}}, "oauth2.client.sceret"),
    ],
)
async def test_login_that_is_not_complete(fake: Fake, authenticator: Authenticator, more: JSON, missing: str) -> None:
    with pytest.raises(PermanentError, match="The login cannot be made") as caught:
        await authenticator.authorize(fake.policy(**more))
    assert missing in str(caught.value)
    assert "p4ssword" not in str(caught.value)


async def test_nothing_confidential_is_logged(
    fake: Fake, authenticator: Authenticator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.token = gives({"access_token": "confidential-token", "refresh_token": "confidential-renewal"})
    policy = fake.policy(grant="password", **PERSON)
    await authenticator.send(get(f"{fake.address}/api"), policy)
    assert "confidential" not in caplog.text
    assert "confidential" not in repr(await authenticator.authorize(policy))
    assert json.dumps(fake.asked).count("confidential-password") == 1
