"""Every page keeps the rules of WCAG 2.2, AA, as far as a program can tell, and is small: each route of the table."""

import re
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from api.app import create_app
from cauce.settings import load
from tests.conftest import Require
from tests.e2e.browser.queue.conftest import Enter
from tests.e2e.browser.queue.office import Office

pytestmark = pytest.mark.e2e
AXE = Path(__file__).parents[1] / "axe-core/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What another width may change.
OF_SIZE = ["target-size", "scrollable-region-focusable"]
WIDE, NARROW = {"width": 1280, "height": 844}, {"width": 390, "height": 844}
# What stands for the parts of an address, from the store that the site is filled with.
AT = {
    "/definitions/{kind}/{name}": "/definitions/process/sales.lead-to-order",
    "/tasks/{task_id}": "/tasks/00000000-0000-5000-8000-000000000001",
    "/tasks/{task_id}/comments": "/tasks/00000000-0000-5000-8000-000000000001/comments",
    "/people/{name}": "/people/ana",
    "/start/{name}": "/start/office.refund",
    **{
        f"/roadmaps/{{name}}/{{key}}{page}": f"/roadmaps/branch-waves/1{page.replace('{gate}', 'GO')}"
        for page in (
            "",
            "/plan",
            "/money",
            "/costs",
            "/registers",
            "/people",
            "/changes",
            "/calendar",
            "/definition",
            "/report",
            "/gates/{gate}",
        )
    },
    "/accounts/{name}": "/accounts/ana",
    "/syncs/{name}": "/syncs/customers",
    "/dead-letters/{letter_id}": "/dead-letters/1",
    "/connections/{name}": "/connections/ledger",
    "/connections/{name}/drift": "/connections/ledger/drift",
    "/connections/{name}/operations/{operation}/map": "/connections/erp/operations/create-order/map",
}
# Answers of which no browser makes a page of its own.
NO_PAGE = re.compile(
    r"^/$|/files?(?:/|$)|\.(?:pdf|json|csv|md|ics|xml)$|/options$|/login/openid|/case-file|/events$|/context/|/catalog$|/open/|^/f/"
)

# What a page and all that it loads may weigh on the wire; an island is loaded once and kept.
MOST_BYTES = 150_000
WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter(each => !/mermaid|monaco/.test(each.name)).reduce((sum, each) => sum + each.encodedBodySize, 0)"""


def addresses(app: FastAPI, instance: str) -> list[str]:
    """Return a concrete address for every page that is asked for with GET."""
    at = {**AT, "/instances/{instance_id:path}": f"/instances/{urllib.parse.quote(instance)}"}
    return [
        at.get(context.path, context.path)
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        and context.path
        and "GET" in (context.methods or ())
        and not context.path.startswith(("/api/", "/metrics", "/in/", "/scim/"))
        and not NO_PAGE.search(context.path)
    ]


@pytest.fixture(scope="module")
def axe(require: Require) -> str:
    return AXE.read_text() if AXE.exists() else require("axe", f"{AXE} is not there; `make setup-test` brings it")


def violations(page: Any, axe: str, rules: list[str]) -> list[str]:
    """Return what axe finds on the page as it is shown."""
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", rules)
    return [f"{each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"]]


@pytest.mark.timeout(300)
def test_every_page_can_be_used_by_everybody(office: Office, enter: Enter, axe: str, tmp_path: Path) -> None:
    office.fill()
    instance = office.start("Pinturas Río")
    page = enter("admin")
    problems = {}
    for address in addresses(create_app(load(data_dir=tmp_path)), instance):
        page.set_viewport_size(WIDE)
        answer = page.goto(office.site + address)
        assert answer.status == 200, f"{address}: a part of it wants a value in AT, or it is in NO_PAGE"
        assert page.evaluate(WEIGHT) <= MOST_BYTES, address
        problems[address] = violations(page, axe, RULES)
        page.set_viewport_size(NARROW)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], address
        problems[f"{address} (narrow)"] = violations(page, axe, OF_SIZE)
    told = [f"{address}: {each}" for address, found in problems.items() for each in found]
    assert not told, "\n".join(told)
