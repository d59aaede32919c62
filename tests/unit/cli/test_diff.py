import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

runner = CliRunner()
OLD = """\
document: {dsl: '1.0.3', namespace: test, name: add, version: 1.0.0}
do:
  - ask:
      call: human-task
      with: {form: question, assign: {group: sales}, due: {after: PT1H}}
  - sum:
      set: {total: '${ .a + .b }'}
"""
NEW = """\
document: {version: 1.1.0, dsl: '1.0.3', namespace: test, name: add}
do:
  - ask:
      with: {assign: {group: sales}, form: question, due: {after: PT2H}}
      call: human-task
  - sum:
      set: {total: '${ .a+.b }'}
  - twice:
      set: {total: '${ .total * 2 }'}
"""
FORM = "form: question\ntitle: Question\nschema: {type: object, properties: {answer: {type: string, title: %s}}}\n"


@pytest.fixture
def sides(tmp_path: Path) -> tuple[str, str]:
    for folder, text, title in (("old", OLD, "Answer"), ("new", NEW, "Reply")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "add.yaml").write_text(text)
        (tmp_path / folder / "question.yaml").write_text(FORM % title)
    return str(tmp_path / "old" / "add.yaml"), str(tmp_path / "new" / "add.yaml")


def test_the_same_exits_0(sides: tuple[str, str]) -> None:
    done = runner.invoke(app, ["diff", sides[0], sides[0], "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"same": True, "changes": []})


def test_what_is_different_is_told_by_task_and_property(sides: tuple[str, str]) -> None:
    done = runner.invoke(app, ["diff", *sides])
    assert done.exit_code == 1, done.output
    assert done.stdout.splitlines() == [
        '~ document.version: "1.0.0" → "1.1.0"',
        '~ /do/ask: with.due.after: "PT1H" → "PT2H"',
        "+ /do/twice",
        '~ forms/question: schema.properties.answer.title: "Answer" → "Reply"',
    ]
    assert "4 differences." in done.stderr


def test_programs_get_from_and_to(sides: tuple[str, str]) -> None:
    found = json.loads(runner.invoke(app, ["diff", *sides, "--json"]).stdout)
    assert found["same"] is False
    assert found["changes"][1] == {
        "change": "changed",
        "path": "/do/ask",
        "property": "with.due.after",
        "from": "PT1H",
        "to": "PT2H",
    }
    assert found["changes"][2] == {"change": "added", "path": "/do/twice", "to": {"set": {"total": "${ .total * 2 }"}}}


def test_what_cannot_be_compared_exits_2(sides: tuple[str, str], tmp_path: Path) -> None:
    form = str(Path(sides[0]).with_name("question.yaml"))
    assert runner.invoke(app, ["diff", sides[0], str(tmp_path / "no.yaml")]).exit_code == 2
    other = runner.invoke(app, ["diff", sides[0], form])
    assert other.exit_code == 2
    assert "These cannot be compared: a process and a form." in other.stderr
    (tmp_path / "bad.yaml").write_text("a: [")
    assert runner.invoke(app, ["diff", sides[0], str(tmp_path / "bad.yaml")]).exit_code == 2
