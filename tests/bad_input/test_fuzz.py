"""Definitions broken at random: `cauce check` answers soon, with findings that have a place, and never a traceback."""

import json
import random
import time
from pathlib import Path

import pytest

from tests.bad_input.site import cauce
from tests.bad_input.texts import BASICS

ROOT = Path(__file__).parents[2]
SOUND = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "definitions").rglob("*.yaml"))] + list(BASICS)
PIECES = [
    *"{}[]:,-#&*!|>'\"%@`\t\n ${}.\0\x85\u2028é",
    *("x" * 99,),
    "null",
    "~",
    "1e999",
    "- ",
    ": ",
    "${ ",
    "&a ",
    "*a",
    "<<: *a",
]
ROUNDS, A_ROUND = 10, 30


def broken(chance: random.Random) -> bytes:
    """Return a sound definition after one to five changes to its bytes, its lines or its structure."""
    text = chance.choice(SOUND)
    for _ in range(chance.randint(1, 5)):
        lines = text.split("\n")
        here, there = chance.randrange(len(lines)), chance.randrange(len(lines))
        place = chance.randrange(len(text) + 1)
        match chance.randrange(8):
            case 0:  # a piece put in
                text = text[:place] + chance.choice(PIECES) + text[place:]
            case 1:  # some text taken out
                text = text[:place] + text[place + chance.randint(1, 40) :]
            case 2:  # two lines change places
                lines[here], lines[there] = lines[there], lines[here]
                text = "\n".join(lines)
            case 3:  # a line twice
                text = "\n".join([*lines[:here], lines[here], *lines[here:]])
            case 4:  # another indentation
                lines[here] = " " * chance.randint(0, 12) + lines[here].lstrip()
                text = "\n".join(lines)
            case 5:  # a value of another kind
                key, colon, _ = lines[here].partition(":")
                lines[here] = f"{key}{colon} {chance.choice(['5', '[]', '{}', 'null', '[[1]]', '{a: {b: c}}', 'true'])}"
                text = "\n".join(lines)
            case 6:  # part of another definition
                other = chance.choice(SOUND).split("\n")
                start = chance.randrange(len(other))
                text = "\n".join([*lines[:here], *other[start : start + chance.randint(1, 15)], *lines[here:]])
            case _:  # cut off
                text = text[:place] if place > 20 else text
    data = bytearray(text.encode())
    if chance.random() < 0.2 and data:
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_broken_definition_gives_findings_soon(turn: int, tmp_path: Path) -> None:
    cauce("check", tmp_path)  # imports are not the definition's time
    for seed in range(turn * A_ROUND, (turn + 1) * A_ROUND):
        file = tmp_path / f"{seed}.yaml"
        file.write_bytes(broken(random.Random(seed)))  # noqa: S311 - repeatable noise, not a secret
        began = time.process_time()
        done = cauce("check", file, "--json")
        assert time.process_time() - began < 2, seed
        found = json.loads(done.stdout)
        assert done.exit_code == (2 if found["errors"] else 0), seed
        assert found["files"] == 1, seed
        for each in found["findings"]:
            assert each["file"] == str(file), seed
            assert each["line"] >= 1, seed
            assert each["column"] >= 1, seed
            assert each["code"], seed
            assert each["problem"].rstrip().endswith((".", "?")), (seed, each)
