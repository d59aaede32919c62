"""An instance that has just gone on in a new run is asked again, one that cannot answer is not."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from cauce.errors import TransientError
from cauce.services.asking import asked
from cauce.services.temporal_errors import explained
from cauce.services.waiting import query_timeout

NOT_YET = RPCError("Workflow task is not scheduled yet.", RPCStatusCode.FAILED_PRECONDITION, b"")
BROKEN = RPCError(
    "Unable to query workflow due to Workflow Task in failed state.", RPCStatusCode.FAILED_PRECONDITION, b""
)


class Standing:
    """Stands in for an instance: raises some errors, then answers."""

    def __init__(self, errors: Iterator[RPCError]) -> None:
        self.errors, self.times = errors, 0

    async def query(self, question: str, *, rpc_timeout: timedelta) -> str:
        assert rpc_timeout == query_timeout
        self.times += 1
        if error := next(self.errors, None):
            raise error
        return f"the {question}"

    def handle(self) -> WorkflowHandle[Any, Any]:
        return cast("WorkflowHandle[Any, Any]", self)


async def test_a_run_that_has_not_begun_is_asked_until_it_has() -> None:
    standing = Standing(iter([NOT_YET, NOT_YET]))
    assert await asked(standing.handle(), "state") == "the state"
    assert standing.times == 3


async def test_a_run_that_never_begins_is_said_to_be_without_a_worker() -> None:
    standing = Standing(iter([NOT_YET] * 9))
    with pytest.raises(TransientError, match="shop/1 did not answer in time"), explained("shop/1"):
        await asked(standing.handle(), "state", patience=timedelta(seconds=0.15))
    assert 1 < standing.times < 9


@pytest.mark.parametrize("error", [BROKEN, RPCError("away", RPCStatusCode.UNAVAILABLE, b"")])
async def test_what_does_not_pass_by_itself_is_raised_at_once(error: RPCError) -> None:
    standing = Standing(iter([error, error]))
    with pytest.raises(RPCError, match=error.message):
        await asked(standing.handle(), "state")
    assert standing.times == 1
