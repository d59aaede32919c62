import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

runner = CliRunner()
pets = """\
openapi: 3.1.0
servers: [{url: 'https://pets.example'}]
paths:
  /pets: {get: {operationId: listPets}, trace: {operationId: tracePets}}
"""


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAUCE_DATA_DIR", str(tmp_path))
    file = tmp_path / "pets.yaml"
    file.write_text(pets, encoding="utf-8")
    return file


def test_the_file_that_is_written_passes_the_check(document: Path, tmp_path: Path) -> None:
    target = tmp_path / "connections" / "pets.yaml"
    command = ["connect", "import", str(document), "--kind", "http", "-o", str(target)]
    done = runner.invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "pets: 1 of 2 declared operations imported." in done.stderr
    assert "left out: tracePets: TRACE is not called." in done.stderr
    assert f"'cauce publish {target}'" in done.stderr
    assert runner.invoke(app, ["check", "--strict", str(target)]).exit_code == 0
    again = runner.invoke(app, command)
    assert again.exit_code == 1
    assert "--force" in again.stderr
    assert runner.invoke(app, [*command, "--force"]).exit_code == 0


def test_programs_are_told_the_text_and_what_was_left_out(document: Path, tmp_path: Path) -> None:
    command = [
        "connect",
        "import",
        str(document),
        "--kind",
        "http",
        "--name",
        "zoo",
        "--samples",
        str(tmp_path / "s.json"),
    ]
    told = json.loads(runner.invoke(app, [*command, "--json"]).stdout)
    assert told["samples"] == json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert set(told["samples"]["list-pets"]) == {"with", "request"}
    assert "--force" in runner.invoke(app, command).stderr
    assert (told["name"], told["kind"], told["operations"], told["declared"]) == ("zoo", "http", ["list-pets"], 2)
    assert told["left_out"] == [{"name": "tracePets", "why": "TRACE is not called."}]
    assert "connection: zoo\n" in told["text"]


def test_what_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_DATA_DIR", str(tmp_path))
    done = runner.invoke(app, ["connect", "import", str(tmp_path / "nothing.wsdl")])
    assert done.exit_code == 2
    assert "There is no file" in done.stderr
