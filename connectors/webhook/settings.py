"""How a sender proves who it is, and how much it may send."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from cauce.connector import BaseSettings

most_secrets = 5


class Signature(BaseSettings):
    """The signature of a delivery, an HMAC over its body with a secret that both sides know."""

    scheme: Literal["standard-webhooks", "github", "stripe", "hmac"] = Field(
        description="Whose way: Standard Webhooks (also Svix), GitHub, Stripe, or a plain HMAC in a header."
    )
    secrets: list[SecretStr] = Field(
        min_length=1,
        max_length=most_secrets,
        description="The secrets that count; two while one follows the other.",
    )
    tolerance: timedelta = Field(
        timedelta(minutes=5),
        gt=timedelta(0),
        le=timedelta(hours=1),
        description="How far the time of a signed delivery may be from ours, as PT5M.",
    )
    header: str = Field("", description="The header of the signature, where the scheme's own is not meant.")
    algorithm: Literal["sha256", "sha512"] = Field("sha256", description="Of scheme hmac: the hash.")
    encoding: Literal["hex", "base64"] = Field("hex", description="Of scheme hmac: how the signature is written.")
    prefix: str = Field("", description="Of scheme hmac: what stands before the signature, such as sha256=.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.scheme == "hmac" and not self.header:
            message = "scheme hmac needs the name of the header"
            raise ValueError(message)
        if any(not each.get_secret_value() for each in self.secrets):
            message = "a secret is empty"
            raise ValueError(message)
        return self


class Basic(BaseSettings):
    """A user name and a password, as HTTP Basic carries them."""

    username: str = Field(min_length=1, description="The name that the sender gives.")
    password: SecretStr = Field(min_length=1, description="The password that the sender gives.")


class Settings(BaseSettings):
    """Who may send, and how much."""

    signature: Signature | None = Field(None, description="How deliveries are signed.")
    basic: Basic | None = Field(None, description="A name and a password that the sender gives.")
    bearer: list[SecretStr] = Field(
        default_factory=list, max_length=most_secrets, description="Tokens that the sender may give as Bearer."
    )
    id_header: str = Field("", description="The header that tells one delivery from another, such as Idempotency-Key.")
    max_bytes: int = Field(1_000_000, ge=1, description="The largest delivery that is taken.")

    @model_validator(mode="after")
    def _not_open(self) -> Self:
        if not (self.signature or self.basic or self.bearer):
            message = "say how senders prove who they are: signature, basic or bearer"
            raise ValueError(message)
        if any(not each.get_secret_value() for each in self.bearer):
            message = "a token is empty"
            raise ValueError(message)
        return self
