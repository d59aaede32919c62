"""Takes the pictures of the README from a running demo: inbox, a task somebody works on, an instance on its way.

Start `make demo`, then `python -m tests.e2e.browser.screenshots URL PASSWORD`, with what the demo prints. The demo
company and its leads come from a seed, so the pictures show the same cases every time.
"""

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import ViewportSize, sync_playwright

from tools.browser import chromium, chromium_command

target = Path(__file__).parents[3] / "docs/images"
size = ViewportSize(width=1280, height=860)
largest_bytes = 250_000


def log_in(page: Any, site: str, name: str, password: str) -> None:
    """Log in, in English."""
    page.goto(f"{site}/login")
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("form .button-main")
    page.wait_for_url("**/inbox*")
    page.click(".menu > summary")
    page.click(".menu-box [value=en]")
    page.wait_for_selector("html[lang=en]")


def save(page: Any, name: str) -> None:
    """Write what the window shows."""
    picture = page.screenshot()
    if len(picture) > largest_bytes:
        sys.exit(f"{name}.png has {len(picture)} bytes; more than {largest_bytes} is too much for a README.")
    (target / f"{name}.png").write_bytes(picture)


def first(page: Any, site: str, title: str) -> Any:
    """Search the inbox for tasks whose title begins so; return the row that comes first in the alphabet."""
    page.goto(f"{site}/inbox?text={title}")
    rows = page.locator("[data-row]").filter(has_text=title)
    names = rows.locator(".task-title").all_inner_texts()
    if not names:
        sys.exit(f"The inbox has no task that begins with '{title}'; was it a new demo?")
    return rows.filter(has_text=min(names)).first


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


def main() -> None:
    """Take the pictures of the demo that the command line names."""
    site, password = sys.argv[1].rstrip("/").removesuffix("/inbox"), sys.argv[2]
    program = chromium()
    if program is None:
        sys.exit(f"There is no Chromium; as root: {chromium_command()}")
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, taking in (("luis", take), ("ana", take_of_seller)):
            page = browser.new_page(viewport=size, color_scheme="light", locale="en-GB", reduced_motion="reduce")
            log_in(page, site, name, password)
            taking(page, site)
        browser.close()


if __name__ == "__main__":
    main()
