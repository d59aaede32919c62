"""Until when a browser has painted the inbox, and what the page and all that it loads weigh."""

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import uvicorn
from playwright.sync_api import sync_playwright

from api.app import create_app
from cauce.settings import Settings

MOST_MS: Final = 1_000.0
MOST_KB: Final = 150.0
# From when the address is asked for; islands are loaded once and kept.
_SEEN: Final = """async () => {
  const first = () => performance.getEntriesByName("first-contentful-paint")[0];
  while (!first()) await new Promise(requestAnimationFrame);
  const loaded = ["navigation", "resource"].flatMap(kind => performance.getEntriesByType(kind));
  const own = loaded.filter(each => !/mermaid|monaco/.test(each.name));
  const bytes = own.reduce((sum, each) => sum + each.encodedBodySize, 0);
  return {paint: first().startTime, bytes};
}"""


@dataclass(frozen=True, slots=True)
class Painted:
    """When the first of a page was to be seen, in milliseconds since it was asked for, and its weight."""

    view: str
    median: float
    worst: float
    kilobytes: float


def measured(settings: Settings, program: str, password: str, people: Sequence[str], rounds: int) -> list[Painted]:
    """Return when a browser that has nothing yet paints the inbox of each of these people."""
    with _serving(settings) as site, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        found = [_of_person(browser, site, name, password, rounds) for name in people]
        browser.close()
    return found


def _of_person(browser: Any, site: str, name: str, password: str, rounds: int) -> Painted:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.goto(f"{site}/login")
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("form .button-main")
    page.wait_for_url("**/inbox")
    cookies = context.cookies()
    context.close()
    seen = []
    for _ in range(rounds):
        # Without anything that an earlier page has left behind.
        fresh = browser.new_context(viewport={"width": 1280, "height": 860})
        fresh.add_cookies(cookies)
        page = fresh.new_page()
        page.goto(f"{site}/inbox", wait_until="load")
        seen.append(page.evaluate(_SEEN))
        fresh.close()
    paints = [float(each["paint"]) for each in seen]
    return Painted(f"{name}: inbox", statistics.median(paints), max(paints), max(each["bytes"] for each in seen) / 1000)


@contextmanager
def _serving(settings: Settings) -> Iterator[str]:
    """Serve the application, in a thread of its own because playwright's loop runs in this one."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.05)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
