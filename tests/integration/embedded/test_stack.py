import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import create_engine, text

from cauce.embedded import state

pytestmark = pytest.mark.timeout(180)
cauce = [sys.executable, "-m", "cauce.cli"]
repository = Path(__file__).parents[3]


def run(folder: Path, *arguments: str, patience_s: float = 120) -> subprocess.CompletedProcess[str]:
    command = [*cauce, *arguments, "--data-dir", str(folder)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=patience_s,
        check=False,
        cwd=repository,
        env=environment(folder),
    )


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"CAUCE_DEFINITIONS_DIR": str(folder / "none")}


def until(condition: Callable[[], Any], patience_s: float = 60.0) -> Any:
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
    return found


def status(folder: Path) -> dict[str, Any]:
    done = run(folder, "status", "--json")
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if answer["up"] else 1)
    return answer


def pids(folder: Path) -> dict[str, int]:
    stack = json.loads((folder / "stack.json").read_text())
    return {child["name"]: child["pid"] for child in stack["children"]}


def _came_back(folder: Path, name: str, before: int) -> bool:
    return pids(folder)[name] not in {None, before}


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("stack")
    yield made
    run(made, "down")


@pytest.fixture
def up(folder: Path) -> Path:
    """Return the folder of a stack that runs: the one that the test before left running, if any."""
    found = state.running(folder)
    if found is None or not found.ready:
        done = run(folder, "up", "--detach", "--no-temporal-ui")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_killed_stack_leaves_no_process_and_starts_again(up: Path) -> None:
    children = pids(up).values()
    ports = [one["address"] for one in status(up)["components"]]
    os.kill(json.loads((up / "stack.json").read_text())["pid"], signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in children), 10)
    assert not status(up)["up"]

    again = run(up, "up", "--detach", "--no-temporal-ui")
    assert again.returncode == 0, again.stderr
    answer = status(up)
    assert answer["up"]
    assert [one["address"] for one in answer["components"]] == ports, "a bookmark should still be good"
    with create_engine(f"sqlite:///{up / 'cauce.db'}").connect() as db:
        assert db.execute(text("SELECT count(*) FROM users")).scalar_one() == 1
        db.engine.dispose()


def test_stack_comes_up_heals_itself_and_goes_down(up: Path) -> None:
    answer = status(up)
    assert answer["up"]
    assert [one["name"] for one in answer["components"]] == ["temporal", "api", "worker"]
    assert all(one["sentence"] for one in answer["components"])

    # First run: an administrator whose password only the owner of the folder can read.
    password = up / "admin-password"
    assert password.stat().st_mode & 0o777 == 0o600
    assert password.read_text().strip() not in (up / "logs" / "up.log").read_text()
    users = json.loads(run(up, "users", "list", "--json").stdout)["users"]
    assert [(one["name"], one["roles"]) for one in users] == [("admin", ["admin"])]

    # Another one in the same folder is refused, whichever way it is asked for.
    for options in ([], ["--detach"]):
        second = run(up, "up", *options)
        assert second.returncode == 1
        assert f"A stack is already running in {up} (process " in second.stderr
        assert "cauce down" in second.stderr

    # Each part can be killed; the others go on, and it comes back where it was.
    for name in ("worker", "temporal", "api"):
        before = pids(up)
        os.kill(before[name], signal.SIGKILL)
        until(partial(_came_back, up, name, before[name]))
        after = pids(up)
        assert {other: pid for other, pid in after.items() if other != name} == {
            other: pid for other, pid in before.items() if other != name
        }
    answer = until(lambda: (now := status(up))["up"] and now)
    assert [one["restarts"] for one in answer["components"]] == [1, 1, 1]

    running = [*pids(up).values(), json.loads((up / "stack.json").read_text())["pid"]]
    assert run(up, "down").returncode == 0
    until(lambda: not any(alive(pid) for pid in running), 10)
    assert not status(up)["up"]


def test_interrupt_while_starting_stops_everything(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*cauce, "up", "--data-dir", str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=repository,
        env=environment(tmp_path),
    )
    until((tmp_path / "stack.json").exists)
    children = [pid for pid in pids(tmp_path).values() if pid]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert "Stopped before everything was up." in said
    assert process.returncode == 130
    until(lambda: not any(alive(pid) for pid in children), 10)


async def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = await asyncio.to_thread(run, tmp_path / "file", "up")
    assert done.returncode == 2
    assert f"{tmp_path / 'file'} cannot be used as the data directory" in done.stderr
