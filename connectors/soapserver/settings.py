"""What the service is called, and how a caller proves who it is."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr

from cauce.connector import BaseSettings


class Settings(BaseSettings):
    """The service, its login, and its limits."""

    namespace: str = Field(
        "",
        pattern=r"^(urn:\S+|https?://\S+|)$",
        description="The target namespace of the WSDL; default: urn:cauce: and the connection's name.",
    )
    security: Literal["basic", "username-token"] = Field(
        "basic", description="How callers log in: HTTP Basic, or a WS-Security UsernameToken (text or digest)."
    )
    username: str = Field(min_length=1, description="The name that callers give.", examples=["partner"])
    passwords: list[SecretStr] = Field(
        min_length=1,
        max_length=5,
        description="The passwords that count; two while one follows the other.",
        examples=[["not-a-secret"]],
    )
    tolerance: timedelta = Field(
        timedelta(minutes=5),
        gt=timedelta(0),
        le=timedelta(hours=1),
        description="How far the time of a UsernameToken may be from ours, as PT5M.",
    )
    max_bytes: int = Field(1_000_000, ge=1, description="The largest request that is read.")
