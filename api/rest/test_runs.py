"""What tests of processes came to: told by who ran them, kept for gates and pages."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.running_acts import Given
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.services import test_runs
from cauce.store.test_runs import NewRun

router = subject("definitions", "/definitions")
Digest = Annotated[str, Field(min_length=64, max_length=64, pattern="^[0-9a-f]{64}$", examples=["9f" * 32])]


class TestFailure(Given):
    """A case that failed."""

    case: str = Field(max_length=1_000, examples=["A lead without a phone"])
    problem: str = Field(max_length=10_000, examples=["status: expected completed, got faulted"])


class TestedProcess(Given):
    """What all tests of a process came to."""

    definition: str = Field(min_length=1, max_length=200, examples=["sales.lead-to-order"])
    version: str = Field(min_length=1, max_length=100, examples=["1.2.0"])
    digest: Digest = Field(description="Of the process with all that it uses, as publication answers it.")
    cases_digest: Digest = Field(description="Of the tests.")
    cases: int = Field(ge=0, le=100_000, examples=[40])
    failed: int = Field(ge=0, le=100_000, examples=[0])
    failures: list[TestFailure] = Field(default=[], max_length=1_000)


class TestedProcesses(Given):
    """What a run of tests came to, process by process."""

    runs: list[TestedProcess] = Field(
        max_length=1_000,
        examples=[
            [
                {
                    "definition": "sales.lead-to-order",
                    "version": "1.2.0",
                    "digest": "9f" * 32,
                    "cases_digest": "9f" * 32,
                    "cases": 40,
                    "failed": 0,
                }
            ]
        ],
    )


class TestRun(Model):
    """What all tests of a process came to; rows are only added."""

    definition: str = Field(examples=["sales.lead-to-order"])
    version: str = Field(examples=["1.2.0"])
    digest: str = Field(examples=["9f" * 32])
    cases_digest: str = Field(examples=["9f" * 32])
    cases: int = Field(examples=[40])
    failed: int = Field(examples=[0])
    failures: list[TestFailure]
    by: str = Field(examples=["ana"])
    at: datetime
    published: bool = Field(description="Whether it was exactly what is published now.")


@router.post("/tests", status_code=HTTPStatus.CREATED, responses=documented(403, 422))
async def keep_tests(hub: HubDep, actor: CallerDep, given: TestedProcesses) -> list[TestRun]:
    """Keep what tests came to, as `cauce test --keep` does; it counts for exactly the content that has this digest."""
    runs = [NewRun(**each.model_dump()) for each in given.runs]
    return [TestRun.model_validate(each) for each in await test_runs.keep(hub, actor, runs)]


@router.get("/process/{name}/tests", responses=documented(404))
async def list_tests(hub: HubDep, actor: CallerDep, name: str) -> Page[TestRun]:
    """List the last runs of the tests of a process, the newest first."""
    return Page(items=[TestRun.model_validate(each) for each in await test_runs.runs_of(hub, actor, name)])
