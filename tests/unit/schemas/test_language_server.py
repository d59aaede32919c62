"""The schema in the hands of the language server that editors use; skips where it is not installed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import Require
from tests.unit.schemas.language_server import FOLDER, PROGRAM, Editor
from tests.unit.schemas.test_editors import FILE

TEXT = f"""\
# yaml-language-server: $schema={FILE.as_uri()}
document: {{dsl: '1.0.3', namespace: t, name: p, version: 1.0.0}}
do:
  - get:
      call: http
      with:
        #
  - wait:
      wait: PT5S
  - run:
      run:
        shell:
          #
""".replace(" #\n", " \n")
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(node: Path, require: Require) -> AsyncIterator[Editor]:
    if not PROGRAM.exists():
        require("editor", f"the packages of {FOLDER} are not there; `make setup-test` brings them")
    process = await asyncio.create_subprocess_exec(
        node,
        PROGRAM,
        "--stdio",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    opened = Editor(process)
    await opened.open(TEXT)
    yield opened
    os.killpg(process.pid, signal.SIGKILL)  # `node` may be a program that started the real one
    await process.communicate()


async def completed(editor: Editor, line: int, column: int) -> set[str]:
    answer: Any = await editor.at("completion", line, column)
    return {item["label"] for item in answer["items"]}


async def test_it_completes_the_properties_of_a_call(editor: Editor) -> None:
    found = await completed(editor, 6, 8)
    assert {"method", "endpoint", "headers", "query", "body", "output", "redirect"} <= found


async def test_it_completes_the_properties_of_a_command(editor: Editor) -> None:
    found = await completed(editor, 12, 10)
    assert {"command", "arguments", "stdin", "environment"} <= found
    assert "method" not in found


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [(1, 13, "The version of the language."), (8, 7, "How long."), (8, 7, "PT15M"), (4, 7, "Makes an HTTP request.")],
)
async def test_it_explains_what_is_under_the_cursor(editor: Editor, line: int, column: int, says: str) -> None:
    assert says in (await editor.at("hover", line, column))["contents"]["value"]
