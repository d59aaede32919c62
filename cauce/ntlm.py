"""Logs in by NTLM: three messages over one connection, which is then the login's own.

Certificates are not bound into the login (channel binding), so a server that insists on that refuses it.
"""

import struct
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any

from cauce.errors import LoginError, PermanentError


class Handshake:
    """One login over one connection; `username` is `name@domain`, or the domain, a backslash and the name."""

    def __init__(self, username: str, password: str, host: str) -> None:
        try:
            # Imported when it is used: most connections never need it.
            import spnego  # noqa: PLC0415
        except ImportError:
            raise PermanentError(
                "NTLM cannot be spoken: the package pyspnego is not installed.", hint="Install what Cauce depends on."
            ) from None
        self._host = host
        self._errors: tuple[type[Exception], ...] = (spnego.exceptions.SpnegoError, struct.error, ValueError, KeyError)
        self._context: Any = spnego.client(username, password, hostname=host, service="HTTP", protocol="ntlm")

    def begin(self) -> str:
        """Return the header `Authorization` of the request that asks for a challenge, and carries nothing else."""
        return f"NTLM {b64encode(self._context.step()).decode()}"

    def answer(self, status: int, challenges: Iterable[str]) -> str:
        """Return the header `Authorization` of the request itself, made from the challenge.

        Raises:
            LoginError: There is no challenge, so nothing was done.
        """
        given = next((each[5:].strip() for each in challenges if each[:5].upper() == "NTLM "), "")
        if status != 401 or not given:  # noqa: PLR2004 - the only status that asks for a login
            raise LoginError(
                f"{self._host} does not ask for a login by NTLM (HTTP {status}).",
                hint="Use the login that it asks for.",
                remote_code=str(status),
            )
        try:
            return f"NTLM {b64encode(self._context.step(b64decode(given))).decode()}"
        except self._errors:
            raise LoginError(
                f"{self._host} sends a challenge of NTLM that cannot be read.", hint="Is it NTLM?"
            ) from None
