"""What Cauce stands on gives way: a locked store, a full disk, Temporal down; people are told, nothing is lost."""

import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.bad_input.site import NOBODY_LISTENS, Site, numbers, wait_for
from tests.bad_input.test_data import CUSTOMER, problem

STEPS = """\
document: {dsl: '1.0.3', namespace: bad, name: later, version: 1.0.0}
do:
  - start: {wait: PT1S}
  - qualify: {call: human-task, with: {form: qualify, assign: {group: sales}, due: {after: PT1H}}}
"""
ECHO = "connection: NAME\nkind: echo\noperations:\n  get: {calls: x, effect: read}\n"
UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture(scope="module", autouse=True)
def _later(site: Site) -> None:
    site.publish(STEPS)


def connection(folder: Path) -> Path:
    file = folder / "echo.yaml"
    file.write_text(ECHO.replace("NAME", f"echo-{next(numbers)}"))
    return file


@contextmanager
def held(store: Path) -> Iterator[None]:
    """Hold the write lock of the store, as a database browser with unsaved changes does."""
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("begin immediate")
        yield
        other.execute("rollback")


def test_locked_store(site: Site, tmp_path: Path) -> None:
    waiting = site.open_task(site.start("bad.ask", CUSTOMER))["id"]
    instance = site.start("bad.later")
    store = site.settings.data_dir / "cauce.db"
    with held(store):
        command = subprocess.Popen(
            [sys.executable, "-m", "cauce.cli", "publish", connection(tmp_path), "--json"],
            env=site.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        answer = site.call("POST", f"/tasks/{waiting}/claim", "ana")
        out, err = command.communicate(timeout=30)
    sentence = f"The store {store} is locked: another program is writing to it and does not let go."
    assert problem(answer, 503, "transient").startswith(sentence)
    assert answer.headers["retry-after"] == "5"
    assert command.returncode == 75, err
    assert sentence in out
    assert sentence in err
    assert "Traceback" not in err
    # Whoever tries again, person or platform, gets through.
    site.call("POST", f"/tasks/{waiting}/claim", "ana").raise_for_status()
    assert site.open_task(instance)["name"] == "qualify"


def write_nothing() -> None:
    """Let this process write no byte to any file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, UNLIMITED))


@contextmanager
def full_disk(*processes: int) -> Iterator[None]:
    """Let the processes write no byte to any file; reading goes on."""
    for each in processes:
        resource.prlimit(each, resource.RLIMIT_FSIZE, (0, UNLIMITED))
    try:
        yield
    finally:
        for each in processes:
            resource.prlimit(each, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))


def test_full_disk(site: Site, tmp_path: Path) -> None:
    waiting = site.open_task(site.start("bad.ask", CUSTOMER))["id"]
    instance = site.start("bad.later")
    store = site.settings.data_dir / "cauce.db"
    # That somebody looks is noted, once.
    assert site.shown(instance)["summary"]["closed_at"] is None
    with full_disk(site.api, site.worker):
        answer = site.call("POST", f"/tasks/{waiting}/claim", "ana")
        done = subprocess.run(
            [sys.executable, "-m", "cauce.cli", "publish", connection(tmp_path), "--json"],
            env=site.environment,
            check=False,
            capture_output=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, UNLIMITED)),
        )
        wait_for(lambda: site.shown(instance)["state"]["tasks"][1:], "the task to begin", 10)
        assert site.call("GET", "/tasks", params={"instance": instance}).json()["items"] == []
        assert site.shown(instance)["summary"]["closed_at"] is None
    sentence = f"The disk of the store {store} failed to read or write; it may be full or damaged."
    assert sentence in problem(answer, 503, "transient")
    assert done.returncode == 75, done.stderr
    assert sentence in done.stdout
    assert "Look at its free space" in done.stderr
    assert "Traceback" not in done.stderr
    site.call("POST", f"/tasks/{waiting}/claim", "ana").raise_for_status()
    task = site.open_task(instance, 30)
    site.call("POST", f"/tasks/{task['id']}/complete", "ana", json={"answer": {"score": 3}}).raise_for_status()
    assert site.ended(instance)["output"]["answer"] == {"score": 3}


def test_store_that_was_never_made(tmp_path: Path, site: Site) -> None:
    done = site.cauce("start", "bad.add", "--json", CAUCE_DATA_DIR=str(tmp_path / "nowhere"))
    assert (done.exit_code, done.error["code"]) == (2, "settings")
    assert str(tmp_path / "nowhere") in done.error["detail"]
    assert "'cauce up' makes and upgrades it" in done.error["hint"]


def test_temporal_is_down(site: Site) -> None:
    done = site.cauce("start", "bad.add", "--json", CAUCE_TEMPORAL_ADDRESS=NOBODY_LISTENS)
    assert (done.exit_code, done.error["code"]) == (75, "transient")
    assert done.error["detail"] == "Temporal does not answer."
    assert "cauce up" in done.error["hint"]
    assert "CAUCE_TEMPORAL_ADDRESS" in done.error["hint"]


def test_api_without_temporal_says_so_and_keeps_the_inbox(site: Site) -> None:
    task = site.open_task(site.start("bad.ask", CUSTOMER))["id"]
    with site.other_api(CAUCE_TEMPORAL_ADDRESS=NOBODY_LISTENS) as rest:
        headers = {"authorization": f"Bearer {site.tokens['ana']}"}

        def post(path: str, body: object) -> httpx.Response:
            return rest.post(f"/api/v1{path}", headers=headers, json=body)

        for answer in (
            post("/instances", {"definition": "bad.add", "input": {"a": 1, "b": 2}}),
            post(f"/tasks/{task}/complete", {"answer": {"score": 1}}),
            rest.get("/api/v1/instances", headers=headers),
        ):
            assert problem(answer, 503, "transient").startswith("Temporal does not answer.")
            assert answer.headers["retry-after"] == "5"
        assert post(f"/tasks/{task}/claim", {}).json()["state"] == "claimed"
        assert rest.get("/api/v1/health").json() == {"status": "degraded", "store": True, "engine": False}
    # What was refused was not done: the answer still counts when it is sent again.
    site.call("POST", f"/tasks/{task}/complete", "ana", json={"answer": {"score": 1}}).raise_for_status()


def test_worker_without_temporal_says_so(site: Site, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cauce.cli", "worker"],
        env={**site.environment, "CAUCE_TEMPORAL_ADDRESS": NOBODY_LISTENS},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 75
    assert f"Temporal does not answer at {NOBODY_LISTENS}." in done.stderr
    assert "Traceback" not in done.stderr
