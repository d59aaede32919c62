"""What docs/testing-definitions.md shows is what happens: the files as they stand there, and the lines printed."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

GUIDE = Path(__file__).parents[3] / "docs" / "testing-definitions.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


@pytest.mark.timeout(180)
def test_the_example_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    commands = 0
    for kind, text in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        head, _, rest = text.partition("\n")
        if kind == "console":
            assert head == "$ cauce test shop"
            done = CliRunner().invoke(app, head.split()[2:])
            assert done.stdout == rest, done.output
            commands += 1
        elif head.startswith("# more of "):
            with (tmp_path / head.removeprefix("# more of ")).open("a", encoding="utf-8") as file:
                file.write(rest)
        else:
            # With the line of the name, so that the numbers of lines are those that the guide shows.
            (tmp_path / head.removeprefix("# ")).write_text(text, encoding="utf-8")
    assert commands == 2
