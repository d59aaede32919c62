"""One hub for all tests of this folder: what is bad in one of them must not hurt the others."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cauce.settings import load
from cauce.store.migrations import upgrade
from tests.bad_input.site import NOBODY_LISTENS, Site, opened
from tests.bad_input.texts import BASICS
from tests.hashes import quick_hashes
from tests.servers import temporal
from tests.servers.temporal import TemporalServer

SECRET = "s3cr3t-Passw0rd-of-the-tests"  # noqa: S105 - its whole purpose is to be looked for


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    with quick_hashes():
        yield


# Not longer than this folder's tests: with all that goes wrong in it, its worker is busy for as long as it lives.
@pytest.fixture(scope="package")
def site(temporal_server: TemporalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    # A server of its own: its worker would serve the instances of other suites.
    del temporal_server  # only to be told when the program is missing
    with (
        temporal.started(tmp_path_factory.mktemp("temporal")) as server,
        opened(tmp_path_factory.mktemp("site"), server.address) as hub,
    ):
        hub.publish(*BASICS)
        yield hub


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store that has nothing in it; copying it is quicker than making it again."""
    folder = tmp_path_factory.mktemp("empty")
    upgrade(load(data_dir=folder).store_url)
    return folder / "cauce.db"


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a hub that has an empty store, and no Temporal."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(empty_store, folder)
    return {"CAUCE_DATA_DIR": str(folder), "CAUCE_TEMPORAL_ADDRESS": NOBODY_LISTENS}
