"""What a signed token of an OpenID provider says, once it is sure that it is the provider's, for us, and of now."""

from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cauce.errors import UnauthenticatedError

JSON = Any
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LEEWAY_S: Final = 60


def claims_of(token: str, keys: Mapping[str, JSON], *, issuer: str, client: str) -> dict[str, JSON]:
    """Return what a token says whose signature, times, issuer and audience are right.

    Raises:
        UnauthenticatedError: One of them is wrong.
    """
    try:
        found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(_ALGORITHMS))  # type: ignore[arg-type]  # checked by the library
    except (JoseError, ValueError, KeyError, TypeError):
        raise UnauthenticatedError("The provider's token is not signed by it.", hint="Log in again.") from None
    claims: dict[str, JSON] = dict(found.claims)
    try:
        jwt.JWTClaimsRegistry(leeway=_LEEWAY_S, iat={"essential": True}).validate(claims)
    except JoseError:
        raise UnauthenticatedError("The provider's token is not of now.", hint="Log in again.") from None
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    # One that is for several names who it was made for.
    party = claims.get("azp", client if len(meant) == 1 else None)
    if claims.get("iss") != issuer or client not in meant or party != client:
        raise UnauthenticatedError("The provider's token is for somebody else.", hint="Check the settings of OpenID.")
    return claims
