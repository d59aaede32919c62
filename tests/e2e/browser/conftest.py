"""A real browser (Debian's chromium) before the real application, on a filled store; the engine is not needed."""

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api.app import create_app
from cauce.settings import load
from tests.e2e.browser import seed

chromium = shutil.which("chromium") or shutil.which("chromium-browser")


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


@pytest.fixture(scope="session")
def chrome() -> Iterator[Any]:
    """Return the browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if chromium is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def log_in(page: Any, site: str, name: str = "ana") -> None:
    """Log in through the page."""
    page.goto(f"{site}/login")
    page.fill("#name", name)
    page.fill("#password", seed.password)
    page.click("form .button-main")
    page.wait_for_url("**/inbox")
