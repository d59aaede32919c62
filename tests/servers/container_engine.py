"""Stands in for docker: notes what it is told, and does what a container with a shell would, without one."""

import json
import sys
from pathlib import Path
from typing import Any

PROGRAM = """\
#!{python} -IS
import json, pathlib, re, subprocess, sys, time
here = pathlib.Path(__file__).parent
given = sys.argv[1:]
stdin = sys.stdin.read() if "--interactive" in given else None
options = [each for each in given if each.startswith("--")]
variables = pathlib.Path("environment").read_text() if "--env-file=environment" in options else None
with (here / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps({{"given": given, "stdin": stdin, "variables": variables}}) + "\\n")
if given[0] == "ps":
    listed = here / "listed"
    print(listed.read_text() if listed.exists() else "", end="")
elif given[0] == "run":
    image, *rest = given[1 + len(options):]
    if image == "missing":
        print("Unable to find image", file=sys.stderr)
        print("docker: Error response: pull access denied.", file=sys.stderr)
        sys.exit(125)
    if image == "slow":
        time.sleep(60)
    if "--entrypoint=/bin/sh" in options:
        environment = dict(line.split("=", 1) for line in variables.splitlines())
        done = subprocess.run(["/bin/sh", *rest], input=stdin or "", text=True, env=environment)
        sys.exit(done.returncode)
    fixed = [each for each in options if not re.match("--(name|label)=", each)]
    print(json.dumps({{"image": image, "arguments": rest, "stdin": stdin, "options": fixed}}))
"""


def install(folder: Path) -> Path:
    """Write the program; returns its path, beside which it keeps its notes."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "docker"
    program.write_text(PROGRAM.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    return program


def calls(program: Path, what: str = "run") -> list[dict[str, Any]]:
    """Return what the program was told to do, in order."""
    notes = program.with_name("calls.jsonl")
    lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
    return [call for call in map(json.loads, lines) if call["given"][0] == what]
