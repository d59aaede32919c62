import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from cauce.cli import app

pytestmark = pytest.mark.timeout(300)
runner = CliRunner()
ROOT = Path(__file__).parents[3]
PROCESS = """\
document: {dsl: '1.0.3', namespace: shop, name: order, version: 1.0.0}
do:
  - look:
      call: find@stock
      with: {sku: '${ .sku }'}
      export: {as: '{found: .}'}
  - enough:
      switch:
        - yes: {when: '$context.found.available > 0', then: rest}
        - no: {then: refuse}
  - refuse:
      set: {outcome: refused}
      then: end
  - rest:
      wait: {days: 365}
  - ship:
      call: ship@stock
      with: {sku: A-1}
      output: {as: '{outcome: "shipped", parcel: .parcel}'}
"""
CONNECTION = """\
connection: stock
kind: http
operations:
  find: {calls: GET /find, effect: read}
  ship: {calls: POST /ship, effect: write, idempotency: {key: .sku, find: find}}
"""
TEST = """\
test: order
process: order
defaults:
  input: {sku: A-1}
cases:
  - name: what is there is shipped after a year
    answers:
      look: {output: {available: 3}}
      ship: {output: {parcel: 7}}
    expect: {output: {outcome: shipped, parcel: 7}, took: P365D, calls: {look: {with: {sku: A-1}}}}
"""
REFUSED = """\
  - name: what is not there is refused
    answers:
      look: {output: {available: 0}}
    expect: {output: {outcome: shipped}, avoids: [ship]}
"""
UNANSWERED = """\
  - name: nobody says what there is
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "order.yaml").write_text(PROCESS)
    (tmp_path / "stock.yaml").write_text(CONNECTION)
    return tmp_path


def write(folder: Path, text: str) -> str:
    (folder / "order.test.yaml").write_text(text)
    return str(folder)


def test_a_year_passes_and_the_case_too(folder: Path) -> None:
    done = runner.invoke(app, ["test", write(folder, TEST), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    (case,) = report["cases"]
    assert (report["passed"], report["failed"], case["passed"]) == (1, 0, True)
    (covered,) = report["coverage"]
    assert (covered["tasks"], covered["tasksTried"], covered["ways"], covered["waysTried"]) == (5, 4, 2, 1)
    assert [(each["reference"], each["way"], each["line"]) for each in covered["missing"]] == [
        ("/do/1/enough", "no", 10),
        ("/do/2/refuse", None, 11),
    ]


def test_what_is_different_is_told_in_the_words_of_the_file(folder: Path) -> None:
    junit = folder / "results.xml"
    done = runner.invoke(app, ["test", write(folder, TEST + REFUSED + UNANSWERED), "--junit", str(junit)])
    assert done.exit_code == 1, done.output
    assert done.stdout.splitlines()[:3] == [
        "✓ order: what is there is shipped after a year",
        f"✗ order: what is not there is refused ({folder}/order.test.yaml:11:5)",
        '    output.outcome: expected "shipped", met "refused"',
    ]
    assert "The way it went: look → enough → refuse" in done.stdout
    assert "The task 'look' calls find@stock, and the test has no answer." in done.stdout
    assert 'Its arguments are {"sku": "A-1"}.' in done.stdout
    assert "      look: {output: …}" in done.stdout
    assert "3 cases, 1 passed, 2 failed." in done.stdout
    root = ET.fromstring(junit.read_text())  # noqa: S314 (our own file)
    assert (root.get("tests"), root.get("failures")) == ("3", "2")
    assert [each.get("message") for each in root.iter("failure")] == [
        'output.outcome: expected "shipped", met "refused"',
        "The task 'look' calls find@stock, and the test has no answer.",
    ]


def test_a_wrong_file_is_told_before_anything_runs(folder: Path) -> None:
    done = runner.invoke(app, ["test", write(folder, TEST.replace("look:", "lok:")), "--json"])
    assert done.exit_code == 2, done.output
    found = json.loads(done.stdout)["error"]["findings"]
    assert [(each["line"], each["column"], each["code"]) for each in found] == [
        (8, 7, "unknown-task"),
        (10, 74, "unknown-task"),
    ]
    assert "did you mean `look`?" in found[0]["problem"]


def test_a_folder_without_tests_exits_2(tmp_path: Path) -> None:
    done = runner.invoke(app, ["test", str(tmp_path)])
    assert done.exit_code == 2
    assert "There are no tests here." in done.stderr


def test_the_shipped_definitions_pass_their_tests() -> None:
    done = runner.invoke(app, ["test", str(ROOT / "definitions"), "--json"])
    assert done.exit_code == 0, done.output
