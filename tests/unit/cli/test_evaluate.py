import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

runner = CliRunner()


def test_outputs_are_one_document() -> None:
    done = runner.invoke(app, ["eval", ".a[] + $n", "--input", '{"a": [1, 2]}', "--var", "n=10", "--json"])
    assert done.exit_code == 0, done.output
    assert done.stdout == '{"outputs":[11,12],"steps":12}\n'
    assert done.stderr == ""


def test_without_json_each_output_is_a_line() -> None:
    done = runner.invoke(app, ["eval", '.[], "ñ"', "--input", "[1, null]"])
    assert done.stdout == '1\nnull\n"ñ"\n'
    assert done.stderr == "7 of 1,000,000 steps.\n"


def test_type_error_names_the_place_in_the_data_and_shows_no_data() -> None:
    given = '{"lead": {"score": null, "name": "Ana Gil"}}'
    done = runner.invoke(app, ["eval", ".lead | .name | floor", "--input", given])
    assert done.exit_code == 2
    assert done.stderr == (
        "Error: string number required: .lead.name is a string.\n  .lead | .name | floor\n                  ^\n"
    )
    done = runner.invoke(app, ["eval", ".lead.score | ascii_downcase", "--input", given, "--json"])
    assert json.loads(done.stdout)["error"]["position"] == 14
    assert "Ana" not in done.output


def test_input_comes_from_a_file_or_stdin(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text('{"a": "á"}', encoding="utf-8")
    assert runner.invoke(app, ["eval", ".a", "-i", f"@{tmp_path / 'in.json'}"]).stdout == '"á"\n'
    assert runner.invoke(app, ["eval", ".a", "-i", "-"], input='{"a": 2}').stdout == "2\n"


def test_bad_expression_exits_2_with_a_caret_and_one_document() -> None:
    done = runner.invoke(app, ["eval", ".a | nonsense", "--json"])
    assert done.exit_code == 2
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "expression"
    assert "nonsense" in done.stderr
    assert "^" in done.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("{a: 1}", "--input: This is not JSON: Expecting property name enclosed in double quotes (line 1, column 2)."),
        ("[NaN]", "--input: This is not JSON: NaN is not a JSON number."),
        ("@/no/such/file", "/no/such/file cannot be read: No such file or directory."),
        ("[" * 200_000, "--input: This JSON is nested too deeply."),
    ],
)
def test_bad_input_exits_2_and_says_where(given: str, says: str) -> None:
    done = runner.invoke(app, ["eval", ".", "--input", given, "--json"])
    assert done.exit_code == 2
    assert says in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "input"


def test_variable_needs_a_name() -> None:
    done = runner.invoke(app, ["eval", ".", "--var", "5"])
    assert done.exit_code == 2
    assert done.stderr == "Error: --var '5' is not of the form name=json. Write it as --var name='\"text\"'.\n"


def test_nothing_to_evaluate() -> None:
    assert runner.invoke(app, ["eval"]).exit_code == 2


def test_cases_go_on_after_every_kind_of_bad_line(tmp_path: Path) -> None:
    lines = [
        '{"expr": ".a", "input": {"a": 1}}',
        "not json",
        '{"expr": "}", "input": null}',
        '{"expr": 5}',
        '{"expr": ".", "vars": 3}',
        '{"expr": "def f: f; f", "input": null}',
        '{"expr": "$x + 1", "vars": {"x": 2}}',
        '{"expr": "empty"}',
        '{"expr": "\\"\\u2028 \\"", "input": null}',
        '{"expr": ".[0]", "input": ["\\ud800"]}',
        "[" * 100_000,
        '{"expr": "nan, infinite"}',
    ]
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = runner.invoke(app, ["eval", "--cases", str(cases)])
    assert done.exit_code == 0
    results = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
    assert len(results) == len(lines)
    assert results[0] == {"outputs": [1], "steps": 1}
    assert [results[i]["error"]["code"] for i in (1, 2, 3, 4, 5)] == ["input", "expression", "input", "input", "budget"]
    assert results[6] == {"outputs": [3], "steps": 1}
    assert results[7]["outputs"] == []
    assert results[8]["outputs"] == ["\u2028 "]
    assert results[10]["error"]["code"] == "input"
    assert results[11]["outputs"] == [None, 1.7976931348623157e308]
