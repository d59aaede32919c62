"""Fixtures for all tests: servers that are started once, databases that are new for each test."""

import asyncio
import gc
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest
from _pytest.mark.expression import Expression  # what `-m` says has no other reader
from sqlalchemy import make_url
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from cauce.memory import collect_rarely
from cauce.store.migrations import upgrade
from tests.effort import examples
from tests.servers import mariadb, openid, postgresql, processes, temporal
from tests.servers.network import stay_on_loopback
from tools.native_packages import mariadb_root, postgresql_bin

Require = Callable[[str, str], NoReturn]
# Files are given to whoever is free, so the longest come first.
LONGEST = (
    "e2e/acceptance/test_erp_faults.py",
    "e2e/acceptance/test_courses.py",
    "e2e/browser/queue/test_accessibility.py",
    "e2e/test_demo.py",
    "e2e/test_kill.py",
    "conformance/test_cases.py",
    "integration/embedded/test_stack.py",
    "unit/checking/test_fuzz_cases.py",
    "bad_input/test_platform.py",
    "integration/services/test_schedules.py",
    "integration/definition_tests/test_command.py",
)
# What such tests share is started once by each process that runs some of them, and takes longer than they do. Only the
# acceptance tests have two installations: one after the other they would take longer than all that runs beside them.
_ACCEPTANCE = "tests/e2e/acceptance/"
TOGETHER = (
    tuple(f"{_ACCEPTANCE}test_{name}.py" for name in ("erp_faults", "certificates", "operators", "refusals")),
    (_ACCEPTANCE,),
    ("tests/e2e/browser/queue/",),
    ("tests/bad_input/",),
)
# Folders whose tests all have one of some marks. A run that chooses none of them does not read the folder: each process
# reads all there is, which takes longer than many a test.
FOLDERS = {"bench": {"bench"}, "soak": {"soak"}, "e2e": {"e2e", "kill", "soak"}}
NEEDS = ("temporal", "postgres", "mariadb", "mosquitto", "odbc", "node", "openid", "editor", "chromium", "axe")


def _cancel_all_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is left in a loop, as often as it takes; the runner's own waits for ever for a task that goes on.

    Before Python 3.12 `wait_for` may swallow a cancellation.
    """
    for _ in range(50):
        left = asyncio.all_tasks(loop)
        if not left:
            return
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.wait(left, timeout=0.2))
        for task in left:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                about = {"message": "a task failed while it was cancelled", "exception": error, "task": task}
                loop.call_exception_handler(about)
    raise RuntimeError(f"these tasks do not end: {asyncio.all_tasks(loop)}")


asyncio.runners._cancel_all_tasks = _cancel_all_tasks  # type: ignore[attr-defined]  # noqa: SLF001 - no hook for it


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require",
        default=",".join(NEEDS) if os.environ.get("CI") else "",
        help=f"comma-separated; what must be there, so that its absence fails instead of skipping: {', '.join(NEEDS)}",
    )


def pytest_configure(config: pytest.Config) -> None:
    unknown = set(filter(None, config.getoption("--require").split(","))) - set(NEEDS)
    if unknown:
        raise pytest.UsageError(f"--require knows no {', '.join(sorted(unknown))}; it knows {', '.join(NEEDS)}.")
    stay_on_loopback()
    collect_rarely()  # as a worker does; looking for garbage is a tenth of what tests cost
    hypothesis.settings.register_profile("cauce", max_examples=examples(100))
    hypothesis.settings.load_profile("cauce")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage in what is imported, then or ever: that is a quarter of a collection's time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a folder that has no test for this run, unless it is named."""
    marks = FOLDERS.get(collection_path.name) if collection_path.parent == Path(__file__).parent else None
    named = (config.invocation_params.dir / argument.partition("::")[0] for argument in config.args)
    if marks is None or any(path.is_relative_to(collection_path) for path in named):
        return None
    chosen = Expression.compile(config.option.markexpr or "not none")
    possible = [marks, *({mark} for mark in marks)]
    return None if any(chosen.evaluate(lambda name, /, s=some, **_: name in s) for some in possible) else True


def pytest_itemcollected(item: pytest.Item) -> None:
    """Refuse a test whose folder would be left out although the run chooses it."""
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    if folder in FOLDERS and not any(item.get_closest_marker(mark) for mark in FOLDERS[folder]):
        raise pytest.UsageError(f"{item.nodeid} needs one of the marks: {', '.join(sorted(FOLDERS[folder]))}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; everything else stays in its order."""
    order = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start again a server of the session that ended by itself, and say so at the end of the run."""
    for told in processes.mend():
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            item.warn(pytest.PytestWarning(told))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process whole files, and one of them all the files that share what is dear."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - tests run without xdist, too

    class ByInstallation(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return next((files[0] for files in TOGETHER if file.startswith(files)), file)

    return ByInstallation(config, log)


@pytest.fixture(scope="session")
def require(pytestconfig: pytest.Config) -> Require:
    """Return what to call when something is missing: skips, or fails where `--require` names it."""
    required = pytestconfig.getoption("--require").split(",")

    def missing(name: str, reason: str) -> NoReturn:
        if name in required:
            pytest.fail(f"{name} is required here, but {reason}", pytrace=False)
        pytest.skip(f"{name}: {reason}")

    return missing


@pytest.fixture(scope="session")
def node(require: Require) -> Path:
    """Return the Node that the environment brought, else the system's."""
    found = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return Path(found) if found else require("node", "there is no `node`; `make setup` brings it")


@pytest.fixture(scope="session")
def openid_provider(node: Path, require: Require) -> Iterator[openid.OpenIdProvider]:
    """Run one certified OpenID provider for the whole session."""
    if not openid.installed():
        require("openid", f"the packages of {openid.FOLDER} are not there; `make setup-test` brings them")
    with openid.started(node) as provider:
        yield provider


@pytest.fixture(scope="session")
def temporal_server(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[temporal.TemporalServer]:
    """Run one Temporal dev server for the whole session."""
    if not temporal.temporal_binary().exists():
        require("temporal", f"{temporal.temporal_binary()} is not there; `make setup` brings it")
    with temporal.started(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
async def temporal_client(temporal_server: temporal.TemporalServer) -> Client:
    """Return a client whose workflows live in real time."""
    return await Client.connect(temporal_server.address, namespace=temporal_server.namespace)


@pytest.fixture
def time_skipper(temporal_client: Client) -> TimeSkipper:
    """Return a driver of time: workflows started through its `client` have a clock that `fast_forward` moves."""
    return TimeSkipper(temporal_client)


@pytest.fixture(scope="session")
def postgres_server(require: Require) -> Iterator[postgresql.PostgresServer]:
    """Run one PostgreSQL for the whole session."""
    if postgresql_bin() is None:
        require("postgres", "no server is installed; `make test` brings one, or `apt-get install postgresql`")
    with postgresql.started(quick=True) as server:
        yield server


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres_server: postgresql.PostgresServer) -> Iterator[str]:
    """Return the URL of a database that only this test has: empty, or with its tables where `make_tables` is used."""
    wanted = "make_tables" in request.fixturenames
    with postgres_server.database(request.getfixturevalue("migrated_database") if wanted else "template1") as name:
        yield postgres_server.url(name)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with its tables; copying it is cheaper than making them for every test."""
    file = tmp_path_factory.mktemp("migrated") / "cauce.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_database(postgres_server: postgresql.PostgresServer) -> Iterator[str]:
    """Return the name of a database with the tables of the store."""
    with postgres_server.database() as name:
        upgrade(postgres_server.url(name))
        yield name


@pytest.fixture
def make_tables(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what gives an empty store its tables; a test that asks for this finds them in its PostgreSQL already."""

    def make(url: str) -> None:
        store = make_url(url)
        if store.get_backend_name() == "sqlite":
            shutil.copy(request.getfixturevalue("migrated"), str(store.database))

    return make


@pytest.fixture(scope="session")
def mariadb_server(require: Require) -> Iterator[mariadb.MariaServer]:
    """Run one MariaDB for the whole session."""
    if mariadb_root() is None:
        require("mariadb", "no server is installed; `make test` brings one, or `apt-get install mariadb-server-core`")
    with mariadb.started() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store, once for each database that Cauce runs on."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite+aiosqlite:///{tmp_path / 'cauce.sqlite'}"
