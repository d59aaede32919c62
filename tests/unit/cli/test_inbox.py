import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cauce.cli import app
from tests.e2e.browser import seed

runner = CliRunner()
IDS = [task.id for task in seed.inbox()]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("inbox")
    asyncio.run(seed.make(directory))
    return directory


def run(data_dir: Path, *words: str, given: str | None = None) -> Result:
    return runner.invoke(app, ["tasks", *words, "--data-dir", str(data_dir)], input=given)


def listed(data_dir: Path, *words: str) -> list[str]:
    done = run(data_dir, "list", "--as", "ana", "--ids", *words)
    assert done.exit_code == 0, done.output
    return done.stdout.split()


def test_the_list_is_searched_and_taken_from_a_kept_view(data_dir: Path) -> None:
    assert listed(data_dir, "--text", "agricola lead") == [IDS[2]]
    assert len(listed(data_dir, "--late")) == 2
    assert set(listed(data_dir, "--mine")) == {IDS[1], IDS[3]}
    kept = run(data_dir, "keep-view", "Late ones", "--which", "late", "--column", "due", "--as", "ana", "--json")
    assert json.loads(kept.stdout)["filters"] == {"which": "late"}
    assert listed(data_dir, "--view", "Late ones") == listed(data_dir, "--late")
    assert listed(data_dir, "--view", "Late ones", "--text", "lead 2041") == [IDS[0]]
    assert "which=late" in run(data_dir, "views", "--as", "ana").stdout
    assert run(data_dir, "drop-view", "Late ones", "--as", "ana").exit_code == 0
    gone = run(data_dir, "list", "--view", "Late ones", "--as", "ana")
    assert (gone.exit_code, "Kept are: none." in gone.stderr) == (1, True)
    assert run(data_dir, "list", "--severity", "huge").exit_code == 2
    assert json.loads(run(data_dir, "counts", "--as", "ana", "--json").stdout)["open"] == len(IDS)


def test_one_thing_is_done_with_many_tasks_and_each_has_its_row(data_dir: Path) -> None:
    done = run(data_dir, "claim-many", "-", "--as", "ana", "--json", given=f"{IDS[4]}\n{IDS[6]}\nunknown\n")
    assert done.exit_code == 1
    rows = json.loads(done.stdout.splitlines()[0])
    assert [(row["id"], row["state"]) for row in rows] == [(IDS[4], "claimed"), (IDS[6], "claimed"), ("unknown", "")]
    assert "1 of 3 tasks could not be done." in done.output
    given = run(data_dir, "assign-many", IDS[4], IDS[6], "--user", "luis", "--note", "Yours now.", "--json")
    assert (given.exit_code, [row["state"] for row in json.loads(given.stdout)]) == (0, ["open", "open"])
    assert "claimed" in run(data_dir, "priority-many", "90", IDS[1], IDS[3], "--reason", "They called.").stdout
    refused = run(data_dir, "priority-many", "90", IDS[1], "--as", "ana")
    assert (refused.exit_code, "manager" in refused.stderr) == (1, True)
    empty = run(data_dir, "claim-many", "-", given="")
    assert "A batch has from 1 to 200 tasks." in empty.stderr
