"""What an `oauth2` or `oidc` login is made of; the same in a process and in the settings of a connection."""

from collections.abc import Mapping
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from cauce.connector import JSON
from cauce.errors import PermanentError

TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
_TOKEN_TYPES: Final = "urn:ietf:params:oauth:token-type:"  # noqa: S105 - the beginning of names of types
_SHORT_TYPES: Final = frozenset({"access_token", "refresh_token", "id_token", "jwt", "saml1", "saml2"})
Grant = Literal[
    "authorization_code",
    "client_credentials",
    "password",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]
ClientAuthentication = Literal[
    "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Endpoints(_Part):
    """Where the provider answers what, below its authority; an address of its own may be given, too."""

    token: str = "/oauth2/token"  # noqa: S105 - a path
    revocation: str = "/oauth2/revoke"
    introspection: str = "/oauth2/introspect"


class Client(_Part):
    """Who asks for the token."""

    id: str = ""
    secret: SecretStr | None = None
    assertion: SecretStr | None = None
    authentication: ClientAuthentication = "client_secret_post"


class TokenRequest(_Part):
    """How the request for a token is written."""

    encoding: Literal["application/x-www-form-urlencoded", "application/json"] = "application/x-www-form-urlencoded"


class GivenToken(_Part):
    """A token that is given: the identity on whose behalf, or as whom, another one is asked for."""

    token: SecretStr
    type: str

    @property
    def type_uri(self) -> str:
        """Return the type as the URI that the exchange of tokens wants."""
        return _TOKEN_TYPES + self.type if self.type in _SHORT_TYPES else self.type


class OAuth2(_Part):
    """How to get a token from an OAuth 2 or OpenID Connect provider."""

    authority: str = Field(pattern=r"^https?://\S+$", description="The address of the provider.")
    grant: Grant = Field(description="How the token is asked for.")
    client: Client = Client()
    endpoints: Endpoints = Endpoints()
    request: TokenRequest = TokenRequest()
    issuers: tuple[str, ...] = Field((), description="Who may have issued the token; empty leaves that unchecked.")
    scopes: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    username: str | None = None
    password: SecretStr | None = None
    subject: GivenToken | None = None
    actor: GivenToken | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := missing_properties(self.model_dump(exclude_none=True)):
            message = f"`{missing[0]}` is missing"
            raise ValueError(message)
        return self


def revealed(value: JSON) -> JSON:
    """Return settings with what they hide; they go to the login and nowhere else."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case dict():
            return {name: revealed(inner) for name, inner in value.items()}
        case tuple():
            return [revealed(inner) for inner in value]
        case _:
            return value


def missing_properties(given: Mapping[str, JSON]) -> list[str]:
    """Return which properties a login of this grant and client authentication still needs."""
    client = given.get("client") or {}
    method = client.get("authentication", "client_secret_post")
    needed = [] if method == "none" and given.get("grant") != "client_credentials" else ["client.id"]
    needed += {
        "client_secret_basic": ["client.secret"],
        "client_secret_post": ["client.secret"],
        "client_secret_jwt": ["client.secret|client.assertion"],
        "private_key_jwt": ["client.assertion|client.secret"],
    }.get(method, [])
    needed += {
        "password": ["username", "password"],
        "refresh_token": ["subject"],
        TOKEN_EXCHANGE: ["subject"],
    }.get(str(given.get("grant")), [])
    return [each.partition("|")[0] for each in needed if not any(_has(given, name) for name in each.split("|"))]


def _has(given: Mapping[str, JSON], name: str) -> bool:
    holder, _, inner = name.partition(".")
    value = given.get(holder)
    return bool((value or {}).get(inner) if inner else value)


def oauth2_of(scheme: str, given: JSON) -> OAuth2:
    """Return the login that a policy describes.

    Raises:
        PermanentError: It is not complete, or not one that can be made.
    """
    try:
        policy = OAuth2.model_validate(given)
    except ValidationError as cause:
        first = cause.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in (scheme, *first["loc"]))
        # Not chained: the library's own text may quote a password.
        problem = f"The login cannot be made: `{place}`: {first['msg'].removeprefix('Value error, ')}."
        raise PermanentError(problem, hint="Mend the authentication, or the secret that holds it.") from None
    if policy.grant == "authorization_code":
        raise PermanentError(
            "The grant authorization_code needs a person at a browser, and a process has none.",
            hint="Use client_credentials, or refresh_token with the token that a person's login gave.",
        )
    return policy
