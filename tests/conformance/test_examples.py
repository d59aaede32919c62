"""Every example of the standard checks clean and runs, with stand-ins for the hosts that it names."""

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from cauce.services import definitions
from schemas import load_file, load_yaml
from tests.conformance.conftest import DESIGNER, Place, place_of
from tests.conformance.examples import FOLDER, Example, examples, hosts
from tests.conformance.peers import greeter
from tests.conformance.test_cases import run_case
from workflows.checking import check

ALL = examples()
pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the standard's examples are not beside this checkout"),
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(_temporal: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """Give out a place in which the hosts, programs and files that the examples name are there."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "app").mkdir()
    (folder / "app" / "greet.proto").write_text(greeter.PROTO)
    add_program(folder, "npx", Path(__file__).parent / "peers" / "chat.py")
    async with AsyncExitStack() as stack:
        hello = await stack.enter_async_context(greeter.greeting())
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        yield await place_of(stack, folder, hosts={**dict.fromkeys(hosts(), ""), "localhost:5011": hello})


def add_program(folder: Path, name: str, script: Path) -> None:
    """Have a Python script run when a program of this name is called."""
    program = folder / name
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    program.chmod(0o755)


async def test_every_example_is_run() -> None:
    assert {each.file for each in ALL} == {file.name for file in FOLDER.glob("*.yaml")}


@pytest.mark.parametrize("file", sorted({each.file for each in ALL}))
async def test_example_checks_clean(file: str) -> None:
    known = {each.file: each.also for each in ALL}[file]
    beside = [load_yaml(json.dumps(document), "beside.yaml") for document in known]
    assert [f for f in check([load_file(FOLDER / file), *beside]) if f.severity == "error"] == []


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("case", [pytest.param(each, id=f"{each.id}: {each.file}: {each.title}") for each in ALL])
async def test_example_runs(case: Example, world: Place) -> None:
    beside = [load_yaml(json.dumps(document), "beside.yaml") for document in case.also]
    await definitions.publish(world.hub, DESIGNER, beside)
    await run_case(case, world)
