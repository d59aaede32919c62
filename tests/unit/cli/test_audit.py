"""What the command says of a trail whose end was cut off: the chain alone cannot tell."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

runner = CliRunner()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("made")
    runner.invoke(app, ["store", "upgrade", "--data-dir", str(place)])
    runner.invoke(app, ["users", "add", "ana", "--role", "staff", "--data-dir", str(place)])
    return place / "cauce.db"


@pytest.fixture
def data_dir(made: Path, tmp_path: Path) -> Path:
    shutil.copy(made, tmp_path)
    return tmp_path


def check(data_dir: Path, *more: str) -> tuple[int, str]:
    done = runner.invoke(app, ["audit", "verify", "--data-dir", str(data_dir), *more])
    return done.exit_code, " ".join(done.stderr.split())


def test_lines_that_were_cut_off_or_written_anew_are_missed_by_who_kept_the_last_one(data_dir: Path) -> None:
    heads = data_dir / "heads.jsonl"
    kept = ("--heads", str(heads))
    add = ["users", "add", "--data-dir", str(data_dir)]
    runner.invoke(app, [*add, "luis"])
    for _ in range(2):
        assert check(data_dir, *kept)[0] == 0
    (line,) = [json.loads(each) for each in heads.read_text().splitlines()]
    assert (line["line"], len(line["hash"])) == (2, 64)
    with closing(sqlite3.connect(data_dir / "cauce.db")) as store, store:
        store.execute("DROP TRIGGER audit_no_delete")
        store.execute("DELETE FROM audit WHERE seq = 2")
    assert check(data_dir)[0] == 0
    status, said = check(data_dir, *kept)
    assert status == 1
    assert "is gone: the trail ends at line 1." in said
    runner.invoke(app, [*add, "eva"])
    status, said = check(data_dir, *kept)
    assert status == 1
    assert "is another one now." in said
    assert len(heads.read_text().splitlines()) == 1


def test_who_acts_as_somebody_else_at_the_machine_is_in_the_trail(data_dir: Path) -> None:
    at = ["--data-dir", str(data_dir)]
    assert runner.invoke(app, ["tasks", "list", "--as", "ana", *at]).exit_code == 0
    (line, _) = json.loads(runner.invoke(app, ["audit", "list", "--json", *at]).stdout)["lines"]
    assert (line["action"], line["subject"], line["actor"][:4]) == ("user.act-as", "ana", "cli:")


def test_a_file_that_keeps_nothing_is_said(data_dir: Path) -> None:
    for content, file in (("{}", "heads"), ("\x00", "heads"), ("", "no/where")):
        if content:
            (data_dir / file).write_text(content)
        assert check(data_dir, "--heads", str(data_dir / file))[0] == 2, file
