import time
from functools import cache
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from cauce.authentication.id_tokens import claims_of
from cauce.errors import UnauthenticatedError

NOW = int(time.time())
SAID = {"iss": "https://id.example", "aud": "cauce", "sub": "ana", "iat": NOW - 5, "exp": NOW + 300}
known, new, foreign = (ECKey.generate_key("P-256", {"kid": kid}, auto_kid=False) for kid in ("a", "b", "a"))

shared = OctKey.import_key("a secret that is long enough, is it?")


@cache
def keys() -> dict[str, Any]:
    # The new key is there beside the old one while the provider changes it.
    return {"keys": [known.as_dict(private=False), new.as_dict(private=False)]}


def read(token: str) -> dict[str, Any]:
    return claims_of(token, keys(), issuer="https://id.example", client="cauce")


def signed(key: ECKey = known, **other: Any) -> str:
    said = {name: value for name, value in (SAID | other).items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": key.kid}, said, key)


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(new),
        signed(aud=["cauce", "other"], azp="cauce"),
        signed(iat=NOW + 30, exp=NOW - 30),  # clocks are a little off
        signed(exp=None),  # what needs one asks for it
    ],
)
def test_a_good_token_is_read(token: str) -> None:
    assert read(token)["sub"] == "ana"


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        (signed(foreign), "is not signed by it"),
        (signed()[:-4] + "AAAA", "is not signed by it"),
        (jwt.encode({"alg": "HS256", "kid": "a"}, SAID, shared), "is not signed by it"),
        ("e30." + signed().partition(".")[2], "is not signed by it"),
        ("no token", "is not signed by it"),
        (signed(exp=NOW - 120), "is not of now"),
        (signed(exp="soon"), "is not of now"),
        (signed(iat=NOW + 3_600), "is not of now"),
        (signed(iat=None), "is not of now"),
        (signed(nbf=NOW + 3_600), "is not of now"),
        (signed(iss="https://id.example.evil"), "is for somebody else"),
        (signed(aud="other"), "is for somebody else"),
        (signed(aud=None), "is for somebody else"),
        (signed(aud=["cauce", "other"]), "is for somebody else"),
        (signed(aud=["cauce", "other"], azp="other"), "is for somebody else"),
        (signed(azp="other"), "is for somebody else"),
    ],
)  # fmt: skip
def test_a_token_that_is_wrong_is_refused(token: str, problem: str) -> None:
    with pytest.raises(UnauthenticatedError, match=problem):
        read(token)
