import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

pytestmark = pytest.mark.timeout(120)
runner = CliRunner()
head = "document: {dsl: '1.0.3', namespace: test, name: once, version: 1.0.0}\n"
add = head + "do:\n  - sum:\n      set: {total: '${ .a + .b }'}\n"
fails = head + (
    "do:\n  - no:\n      raise:\n"
    "        error: {type: https://example.com/no, status: 400, title: No, detail: Not today}\n"
)


def write(tmp_path: Path, text: str) -> str:
    file = tmp_path / "once.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_completed_run_is_one_line_and_exits_0(tmp_path: Path) -> None:
    done = runner.invoke(app, ["run", write(tmp_path, add), "--input", '{"a": 1, "b": 2}', "--json"])
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == {
        "status": "completed",
        "output": {"total": 3},
        "error": None,
        "tasks": [{"name": "sum", "reference": "/do/0/sum", "status": "completed"}],
    }


def test_faulted_run_exits_1_with_problem_details(tmp_path: Path) -> None:
    done = runner.invoke(app, ["run", write(tmp_path, fails), "--input", "{}", "--json"])
    assert done.exit_code == 1
    report = json.loads(done.stdout)
    assert report["status"] == "faulted"
    assert (report["error"]["status"], report["error"]["detail"]) == (400, "Not today")
    assert [one["status"] for one in report["tasks"]] == ["faulted"]


def test_bad_definition_exits_2_and_says_where(tmp_path: Path) -> None:
    file = write(tmp_path, add + "      then: nowhere\n")
    done = runner.invoke(app, ["run", file, "--input", "{}", "--json"])
    assert done.exit_code == 2
    error = json.loads(done.stdout)["error"]
    assert (error["findings"][0]["line"], error["findings"][0]["file"]) == (5, file)
    assert "nowhere" in done.stderr


def test_file_that_is_not_there_exits_2(tmp_path: Path) -> None:
    done = runner.invoke(app, ["run", str(tmp_path / "no.yaml"), "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["detail"] == f"There is no file {tmp_path / 'no.yaml'}."
