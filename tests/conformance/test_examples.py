"""Every example of the standard checks clean and runs, with stand-ins for the hosts that it names."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from cauce.services import definitions
from schemas import load_file, load_yaml
from tests.conformance.conftest import DESIGNER, Place, place_of
from tests.conformance.examples import FOLDER, Example, examples, hosts
from tests.conformance.test_cases import run_case
from workflows.checking import check

ALL = examples()
pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the standard's examples are not beside this checkout"),
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(_temporal: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """Give out a place in which the stand-in answers for the hosts of the examples."""
    async with AsyncExitStack() as stack:
        yield await place_of(stack, tmp_path_factory.mktemp("examples"), hosts=hosts())


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
