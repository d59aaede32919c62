from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cauce.embedded import temporal_server
from tests.conftest import Require
from tests.e2e.browser.queue.office import PASSWORD, Office, running

Enter = Callable[..., Any]


@pytest.fixture(scope="session")
def office(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give out an office with three people: ana and luis at the desk, marta who leads it."""
    if not temporal_server.binary().exists():
        require("temporal", "the program `temporal` is not there; `make setup` brings it")
    with running(tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture
def enter(chrome: Any, office: Office) -> Iterator[Enter]:
    """Return what opens a person's own browser, logged in."""
    contexts = []

    def entered(name: str, **options: Any) -> Any:
        context = chrome.new_context(**{"viewport": {"width": 1280, "height": 860}, "locale": "en-GB", **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{office.site}/login")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.click("form .button-main")
        page.wait_for_url("**/inbox")
        return page

    yield entered
    for each in contexts:
        each.close()
