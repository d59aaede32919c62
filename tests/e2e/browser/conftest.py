"""A real browser (Debian's chromium) before the real application, on a filled store; the engine is not needed."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from api.app import create_app
from cauce.settings import load
from tests.conftest import Require
from tests.e2e.browser import seed
from tools.browser import chromium, chromium_command


def run(server: uvicorn.Server, directory: Path) -> None:
    """Fill a store and serve it; in a thread of its own, because playwright's loop runs in this one."""
    asyncio.run(seed.make(directory))
    server.run()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a running application."""
    directory = tmp_path_factory.mktemp("site")
    settings = load(data_dir=directory, temporal_address="127.0.0.1:1")
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_config=None))
    thread = threading.Thread(target=run, args=(server, directory))
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def chrome(require: Require) -> Iterator[Any]:
    """Return the browser; no longer than a module, because playwright's loop is in the way of everybody else's."""
    program = chromium() or require("chromium", f"there is none; as root: {chromium_command()}")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def log_in(page: Any, site: str, name: str = "ana") -> None:
    """Log in through the page."""
    page.goto(f"{site}/login")
    page.fill("#name", name)
    page.fill("#password", seed.password)
    page.click("form .button-main")
    page.wait_for_url("**/inbox")
