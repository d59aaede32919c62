import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app, reference, root

runner = CliRunner()
repository = Path(__file__).parents[3]


def test_every_command_is_there_and_says_what_help_of_all_says() -> None:
    for name, entry in root.ENTRIES.items():
        command = root.load(name)
        assert command.name == name
        assert command.help, name
        assert entry.sentence.endswith(".")


def test_unknown_command_gets_a_suggestion() -> None:
    done = runner.invoke(app, ["chek"])
    assert done.exit_code == 2
    assert "No such command 'chek'. Did you mean 'check'?" in done.stderr


def test_version_is_that_of_the_package() -> None:
    assert runner.invoke(app, ["--version"]).stdout.strip() == metadata.version("cauce")


def test_reference_is_what_the_commands_say() -> None:
    written = (repository / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference.markdown(), "run: python -m cauce.cli.reference > docs/cli.md"


@pytest.mark.parametrize("arguments", [["--help"], ["eval", "."]])
def test_start_is_quick_and_loads_neither_temporal_nor_the_web(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom cauce.cli import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit:\n    pass\n"
        "print(sorted(m for m in ('temporalio', 'fastapi', 'sqlalchemy', 'zeep', 'aiohttp') if m in sys.modules), "
        "file=sys.stderr)\n"
    )
    before = os.times()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=repository)
    after = os.times()
    assert done.stderr.splitlines()[-1] == "[]"
    # Time of the processor, not of the wall, as other tests run beside; 0.4 s on an idle machine.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1.0


def test_settings_that_are_wrong_exit_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CAUCE_API_PORT", "eighty")
    done = runner.invoke(app, ["status", "--json", "--data-dir", str(tmp_path)])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["code"] == "settings"
    assert "api_port" in done.stderr


def test_store_that_was_never_made_is_told(tmp_path: Path) -> None:
    done = runner.invoke(app, ["users", "list", "--data-dir", str(tmp_path / "new")])
    assert done.exit_code == 2
    assert "has not been made" in done.stderr
    assert "cauce up" in done.stderr


def test_bug_keeps_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("cauce.cli.stack.load_settings", broken)
    done = runner.invoke(app, ["status"])
    assert isinstance(done.exception, ZeroDivisionError)
    assert done.exit_code == 1


def test_nothing_runs_in_a_fresh_folder(tmp_path: Path) -> None:
    done = runner.invoke(app, ["status", "--json", "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {"up": False, "data_dir": str(tmp_path), "components": []}
    down = runner.invoke(app, ["down", "--json", "--data-dir", str(tmp_path)])
    assert down.exit_code == 1
    assert json.loads(down.stdout)["error"]["code"] == "not-found"
