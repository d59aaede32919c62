"""Logs in at an SFTP server; only the one whose keys the settings name is talked to."""

import asyncio
from typing import Final

import asyncssh
from asyncssh.public_key import get_default_public_key_algs

from cauce.errors import LoginError, PermanentError, TransientError
from connectors.file.settings import Sftp

patience_s: Final = 15.0


async def connect(name: str, server: Sftp) -> asyncssh.SSHClientConnection:
    """Connect to the server that the settings name, and to no other, and log in."""
    address = f"{server.host}:{server.port}"
    host_keys = _host_keys(name, server)
    try:
        return await asyncssh.connect(
            server.host,
            server.port,
            username=server.username,
            password=server.password.get_secret_value() if server.password else None,
            # Decrypting a key is slow on purpose.
            client_keys=await asyncio.to_thread(_keys, name, server),
            known_hosts=(host_keys, [], []),
            server_host_key_algs=_algorithms(host_keys),
            # Nothing of the account that Cauce runs as: neither its configuration, nor its keys, nor its agent.
            config=None,
            agent_path=None,
            gss_host=None,
            x509_trusted_certs=None,
            x509_trusted_cert_paths=None,
            connect_timeout=patience_s,
            login_timeout=patience_s,
            keepalive_interval=patience_s,
        )
    except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as cause:
        raise _other_server(address) from cause
    except asyncssh.PermissionDenied as cause:
        raise LoginError(
            f"{address} refuses the login of {server.username}.",
            hint="Check username and password or private_key.",
            remote_code="login",
        ) from cause
    except (asyncssh.ProtocolError, asyncssh.ProtocolNotSupported) as cause:
        raise PermanentError(f"{address} does not speak SSH.", hint="Check host and port.") from cause
    except (asyncssh.Error, OSError, TimeoutError) as cause:
        raise TransientError(
            f"{address} cannot be reached, or broke off.",
            hint=f"Test it with `cauce connections test {name}`.",
            remote_code="connection",
        ) from cause


def _host_keys(name: str, server: Sftp) -> list[asyncssh.SSHKey]:
    try:
        return [asyncssh.import_public_key(key) for key in server.host_keys]
    except asyncssh.KeyImportError as cause:
        raise PermanentError(
            "A key in host_keys cannot be read.", hint="Write it as `ssh-ed25519 AAAA…`.", where=name
        ) from cause


def _algorithms(host_keys: list[asyncssh.SSHKey]) -> list[str]:
    """Return those of the known keys first; and the others, so that another server shows its key and is told apart."""
    known = [algorithm for key in host_keys for algorithm in key.sig_algorithms]
    return [algorithm.decode() for algorithm in dict.fromkeys([*known, *get_default_public_key_algs()])]


def _keys(name: str, server: Sftp) -> list[asyncssh.SSHKey] | None:
    if server.private_key is None:
        return None
    phrase = server.passphrase.get_secret_value() if server.passphrase else None
    try:
        return [asyncssh.import_private_key(server.private_key.get_secret_value(), phrase)]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        # Not chained: the cause may quote the key.
        raise LoginError("The private_key cannot be read.", hint="Check it, and its passphrase.", where=name) from None


def _other_server(address: str) -> PermanentError:
    return PermanentError(
        f"{address} does not have a key that is in host_keys.",
        hint="Ask its operator for the key; if it is another server, somebody may be in between.",
        remote_code="host-key",
    )
