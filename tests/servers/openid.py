"""Runs a certified OpenID provider (oidc-provider, from npm) on a free port of loopback."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "oidc-provider"


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """Where the provider is, the secret of its clients, and the private keys of those that sign.

    `/api` takes its tokens, `/test/refuse` has it refuse those it has seen, `/test/refresh-token` gives one away.
    """

    origin: str
    secret: str
    keys: dict[str, Any]


def installed() -> bool:
    """Tell whether its packages are there."""
    return (FOLDER / "node_modules" / "oidc-provider").is_dir()


@contextmanager
def started(node: Path) -> Iterator[OpenIdProvider]:
    """Run it with a Node.js."""
    command = [str(node), "--no-warnings", "server.mjs"]
    with subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            said = json.loads(server.stdout.readline())
            yield OpenIdProvider(said["origin"], said["secret"], said["privateKeys"])
        finally:
            server.terminate()
            server.wait(timeout=10)
