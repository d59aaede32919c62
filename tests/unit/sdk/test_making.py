import json
import runpy
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app
from cauce.sdk.making import make
from cauce.sdk.quality import judge
from tests.architecture.sources import ROOT
from tests.unit.sdk.conftest import Install

runner = CliRunner()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "connectors").mkdir()
    for name in ("__init__.py", "README.md"):
        (tmp_path / "connectors" / name).write_text((ROOT / "connectors" / name).read_text("utf-8"), "utf-8")
    return tmp_path


def _files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


def test_a_folder_its_test_and_its_row_are_made(checkout: Path) -> None:
    done = runner.invoke(app, ["connect", "new", "acme_crm", "--in", str(checkout), "--json"])
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    found = _files(checkout)
    assert {str(Path(each).relative_to(checkout)) for each in made["files"]} == {
        "connectors/acme_crm/__init__.py",
        "tests/connectors/test_acme_crm.py",
        "connectors/README.md",
    }
    compile(found["connectors/acme_crm/__init__.py"], "made", "exec")
    assert 'pattern=r"^https?://\\S+$",' in found["connectors/acme_crm/__init__.py"]
    assert "class TestAcmeCrm(ConnectorContract):" in found["tests/connectors/test_acme_crm.py"]
    table = found["connectors/README.md"].split("\n\n## ")[0]
    assert table.splitlines()[-1].startswith("| `acme_crm` | TODO: say what it talks to |")
    assert "cauce connect quality acme_crm" in made["next"]


def test_a_package_is_made_whole(tmp_path: Path) -> None:
    done = runner.invoke(
        app, ["connect", "new", "acme_crm", "--package", "--in", str(tmp_path), "--about", "the CRM of Acme"]
    )
    assert done.exit_code == 0, done.output
    found = _files(tmp_path / "cauce-acme-crm")
    assert sorted(found) == [
        "README.md",
        "cauce_acme_crm/__init__.py",
        "cauce_acme_crm/py.typed",
        "pyproject.toml",
        "tests/test_acme_crm.py",
    ]
    project = tomllib.loads(found["pyproject.toml"])["project"]
    assert project["entry-points"] == {"cauce.connectors": {"acme_crm": "cauce_acme_crm"}}
    assert "| `acme_crm` | the CRM of Acme |" in found["README.md"]
    assert "from cauce_acme_crm import Connector, Settings" in found["tests/test_acme_crm.py"]


def test_what_is_made_keeps_what_every_kind_owes(tmp_path: Path, install: Install) -> None:
    made = make("acme", tmp_path, package=True)
    texts = {path.name: path.read_text("utf-8") for path in made.files if path.parent.name != "tests"}
    install("acme", texts["__init__.py"], texts["README.md"])
    tests = runpy.run_path(str(made.files[-1]))["TestAcme"]()
    for name in [each for each in dir(tests) if each.startswith("test_")]:
        getattr(tests, name)()
    assert [each.rule for each in judge("acme").verdicts if each.outcome != "met"] == ["docs"]


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["Shout"], 2, "'Shout' cannot be the name of a kind"),
        (["../shout"], 2, "cannot be the name of a kind"),
        (["shout_"], 2, "cannot be the name of a kind"),
        (["s" * 41], 2, "cannot be the name of a kind"),
        (["class"], 2, "'class' is a word of Python"),
        (["http"], 1, "There is a connector kind 'http' already"),
        (["http", "--package"], 1, "There is a connector kind 'http' already"),
        (["shout", "--about", "a | b"], 2, "does not fit into a row"),
        (["shout", "--about", "a\nb"], 2, "does not fit into a row"),
    ],
)
def test_what_cannot_be_made_is_refused(checkout: Path, arguments: list[str], code: int, problem: str) -> None:
    before = _files(checkout)
    done = runner.invoke(app, ["connect", "new", *arguments, "--in", str(checkout)])
    assert (done.exit_code, _files(checkout)) == (code, before)
    assert problem in done.stderr


@pytest.mark.parametrize("taken", ["connectors/shout/x.py", "tests/connectors/test_shout.py", "cauce-shout/x.py"])
def test_nothing_is_written_over(checkout: Path, taken: str) -> None:
    (checkout / taken).parent.mkdir(parents=True)
    (checkout / taken).write_text("mine")
    before = _files(checkout)
    package = ["--package"] if taken.startswith("cauce-") else []
    done = runner.invoke(app, ["connect", "new", "shout", *package, "--in", str(checkout)])
    assert (done.exit_code, _files(checkout)) == (1, before)
    assert "exists already. Nothing was written" in done.stderr


def test_another_folder_is_no_checkout(tmp_path: Path) -> None:
    done = runner.invoke(app, ["connect", "new", "shout", "--in", str(tmp_path)])
    assert done.exit_code == 2
    assert "is not a checkout of Cauce" in done.stderr
    assert "--package" in done.stderr
    done = runner.invoke(app, ["connect", "new", "shout", "--package", "--in", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert "There is no folder" in done.stderr
