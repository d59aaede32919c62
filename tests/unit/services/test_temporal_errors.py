import pytest
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from cauce.errors import (
    CauceError,
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    TooLargeError,
    TransientError,
)
from cauce.services.temporal_errors import explained


def rpc(status: RPCStatusCode, text: str = "") -> RPCError:
    return RPCError(text, status, b"")


def refused(code: str) -> WorkflowUpdateFailedError:
    details = {"detail": "No.", "hint": "Ask.", "errors": [{"pointer": "/score", "problem": "Too high."}]}
    return WorkflowUpdateFailedError(ApplicationError("No.", details, type=code))


CASES = [
    (rpc(RPCStatusCode.NOT_FOUND, "workflow not found"), NotFoundError, "There is no instance a/1."),
    (rpc(RPCStatusCode.NOT_FOUND, "workflow execution already completed"), ConflictError, "Instance a/1 has ended."),
    (rpc(RPCStatusCode.UNAVAILABLE), TransientError, "Temporal does not answer."),
    (rpc(RPCStatusCode.DEADLINE_EXCEEDED), TransientError, "Temporal does not answer."),
    (
        rpc(RPCStatusCode.INVALID_ARGUMENT, "Blob size exceeds limit"),
        TooLargeError,
        "The data is larger than Temporal takes.",
    ),
    (rpc(RPCStatusCode.INVALID_ARGUMENT, "bad query"), InputError, "Temporal does not take this request."),
    (RuntimeError("Failed client connect: refused"), TransientError, "Temporal does not answer."),
    (WorkflowAlreadyStartedError("a/1", "a"), ConflictError, "Instance a/1 exists already."),
    (WorkflowUpdateRPCTimeoutOrCancelledError(), TransientError, "Instance a/1 did not answer in time."),
    (refused("conflict"), ConflictError, "No."),
    (refused("forbidden"), ForbiddenError, "No."),
    (refused("input"), InputError, "No."),
    (refused("ValueError"), ConflictError, "Instance a/1 did not take it."),
]


@pytest.mark.parametrize(("raised", "kind", "problem"), CASES)
def test_error_of_temporal_is_one_for_people(raised: Exception, kind: type[CauceError], problem: str) -> None:
    with pytest.raises(kind) as caught, explained("a/1"):
        raise raised
    assert type(caught.value) is kind
    assert caught.value.problem == problem
    assert caught.value.hint


def test_refused_answer_keeps_what_is_wrong_by_field() -> None:
    with pytest.raises(InputError) as caught, explained("a/1"):
        raise refused("input")
    assert caught.value.errors == ({"pointer": "/score", "problem": "Too high."},)


def test_bug_stays_a_bug() -> None:
    with pytest.raises(RuntimeError, match="event loop is closed"), explained("a/1"):
        raise RuntimeError("event loop is closed")
