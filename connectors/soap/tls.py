"""What is shown to the other side of a secure connection, and whom to trust."""

import ssl

from cauce.errors import PermanentError
from connectors.soap.settings import Settings


def context(settings: Settings) -> ssl.SSLContext | None:
    """Return the context that the settings ask for; None when the usual one will do."""
    if not settings.ca_file and not settings.client_certificate_file:
        return None
    try:
        made = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as cause:  # SSLError is one
        raise _refused("ca_file", "holds no certificates in PEM that can be read") from cause
    if settings.client_certificate_file:
        password = settings.client_key_password
        try:
            made.load_cert_chain(
                settings.client_certificate_file,
                settings.client_key_file,
                # Without a password here, OpenSSL would ask for it at the terminal.
                password.get_secret_value() if password else "",
            )
        except OSError as cause:
            raise _refused(
                "client_certificate_file", "and its key cannot be read, do not fit together, or need another password"
            ) from cause
    return made


def _refused(setting: str, why: str) -> PermanentError:
    return PermanentError(
        f"The file of settings.{setting} {why}.", hint="Correct its path or the file.", remote_code="tls-files"
    )
