"""Programs that speak the Model Context Protocol badly: `rude_program.py HOW [FILE]`."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def answer(result: object) -> None:
    asked = json.loads(sys.stdin.readline())
    say(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}))


how = sys.argv[1]
if how == "noise":
    say("Server starting on port 7!")
elif how == "quits":
    sys.exit(3)
elif how == "floods":
    while True:
        say("x" * 100_000)
elif how == "flood-of-lines":
    while True:
        say(json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x" * 1000}}))
elif how == "family":
    child = subprocess.Popen(["sleep", "60"])
    Path(sys.argv[2]).write_text(f"{os.getpid()} {child.pid}", encoding="ascii")
elif how == "list":
    answer([1, 2])
elif how == "future":
    answer({"protocolVersion": "2999-01-01", "capabilities": {}})
elif how == "curious":
    answer({"protocolVersion": "2025-06-18", "capabilities": {}})
    sys.stdin.readline()
    sys.stdin.readline()
    said = []
    for number, method in ((70, "ping"), (71, "sampling/createMessage")):
        say(json.dumps({"jsonrpc": "2.0", "id": number, "method": method}))
        said.append(json.loads(sys.stdin.readline()))
    say(json.dumps({"jsonrpc": "2.0", "id": 2, "result": {"said": said, "names": sorted(os.environ)}}))
time.sleep(60)
