import json
import logging
from collections.abc import Iterator

import pytest

from cauce.logging import blot_out, set_up

value = 'hunt"er\\22 ñ'


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    for handler in before:
        root.removeHandler(handler)
    yield
    root.handlers[:] = before
    root.setLevel(level)


def refuse() -> None:
    raise ValueError(f"login {value} refused")


def say(style: str) -> None:
    set_up("INFO", "json" if style == "json" else "text")
    blot_out(value)
    try:
        refuse()
    except ValueError:
        logging.getLogger("cauce.try").exception(
            "tried %s", {"password": value}, extra={"instance": "a/1", "url": f"http://u:{value}@h"}
        )


@pytest.mark.parametrize("style", ["json", "text"])
def test_secret_is_nowhere_in_the_log(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(style)
    written = capsys.readouterr().err
    assert "hunt" not in written
    assert "••••••" in written
    assert "ValueError" in written
    assert "a/1" in written


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("json")
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["logger"], line["instance"]) == ("ERROR", "cauce.try", "a/1")
    assert line["traceback"].startswith("Traceback")


def test_text_is_not_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "text")
    logging.getLogger("cauce.try").info("[red]%s[/red]", "x")
    assert "[red]x[/red]" in capsys.readouterr().err


def test_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("WARNING", "json")
    logging.getLogger("cauce.try").info("quiet")
    assert capsys.readouterr().err == ""
