"""docs/add-a-connector.md is followed literally: its files are written and its commands run, in a copy of ours."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from cauce.sdk.rules import rules
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "add-a-connector.md"
_block = re.compile(r"^```(?P<language>\w+)(?: file=(?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# One process for all of them: what is shown is that the steps work, not how fast Python starts.
_follow = """
import importlib, json, pathlib, shlex, sys
import pytest
from cauce.cli import app

for step in json.load(sys.stdin):
    if step["file"]:
        pathlib.Path(step["file"]).write_text(step["text"], encoding="utf-8")
        continue
    for line in step["text"].splitlines():
        program, *arguments = shlex.split(line)
        importlib.invalidate_caches()
        if program == "pytest":
            code = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments])
        else:
            assert program == "cauce", program
            code = app(arguments, standalone_mode=False) or 0
        print(f"$ {line} -> {int(code)}", flush=True)
"""


def _steps() -> list[dict[str, str | None]]:
    section = PAGE.read_text(encoding="utf-8").split("## In ten minutes\n")[1].split("\n## ")[0]
    found = [each.groupdict() for each in _block.finditer(section)]
    return [each for each in found if each["file"] or each["language"] == "console"]


def _copy(folder: Path) -> None:
    """Make a checkout of which only what the page changes is a real copy."""
    for name in ("activities", "api", "cauce", "definitions", "demo", "schemas", "workflows"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "connectors", folder / "connectors", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "tests" / "connectors").mkdir(parents=True)


def test_the_page_leads_to_a_connector_that_works(tmp_path: Path) -> None:
    steps = _steps()
    commands = [line for each in steps if not each["file"] for line in str(each["text"]).splitlines()]
    assert [line.split()[0] for line in commands] == ["cauce", "pytest", "cauce", "cauce"]
    _copy(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _follow],
        input=json.dumps(steps),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert re.findall(r"^\$ (.*) -> (\d+)$", done.stdout, re.MULTILINE) == [(line, "0") for line in commands], said
    assert " passed" in said
    assert "| `shout` | loudspeakers that take announcements over HTTP |" in (
        tmp_path / "connectors" / "README.md"
    ).read_text(encoding="utf-8")


def test_the_page_names_every_rule() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [row for row in rows if row in rules] == list(rules)
