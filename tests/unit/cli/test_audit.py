"""What the command says of a trail whose end was cut off: the chain alone cannot tell."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

runner = CliRunner()


def check(tmp_path: Path, *more: str) -> tuple[int, str]:
    done = runner.invoke(app, ["audit", "verify", "--data-dir", str(tmp_path), *more])
    return done.exit_code, " ".join(done.stderr.split())


def test_lines_that_were_cut_off_or_written_anew_are_missed_by_who_kept_the_last_one(tmp_path: Path) -> None:
    heads = tmp_path / "heads.jsonl"
    kept = ("--heads", str(heads))
    runner.invoke(app, ["store", "upgrade", "--data-dir", str(tmp_path)])
    add = ["users", "add", "--data-dir", str(tmp_path)]
    for name in ("ana", "luis"):
        runner.invoke(app, [*add, name])
    for _ in range(2):
        assert check(tmp_path, *kept)[0] == 0
    (line,) = [json.loads(each) for each in heads.read_text().splitlines()]
    assert (line["line"], len(line["hash"])) == (2, 64)
    with closing(sqlite3.connect(tmp_path / "cauce.db")) as store, store:
        store.execute("DROP TRIGGER audit_no_delete")
        store.execute("DELETE FROM audit WHERE seq = 2")
    assert check(tmp_path)[0] == 0
    status, said = check(tmp_path, *kept)
    assert status == 1
    assert "is gone: the trail ends at line 1." in said
    runner.invoke(app, [*add, "eva"])
    status, said = check(tmp_path, *kept)
    assert status == 1
    assert "is another one now." in said
    assert len(heads.read_text().splitlines()) == 1


def test_who_acts_as_somebody_else_at_the_machine_is_in_the_trail(tmp_path: Path) -> None:
    at = ["--data-dir", str(tmp_path)]
    runner.invoke(app, ["store", "upgrade", *at])
    runner.invoke(app, ["users", "add", "ana", "--role", "staff", *at])
    assert runner.invoke(app, ["tasks", "list", "--as", "ana", *at]).exit_code == 0
    (line, _) = json.loads(runner.invoke(app, ["audit", "list", "--json", *at]).stdout)["lines"]
    assert (line["action"], line["subject"], line["actor"][:4]) == ("user.act-as", "ana", "cli:")


@pytest.mark.parametrize(("content", "file"), [("{}", "heads"), ("\x00", "heads"), ("", "no/where")])
def test_a_file_that_keeps_nothing_is_said(tmp_path: Path, content: str, file: str) -> None:
    runner.invoke(app, ["store", "upgrade", "--data-dir", str(tmp_path)])
    runner.invoke(app, ["users", "add", "ana", "--data-dir", str(tmp_path)])
    if content:
        (tmp_path / file).write_text(content)
    assert check(tmp_path, "--heads", str(tmp_path / file))[0] == 2
