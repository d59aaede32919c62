import json
from pathlib import Path

from typer.testing import CliRunner

from cauce.cli import app

runner = CliRunner()
capability = """\
capability: parrots
title: Parrots
operations:
  say:
    effect: read
    input: {type: object}
    output: {type: object, required: [word]}
    samples: {usual: {word: '${ $mark }'}}
"""
connection = "connection: polly\nkind: echo\nimplements: [parrots]\noperations: {say: {calls: say, effect: read}}\n"


def test_a_connection_is_certified_and_the_list_says_so(tmp_path: Path) -> None:
    store, files, report = ["--data-dir", str(tmp_path)], tmp_path / "definitions", tmp_path / "polly.md"
    files.mkdir()
    (files / "parrots.yaml").write_text(capability, encoding="utf-8")
    (files / "polly.yaml").write_text(connection, encoding="utf-8")
    runner.invoke(app, ["store", "upgrade", *store])
    published = runner.invoke(app, ["publish", str(files), *store])
    assert published.exit_code == 0, published.output
    done = runner.invoke(app, ["connect", "certify", "polly", "--report", str(report), "--json", *store])
    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.stdout)["certifications"]
    assert (told["capability"], told["passed"], told["checks"][0]["result"]) == ("parrots", True, "passed")
    assert "| say | answer | passed | It answered as promised. |" in report.read_text(encoding="utf-8")
    (listed,) = json.loads(runner.invoke(app, ["connections", "list", "--json", *store]).stdout)["connections"]
    assert (listed["implements"][0]["capability"], listed["implements"][0]["state"]) == ("parrots", "certified")
    (everything,) = json.loads(runner.invoke(app, ["connect", "certify", "--json", *store]).stdout)["certifications"]
    assert (everything["connection"], everything["passed"]) == ("polly", True)
    nobody = runner.invoke(app, ["connect", "certify", "--capability", "orders", *store])
    assert (nobody.exit_code, "No connection implements orders." in nobody.output) == (1, True)
    (files / "polly.yaml").write_text(connection.replace("effect: read}", "effect: read, response: '{}'}"))
    runner.invoke(app, ["publish", str(files), *store])
    again = runner.invoke(app, ["connect", "certify", "polly", *store])
    assert again.exit_code == 1
    assert "polly: parrots, NOT certified" in again.stdout
