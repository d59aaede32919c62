"""Logins with a certified OpenID provider."""

import json
from typing import Any

import pytest

from cauce.authentication import Authenticator
from cauce.errors import LoginError
from tests.integration.authentication.conftest import get
from tests.servers.openid import OpenIdProvider

JSON = Any
ANA = {"username": "ana", "password": "open sesame"}


def client(provider: OpenIdProvider, name: str, **more: JSON) -> JSON:
    return {"id": name, "secret": provider.secret, **more}


def by_oidc(provider: OpenIdProvider, who: JSON, **more: JSON) -> JSON:
    return {"oidc": {"authority": provider.origin, "grant": "client_credentials", "client": who, **more}}


async def who_am_i(authenticator: Authenticator, provider: OpenIdProvider, policy: JSON) -> JSON:
    response = await authenticator.send(get(f"{provider.origin}/api"), policy)
    assert response.status == 200, response.body
    return response.content()


async def test_client_secret_post(authenticator: Authenticator, openid_provider: OpenIdProvider) -> None:
    policy = by_oidc(openid_provider, client(openid_provider, "post"), scopes=["read"])
    assert await who_am_i(authenticator, openid_provider, policy) == {
        "client": "post",
        "account": None,
        "scope": "read",
    }


async def test_client_secret_basic_with_special_characters(
    authenticator: Authenticator, openid_provider: OpenIdProvider
) -> None:
    who = {"id": "b:sic", "secret": f"p+s%20/&=:{openid_provider.secret}", "authentication": "client_secret_basic"}
    assert (await who_am_i(authenticator, openid_provider, by_oidc(openid_provider, who)))["client"] == "b:sic"


async def test_client_secret_jwt(authenticator: Authenticator, openid_provider: OpenIdProvider) -> None:
    who = client(openid_provider, "secret-jwt", authentication="client_secret_jwt")
    assert (await who_am_i(authenticator, openid_provider, by_oidc(openid_provider, who)))["client"] == "secret-jwt"


async def test_private_key_jwt_with_pem(authenticator: Authenticator, openid_provider: OpenIdProvider) -> None:
    who = {"id": "key-jwt", "secret": openid_provider.keys["rsa"], "authentication": "private_key_jwt"}
    assert (await who_am_i(authenticator, openid_provider, by_oidc(openid_provider, who)))["client"] == "key-jwt"


async def test_private_key_jwt_with_jwk(authenticator: Authenticator, openid_provider: OpenIdProvider) -> None:

    who = {"id": "elliptic-jwt", "secret": json.dumps(openid_provider.keys["elliptic"])}
    who["authentication"] = "private_key_jwt"
    assert (await who_am_i(authenticator, openid_provider, by_oidc(openid_provider, who)))["client"] == "elliptic-jwt"


async def test_oauth2_with_the_paths_of_its_endpoints(
    authenticator: Authenticator, openid_provider: OpenIdProvider
) -> None:
    described = by_oidc(openid_provider, client(openid_provider, "post"))["oidc"]
    policy = {"oauth2": {**described, "endpoints": {"token": "/token"}}}
    assert (await who_am_i(authenticator, openid_provider, policy))["client"] == "post"


async def test_password_of_a_public_client(authenticator: Authenticator, openid_provider: OpenIdProvider) -> None:
    policy = by_oidc(
        openid_provider,
        {"id": "public", "authentication": "none"},
        grant="password",
        **ANA,
        scopes=["openid", "read"],
    )
    found = await who_am_i(authenticator, openid_provider, policy)
    assert found == {"client": "public", "account": "ana", "scope": "openid read"}


async def test_refresh_token_is_rotated(authenticator: Authenticator, openid_provider: OpenIdProvider) -> None:
    given = (await authenticator.send(get(f"{openid_provider.origin}/test/refresh-token"))).content()["refresh_token"]
    subject = {"token": given, "type": "refresh_token"}
    policy = by_oidc(openid_provider, client(openid_provider, "person"), grant="refresh_token", subject=subject)
    assert (await who_am_i(authenticator, openid_provider, policy))["account"] == "ana"
    await authenticator.send(get(f"{openid_provider.origin}/test/refuse"))
    # The first refresh token has been used; only the one that replaced it is taken now.
    assert (await who_am_i(authenticator, openid_provider, policy))["account"] == "ana"


async def test_token_is_fetched_anew_when_it_is_refused(
    authenticator: Authenticator, openid_provider: OpenIdProvider
) -> None:
    policy = by_oidc(openid_provider, client(openid_provider, "post"), scopes=["write"])
    first = await authenticator.authorize(policy)
    await who_am_i(authenticator, openid_provider, policy)
    await authenticator.send(get(f"{openid_provider.origin}/test/refuse"))
    assert (await who_am_i(authenticator, openid_provider, policy))["scope"] == "write"
    assert (await authenticator.authorize(policy)).parameter != first.parameter


async def test_issuer_of_a_signed_token_is_checked(
    authenticator: Authenticator, openid_provider: OpenIdProvider
) -> None:
    who = client(openid_provider, "signed")
    right = by_oidc(openid_provider, who, issuers=[openid_provider.origin])
    assert (await who_am_i(authenticator, openid_provider, right))["client"] == "signed"
    described = by_oidc(openid_provider, who, issuers=["https://other.example"])["oidc"]
    with pytest.raises(LoginError, match="issued by somebody else"):
        await authenticator.authorize({"oauth2": {**described, "endpoints": {"token": "/token"}}})


async def test_issuer_of_an_opaque_token_is_asked_for(
    authenticator: Authenticator, openid_provider: OpenIdProvider
) -> None:
    policy = by_oidc(openid_provider, client(openid_provider, "post"), issuers=[openid_provider.origin])
    assert (await who_am_i(authenticator, openid_provider, policy))["client"] == "post"


@pytest.mark.parametrize("name", ["nobody", "post"])
async def test_refused_client_is_a_refused_login(
    authenticator: Authenticator, openid_provider: OpenIdProvider, name: str
) -> None:
    with pytest.raises(LoginError, match="invalid_client") as caught:
        await authenticator.authorize(by_oidc(openid_provider, {"id": name, "secret": "wr0ng-s3cret"}))
    assert "wr0ng" not in str(caught.value)


async def test_wrong_password_is_a_refused_login(authenticator: Authenticator, openid_provider: OpenIdProvider) -> None:
    who = {"id": "public", "authentication": "none"}
    policy = by_oidc(openid_provider, who, grant="password", **{**ANA, "password": "wr0ng-p4ss"})
    with pytest.raises(LoginError, match="invalid_grant") as caught:
        await authenticator.authorize(policy)
    assert "wr0ng-p4ss" not in str(caught.value)
    assert caught.value.remote_code == "invalid_grant"


async def test_unknown_scope_is_a_refused_login(authenticator: Authenticator, openid_provider: OpenIdProvider) -> None:
    policy = by_oidc(openid_provider, client(openid_provider, "post"), scopes=["openid"])
    with pytest.raises(LoginError, match="invalid_scope"):
        await authenticator.authorize(policy)
