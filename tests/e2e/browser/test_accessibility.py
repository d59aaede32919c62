"""Every page keeps the rules of WCAG 2.2, AA, as far as a program can tell: axe looks at each route of the table."""

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from api.app import create_app
from cauce.settings import load
from tests.conftest import Require
from tests.e2e.browser.conftest import log_in

pytestmark = pytest.mark.e2e
AXE = Path(__file__).parent / "axe-core/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, NARROW = {"width": 1280, "height": 844}, {"width": 390, "height": 844}
# What stands for the parts of an address, from the store that the site is filled with.
PARTS = {
    "task_id": "00000000-0000-5000-8000-000000000001",
    "kind": "process",
    "name": "erp",
    "full_name": "sales.lead-to-order",
}
AT = {
    "/definitions/{kind}/{name}": "/definitions/process/sales.lead-to-order",
    "/people/{name}": "/people/ana",
}
# Answers of which no browser makes a page of its own.
NO_PAGE = re.compile(r"^/$|/files?/|\.pdf$|\.json$|\.csv$|/options$|/login/openid|/export|/events$|/certification\.")


def addresses(app: FastAPI) -> list[str]:
    """Return a concrete address for every page that is asked for with GET."""
    return [
        AT.get(context.path) or re.sub(r"\{(\w+)[^}]*\}", lambda found: PARTS.get(found[1], "erp"), context.path)
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        and context.path
        and "GET" in (context.methods or ())
        and not context.path.startswith(("/api/", "/metrics", "/in/"))
        and not NO_PAGE.search(context.path)
    ]


@pytest.fixture(scope="module")
def axe(require: Require) -> str:
    return AXE.read_text() if AXE.exists() else require("axe", f"{AXE} is not there; `make setup-test` brings it")


def violations(page: Any, axe: str) -> list[str]:
    """Return what axe finds on the page as it is shown."""
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    return [f"{each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"]]


def test_every_page_can_be_used_by_everybody(chrome: Any, site: str, axe: str, tmp_path: Path) -> None:
    page = chrome.new_page(viewport=WIDE)
    page.goto(f"{site}/login")
    problems = {"/login": violations(page, axe)}
    log_in(page, site, "admin")
    for address in addresses(create_app(load(data_dir=tmp_path))):
        page.set_viewport_size(WIDE)
        answer = page.goto(site + address)
        print(address, answer.status, answer.headers.get("content-type"))
        problems[address] = violations(page, axe)
        page.set_viewport_size(NARROW)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], address
        problems[f"{address} (narrow)"] = violations(page, axe)
    assert {address: found for address, found in problems.items() if found} == {}
