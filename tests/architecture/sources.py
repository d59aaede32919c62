"""Which files are ours: what git tracks or would track."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("activities", "api", "cauce", "connectors", "definitions", "demo", "schemas", "workflows")


@cache
def files() -> tuple[Path, ...]:
    """List the files of the checkout that are not ignored, relative to its root."""
    git = shutil.which("git") or "false"
    answer = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:  # no git, or an unpacked archive
        skipped = {".git", ".venv", ".cauce", ".hypothesis", "node_modules", "vendor", "__pycache__"}
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return tuple(path for path in found if not skipped & set(path.parts) and not path.parts[0].endswith("_cache"))
    return tuple(Path(name) for name in answer.stdout.split("\0") if name and (ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    """List the Python files below the folders."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in folders]
