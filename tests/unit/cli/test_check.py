import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

runner = CliRunner()
good = """\
document: {dsl: '1.0.3', namespace: test, name: add, version: 1.0.0}
do:
  - sum:
      set: {total: '${ .a + .b }'}
"""
bad = """\
document: {dsl: '1.0.3', namespace: test, name: add, version: 1.0.0}
do:
  - sum:
      set: {total: '${ .a + .b }'}
      then: nowhere
"""
calls_form = """\
document: {dsl: '1.0.3', namespace: test, name: ask, version: 1.0.0}
do:
  - ask:
      call: human-task
      with: {form: question, assign: {group: sales}, due: {after: PT1H}}
"""
form = """\
form: question
title: {en: Question, es: Pregunta}
schema: {type: object, properties: {answer: {type: string, title: {en: Answer, es: Respuesta}}}}
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_good_file_is_good(tmp_path: Path) -> None:
    file = write(tmp_path / "add.yaml", good)
    done = runner.invoke(app, ["check", str(file), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"findings": [], "files": 1, "errors": 0, "warnings": 0}


def test_finding_has_its_place_and_exits_2(tmp_path: Path) -> None:
    file = write(tmp_path / "add.yaml", bad)
    done = runner.invoke(app, ["check", str(file)])
    assert done.exit_code == 2
    assert done.stdout.startswith(f"{file}:5:")
    assert "nowhere" in done.stdout
    assert "1 files, 1 errors, 0 warnings." in done.stderr
    finding = json.loads(runner.invoke(app, ["check", str(file), "--json"]).stdout)["findings"][0]
    assert (finding["file"], finding["line"], finding["severity"]) == (str(file), 5, "error")
    assert finding["problem"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a: [1", "yaml"),
        (b"\xff\xfe\x00", "yaml"),
        (b"a: &a [x]\n" + b"b: [1]\n" * 400_000, "too-large"),
        (b"", "yaml"),
    ],
)
def test_what_cannot_be_read_is_a_finding_beside_the_others(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "broken.yaml").write_bytes(content)
    write(tmp_path / "other.yaml", bad)
    done = runner.invoke(app, ["check", str(tmp_path), "--json"])
    assert done.exit_code == 2
    answer = json.loads(done.stdout)
    assert answer["files"] == 2
    assert [Path(one["file"]).name for one in answer["findings"]] == ["broken.yaml", "other.yaml"]
    assert answer["findings"][0]["code"] == code


def test_path_that_is_not_there(tmp_path: Path) -> None:
    done = runner.invoke(app, ["check", str(tmp_path / "no.yaml"), "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["detail"] == f"There is no file or folder {tmp_path / 'no.yaml'}."


def test_one_process_is_checked_with_what_lies_beside_it(tmp_path: Path) -> None:
    process = write(tmp_path / "processes" / "ask.yaml", calls_form)
    alone = runner.invoke(app, ["check", str(process), "--json"])
    assert alone.exit_code == 2
    assert "question" in json.loads(alone.stdout)["findings"][0]["problem"]
    write(tmp_path / "forms" / "question.yaml", form)
    write(tmp_path / "processes" / "other.yaml", bad)  # its findings are not asked for
    beside = runner.invoke(app, ["check", str(process), "--json"])
    assert json.loads(beside.stdout)["errors"] == 0, beside.stdout


def test_tests_beside_definitions_are_checked_with_them(tmp_path: Path) -> None:
    write(tmp_path / "add.yaml", good)
    file = write(tmp_path / "add.test.yaml", "test: add\nprocess: ad\ncases: [{name: a}]\n")
    done = json.loads(runner.invoke(app, ["check", str(tmp_path), "--json"]).stdout)
    assert done["files"] == 2
    assert [(each["file"], each["line"], each["code"]) for each in done["findings"]] == [
        (str(file), 2, "unknown-process-under-test")
    ]
    write(file, "test: add\nprocess: add\ncases: [{name: a}]\n")
    assert runner.invoke(app, ["check", str(file)]).exit_code == 0


def test_warnings_fail_only_when_strict(tmp_path: Path) -> None:
    file = write(tmp_path / "ask.yaml", calls_form.replace(", due: {after: PT1H}", ""))
    answer = json.loads(
        runner.invoke(app, ["check", str(file), str(write(tmp_path / "f.yaml", form)), "--json"]).stdout
    )
    assert answer["warnings"] == 1, answer
    assert runner.invoke(app, ["check", str(tmp_path)]).exit_code == 0
    assert runner.invoke(app, ["check", str(tmp_path), "--strict"]).exit_code == 2
