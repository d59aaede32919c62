"""What WS-Security adds to a message: who sends it, when, and a signature."""

import contextlib
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from zeep.wsse.signature import BinarySignature
from zeep.wsse.username import UsernameToken
from zeep.wsse.utils import WSU, get_security_header

from cauce.errors import PermanentError
from connectors.soap.settings import Settings, Signature


class Tokens:
    """Puts tokens into the security header, in their order; answers are not looked at."""

    def __init__(self, *tokens: Any) -> None:  # noqa: ANN401 - zeep's and ours
        self._tokens = tokens

    def apply(self, envelope: Any, headers: Any) -> Any:  # noqa: ANN401 - elements
        """Add them to an envelope."""
        for token in self._tokens:
            envelope, headers = token.apply(envelope, headers)
        return envelope, headers

    def verify(self, envelope: Any) -> None:  # noqa: ANN401 - an element
        """Accept any answer: TLS is what proves where it comes from."""


class Timestamp:
    """Says when a message was made and until when it is good."""

    def __init__(self, valid: timedelta) -> None:
        self._valid = valid

    def apply(self, envelope: Any, headers: Any) -> Any:  # noqa: ANN401 - elements
        """Add it to an envelope."""
        now = datetime.now(UTC).replace(tzinfo=None)
        created, expires = (f"{moment.isoformat(timespec='milliseconds')}Z" for moment in (now, now + self._valid))
        get_security_header(envelope).append(WSU.Timestamp(WSU.Created(created), WSU.Expires(expires)))
        return envelope, headers


def tokens(settings: Settings) -> Tokens | None:
    """Return what the settings ask for; None when that is nothing. Reads files."""
    wanted: list[Any] = []
    if settings.security in {"username-token", "username-token-digest"}:
        password = settings.password.get_secret_value() if settings.password else ""
        digest = settings.security == "username-token-digest"
        wanted.append(UsernameToken(settings.username, password, use_digest=digest, zulu_timestamp=True))
    if settings.timestamp:
        wanted.append(Timestamp(settings.timestamp))
    if settings.signature:
        wanted.append(_signature(settings.signature))
    return Tokens(*wanted) if wanted else None


def _signature(settings: Signature) -> BinarySignature:
    xmlsec = sys.modules.get("xmlsec")  # imported, or blocked, with this package
    if xmlsec is None:
        raise PermanentError(
            "Messages cannot be signed: the package xmlsec is not there, or does not fit the installed lxml.",
            hint="Install xmlsec and lxml in the versions of requirements.txt, or take settings.signature out.",
            remote_code="no-xmlsec",
        )
    password = settings.password.get_secret_value() if settings.password else None
    _check_files(xmlsec, settings, password)
    return BinarySignature(
        settings.key_file, settings.certificate_file, password, xmlsec.Transform.RSA_SHA256, xmlsec.Transform.SHA256
    )


def _check_files(xmlsec: Any, settings: Signature, password: str | None) -> None:  # noqa: ANN401 - a module that may be missing
    for setting, path in (("key_file", settings.key_file), ("certificate_file", settings.certificate_file)):
        content = b""
        with contextlib.suppress(OSError):
            content = Path(path).read_bytes()
        try:
            if setting == "key_file":
                # Without a password here, OpenSSL would ask for it at the terminal.
                xmlsec.Key.from_memory(content, xmlsec.KeyFormat.PEM, password or "")
            else:
                xmlsec.Key.from_memory(content, xmlsec.KeyFormat.CERT_PEM, None)
        except (xmlsec.Error, ValueError):
            raise PermanentError(
                f"The file of settings.signature.{setting} cannot be read as PEM.",
                hint="Correct its path, the file, or the password of the key.",
                remote_code="signature-files",
            ) from None
