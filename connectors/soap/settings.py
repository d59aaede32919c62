"""What a SOAP connection needs to be told."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from cauce.connector import BaseSettings

_Text = str | bool | int | float
_logins = {"basic", "digest", "ntlm", "username-token", "username-token-digest"}


class Signature(BaseSettings):
    """With what each message's body and timestamp are signed (X.509, RSA with SHA-256)."""

    key_file: str = Field(description="The private key, in PEM.")
    certificate_file: str = Field(description="Its certificate, in PEM; it is sent along.")
    password: SecretStr | None = Field(None, description="The password of the key's file.")


class Settings(BaseSettings):
    """Where the service is described, how to log in, and how its answers are read."""

    wsdl: str = Field(min_length=1, description="The address of the WSDL, or the path of its file, folder or zip.")
    wsdl_file: str = Field("", description="Which file is the WSDL, when the folder or zip holds several.")
    service: str = Field("", description="The service that operations are looked for in, when the WSDL has several.")
    port: str = Field("", description="The port that operations are looked for at, when the WSDL has several.")
    address: str | None = Field(
        None, pattern=r"^https?://\S+$", description="The service's own address, when the WSDL's is not the right one."
    )
    security: Literal["none", "basic", "digest", "ntlm", "username-token", "username-token-digest"] | None = Field(
        None,
        description="How to log in: by HTTP (basic, digest, ntlm) or WS-Security (username-token, with the password as"
        " text or as a digest); basic when there is a username and nothing else is said.",
    )
    username: str = Field("", description="The name to log in with.")
    password: SecretStr | None = Field(None, description="The password to log in with.")
    timestamp: timedelta | None = Field(
        None, gt=timedelta(0), description="Send a WS-Security timestamp that is valid for this long, as PT5M."
    )
    signature: Signature | None = Field(None, description="Sign each message (WS-Security, X.509).")
    addressing: Literal["wsdl", "always"] = Field(
        "wsdl", description="Send the headers of WS-Addressing where the WSDL names an action, or always."
    )
    soap_headers: dict[str, _Text | dict[str, _Text]] = Field(
        default_factory=dict,
        repr=False,
        description="SOAP headers of every call: by the name that the WSDL declares, or as {namespace}Name.",
    )
    headers: dict[str, SecretStr] = Field(default_factory=dict, description="HTTP headers sent with every request.")
    allow_hosts: list[str] = Field(
        default_factory=list, description="Hosts besides the WSDL's that it may import from or lead to."
    )
    ca_file: str | None = Field(None, description="Certificates to trust instead of the usual ones.")
    client_certificate_file: str | None = Field(None, description="The certificate to show to the server, in PEM.")
    client_key_file: str | None = Field(None, description="Its private key, when it is not in the same file.")
    client_key_password: SecretStr | None = Field(None, description="The password of the private key.")
    proxy: str | None = Field(
        None, pattern=r"^https?://[^\s@]+$", description="The proxy all requests go through, as http://proxy:3128."
    )
    proxy_username: str = Field("", description="The name to log in at the proxy with.")
    proxy_password: SecretStr | None = Field(None, description="The password to log in at the proxy with.")
    timeout: timedelta = Field(timedelta(seconds=30), gt=timedelta(0), description="Limit of one call, as PT30S.")
    connect_timeout: timedelta = Field(timedelta(seconds=10), gt=timedelta(0), description="Limit of connecting.")
    max_bytes: int = Field(10_000_000, ge=1, description="The largest answer that is read, decompressed.")
    lenient: bool = Field(default=False, description="Read answers with wrong namespaces or broken XML.")
    ignore_order: bool = Field(default=False, description="Read answers whose elements come in any order.")
    fault_code_path: str = Field("", description="Where in a fault's detail its code is, as OrderFault/Code.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.security in _logins and not self.username:
            message = "security needs a username"
            raise ValueError(message)
        if self.client_key_file and not self.client_certificate_file:
            message = "client_key_file needs client_certificate_file"
            raise ValueError(message)
        if self.proxy_username and not self.proxy:
            message = "proxy_username needs proxy"
            raise ValueError(message)
        return self
