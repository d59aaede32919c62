from collections.abc import Iterator
from pathlib import Path

import pytest

from cauce.errors import SettingsError
from cauce.native import driver_path, load_odbc
from tests.conftest import Require
from tests.hashes import quick_hashes
from tests.servers.temporal import temporal_binary


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    with quick_hashes():
        yield


@pytest.fixture(scope="session")
def needs(require: Require, node: Path) -> None:
    """Skip when something is missing without which no installation can be started."""
    if not temporal_binary().exists():
        require("temporal", f"{temporal_binary()} is not there; `make setup` brings it")
    try:
        load_odbc()
        driver_path("sqlite")
    except SettingsError as error:
        require("odbc", str(error))
