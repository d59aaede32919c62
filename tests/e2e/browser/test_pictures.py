"""Makes the pictures of README and docs from the demo company, whose cases come from a seed: `make pictures`."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.servers.processes import running

pytestmark = [pytest.mark.e2e, pytest.mark.pictures, pytest.mark.timeout(1_800)]
ROOT: Final = Path(__file__).parents[3]
IMAGES: Final = ROOT / "docs/images"
SIZE: Final = {"width": 1280, "height": 860}
LARGEST_BYTES: Final = 250_000
_READY: Final = "Ctrl-C stops everything."


@dataclass(frozen=True, slots=True)
class Demo:
    """Where a demo is, and with what its people log in."""

    site: str
    password: str


@pytest.fixture
def demo(needs: None, tmp_path: Path) -> Iterator[Demo]:
    """Start the demo as `make demo` does, and wait until its leads have gone through."""
    del needs
    log = tmp_path / "demo.log"
    command = [sys.executable, "-m", "cauce.cli", "demo", "--data-dir", str(tmp_path / "demo")]
    with running(command, log=log, ready=lambda: _READY in log.read_text(errors="replace"), seconds=1_500):
        said = log.read_text(errors="replace")
        site, password = re.search(r"(http://[^/\s]+)/inbox", said), re.search(r"All have the password (\S+)", said)
        assert site, said
        assert password, said
        yield Demo(site[1], password[1])


def test_pictures(demo: Demo, chrome: Any) -> None:
    ways: Mapping[str, Callable[[Any, str], None]] = {"luis": take, "ana": take_of_seller}
    for name in ways:
        page = chrome.new_page(viewport=SIZE, color_scheme="light", locale="en-GB", reduced_motion="reduce")
        # A busy machine takes its time over a diagram.
        page.set_default_timeout(240_000)
        log_in(page, demo, name)
        ways[name](page, demo.site)
        page.close()


def log_in(page: Any, demo: Demo, name: str) -> None:
    """Log in, in English."""
    page.goto(f"{demo.site}/login")
    page.fill("#name", name)
    page.fill("#password", demo.password)
    page.click("form .button-main")
    page.wait_for_url("**/inbox*")
    page.click(".menu > summary")
    page.click(".menu-box [value=en]")
    page.wait_for_selector("html[lang=en]")


def take(page: Any, site: str) -> None:
    """Take the pictures of somebody who leads."""
    page.goto(f"{site}/inbox")
    save(page, "inbox")
    first(page, site, "Answer of").locator(".task-title").click()
    page.locator(".page-head .meta a").click()
    page.wait_for_selector(".picture-view svg")
    for _ in range(2):  # small enough for the way to be seen, large enough to be read
        page.click("[data-do=out]")
    page.mouse.move(0, 0)
    save(page, "instance")


def take_of_seller(page: Any, site: str) -> None:
    """Take the picture of a task that the person who has it works on."""
    first(page, site, "Qualify").locator(".task-title").click()
    page.fill("[name='/need']", "A second supplier before spring: theirs was late twice this year.")
    page.locator("input[name='/horizon']").nth(1).check()
    save(page, "task")


def save(page: Any, name: str) -> None:
    """Write what the window shows."""
    picture = page.screenshot()
    assert len(picture) <= LARGEST_BYTES, f"{name}.png has {len(picture)} bytes, which is too much for a README"
    (IMAGES / f"{name}.png").write_bytes(picture)


def first(page: Any, site: str, title: str) -> Any:
    """Search the inbox for tasks whose title begins so; return the row that comes first in the alphabet."""
    page.goto(f"{site}/inbox?text={title}")
    rows = page.locator("[data-row]").filter(has_text=title)
    names = rows.locator(".task-title").all_inner_texts()
    assert names, f"The inbox has no task that begins with '{title}'."
    return rows.filter(has_text=min(names)).first
