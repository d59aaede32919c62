import time
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from cauce.authentication.id_tokens import claims_of
from cauce.errors import UnauthenticatedError

known, new, foreign = (ECKey.generate_key("P-256", {"kid": kid}, auto_kid=False) for kid in ("a", "b", "a"))

shared = OctKey.import_key("a secret that is long enough, is it?")


def at(seconds: int = 0) -> int:
    return int(time.time()) + seconds


def said(**other: Any) -> dict[str, Any]:
    usual = {"iss": "https://id.example", "aud": "cauce", "sub": "ana", "iat": at(-5), "exp": at(300)}
    return {name: value for name, value in (usual | other).items() if value is not None}


@cache
def keys() -> dict[str, Any]:
    # The new key is there beside the old one while the provider changes it.
    return {"keys": [known.as_dict(private=False), new.as_dict(private=False)]}


def read(token: str) -> dict[str, Any]:
    return claims_of(token, keys(), issuer="https://id.example", client="cauce")


def signed(key: ECKey = known, **other: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": key.kid}, said(**other), key)


@pytest.mark.parametrize(
    "make",  # when the test runs: a token is good for a while
    [
        signed,
        lambda: signed(new),
        lambda: signed(aud=["cauce", "other"], azp="cauce"),
        lambda: signed(iat=at(30), exp=at(-30)),  # clocks are a little off
        lambda: signed(exp=None),  # what needs one asks for it
    ],
    ids=count(),
)
def test_a_good_token_is_read(make: Callable[[], str]) -> None:
    assert read(make())["sub"] == "ana"


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: signed(foreign), "is not signed by it"),
        (lambda: signed()[:-4] + "AAAA", "is not signed by it"),
        (lambda: jwt.encode({"alg": "HS256", "kid": "a"}, said(), shared), "is not signed by it"),
        (lambda: "e30." + signed().partition(".")[2], "is not signed by it"),
        (lambda: "no token", "is not signed by it"),
        (lambda: signed(exp=at(-120)), "is not of now"),
        (lambda: signed(exp="soon"), "is not of now"),
        (lambda: signed(iat=at(3_600)), "is not of now"),
        (lambda: signed(iat=None), "is not of now"),
        (lambda: signed(nbf=at(3_600)), "is not of now"),
        (lambda: signed(iss="https://id.example.evil"), "is for somebody else"),
        (lambda: signed(aud="other"), "is for somebody else"),
        (lambda: signed(aud=None), "is for somebody else"),
        (lambda: signed(aud=["cauce", "other"]), "is for somebody else"),
        (lambda: signed(aud=["cauce", "other"], azp="other"), "is for somebody else"),
        (lambda: signed(azp="other"), "is for somebody else"),
    ],
    ids=count(),
)  # fmt: skip
def test_a_token_that_is_wrong_is_refused(make: Callable[[], str], problem: str) -> None:
    with pytest.raises(UnauthenticatedError, match=problem):
        read(make())
