"""What tests of hostile peers share: memory that is watched, a WSDL, and sessions that are closed."""

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from cauce.http import close_sessions
from tests.connectors.soap_peer import WSDL

MOST_MEMORY = 300 * 1024 * 1024


@pytest.fixture(autouse=True)
async def _closed_sessions() -> AsyncIterator[None]:
    yield
    await close_sessions()


@pytest.fixture
def watch() -> Iterator[None]:
    """Look at the memory of this process all the time; a test that takes too much of it fails."""
    over, process, most = threading.Event(), psutil.Process(), 0
    before = process.memory_info().rss

    def look() -> None:
        nonlocal most
        while not over.wait(0.02):
            most = max(most, process.memory_info().rss - before)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    yield
    over.set()
    looking.join()
    assert most < MOST_MEMORY


@pytest.fixture
def wsdl(tmp_path: Path) -> Path:
    file = tmp_path / "orders.wsdl"
    file.write_text(WSDL % {"address": "http://127.0.0.1:1/soap", "imports": ""})
    return file
