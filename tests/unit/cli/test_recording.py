"""Recording from the command line: switched on, looked at, exported, checked, forgotten."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cauce.cli import app
from cauce.store import Store, recordings
from schemas import load_yaml

runner = CliRunner()
RECORD = "{mask: [{field: word}]}"
POLLY = f"connection: polly\nkind: echo\nrecord: {RECORD}\noperations: {{say: {{calls: say, effect: read}}}}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("polly")
    (folder / "polly.yaml").write_text(POLLY, encoding="utf-8")
    for command in (["store", "upgrade"], ["publish", str(folder / "polly.yaml")]):
        assert runner.invoke(app, [*command, "--data-dir", str(folder)]).exit_code == 0
    return folder


@pytest.fixture
def there(made: Path) -> Path:
    """Return the folder of a store in which nothing was recorded."""
    put(made)
    shutil.rmtree(made / "recordings", ignore_errors=True)
    return made


def told(folder: Path, *command: str, code: int = 0) -> Any:
    done = runner.invoke(app, ["connect", *command, "--json", "--data-dir", str(folder)])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def put(folder: Path, *words: str) -> None:
    """Keep exchanges with these words, and no others."""

    async def work() -> None:
        async with Store(f"sqlite:///{folder}/cauce.db") as store, store.transaction() as db:
            await recordings.forget(db, "polly")
            for word in words:
                said = {"word": word[:9]}
                exchange = {"operation": "say", "with": {"w": word}, "request": said, "response": said}
                await recordings.keep(db, "polly", exchange, most=100)

    asyncio.run(work())


def test_a_recording_is_switched_on_for_a_while_and_off(there: Path) -> None:
    on = told(there, "record", "polly", "--for", "PT1M", "--calls", "3", "--operation", "say")
    assert (on["calls_left"], on["operations"], on["always"]) == (3, ["say"], False)
    assert on["until"] is not None
    assert told(there, "record", "polly", "--show") == on
    assert told(there, "record", "polly", "--stop")["until"] is None


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["record", "poly"], "Did you mean 'polly'"),
        (["record", "polly", "--for", "PT48H"], "a day at most"),
        (["record", "polly", "--for", "ten"], "not a duration"),
        (["record", "polly", "--calls", "0"], "calls at most"),
        (["record", "polly", "--operation", "sai"], "Did you mean 'say'"),
        (["record", "polly", "--stop", "--for", "PT1M"], "go with nothing else"),
        (["samples", "polly", "sai"], "Did you mean 'say'"),
        (["export", "polly"], "Nothing was recorded"),
    ],
)
def test_what_cannot_be_recorded_is_said(there: Path, command: list[str], says: str) -> None:
    done = runner.invoke(app, ["connect", *command, "--json", "--data-dir", str(there)])
    assert done.exit_code != 0
    assert says in done.stdout


def test_what_was_recorded_becomes_samples_and_a_fixture_that_is_checked(there: Path) -> None:
    put(there, "hello", "good-bye")
    found = told(there, "samples", "polly", "say")["samples"]
    assert [each["given"]["w"] for each in found] == ["good-bye", "hello"]
    file = there / "recordings" / "parrot.yaml"
    made = told(there, "export", "polly", "--output", str(file))
    assert (made["name"], made["exchanges"], made["left_out"]) == ("parrot", 2, 0)
    text = file.read_text(encoding="utf-8")
    fixture = load_yaml(text, "parrot.yaml").data
    # What was recorded before the rule was written is masked by it now.
    assert "hello" not in text
    first = fixture["exchanges"][0]
    assert first["request"] == first["response"] == {"word": first["with"]["w"]}
    assert runner.invoke(app, ["check", str(there)]).exit_code == 0
    assert "is a file" not in runner.invoke(app, ["connect", "export", "polly", "-o", str(file)]).stdout
    assert told(there, "forget", "polly") == {"connection": "polly", "forgotten": 2}
    assert told(there, "samples", "polly", "say") == {"samples": []}


def test_a_recording_beside_definitions_is_not_published(there: Path) -> None:
    put(there, "hello")
    file = there / "recordings" / "parrot.yaml"
    told(there, "export", "polly", "--output", str(file))
    done = runner.invoke(app, ["publish", str(there), "--json", "--data-dir", str(there)])
    assert [each["kind"] for each in json.loads(done.stdout)["published"]] == ["connection"]
    alone = runner.invoke(app, ["publish", str(file), "--data-dir", str(there)])
    assert alone.exit_code == 2
    assert "A recording is not published." in alone.output


def test_the_oldest_are_left_out_of_a_fixture_that_would_be_too_large(
    there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(there, "x" * 700, "y" * 700, "z" * 700)
    monkeypatch.setattr("cauce.services.fixtures.largest_text", 2_000)
    made = told(there, "export", "polly")
    assert (made["exchanges"], made["left_out"]) == (2, 1)
    monkeypatch.setattr("cauce.services.fixtures.largest_text", 200)
    assert "larger than a file of definitions" in told(there, "export", "polly", code=1)["error"]["detail"]


def test_what_a_person_writes_into_a_fixture_is_looked_at(there: Path) -> None:
    file = there / "parrot.yaml"
    exchange = "{operation: say, request: {note: call ana@acme.es}, response: {apiKey: k-77}}"
    file.write_text(f"recording: parrot\nconnection: polly\nkind: echo\nexchanges:\n  - {exchange}\n", encoding="utf-8")
    done = runner.invoke(app, ["check", str(file), "--json"])
    found = {each["code"]: each["problem"] for each in json.loads(done.stdout)["findings"]}
    assert found == {
        "credential": "`apiKey` holds something that nobody may keep.",
        "unmasked": "Values that look like personal data are not in `masked` (1).",
    }


def test_how_to_record_is_checked_in_the_connection(tmp_path: Path) -> None:
    file = tmp_path / "polly.yaml"
    file.write_text(POLLY.replace(RECORD, "{operations: [sai], mask: [{text: '('}]}"), encoding="utf-8")
    done = runner.invoke(app, ["check", str(file), "--json"])
    assert {each["code"] for each in json.loads(done.stdout)["findings"]} == {"bad-pattern", "unknown-operation"}
