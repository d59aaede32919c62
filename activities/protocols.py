"""What calls in all protocols have in common: they end in an outcome, in time, and can be cancelled."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Final

from temporalio import activity

from activities.heartbeats import heartbeats
from activities.problems import refused
from cauce.contract import JSON, Outcome, ProtocolCall
from cauce.depth import check_depth
from cauce.errors import CauceError, PermanentError, RemoteError

STANDARD: Final = "https://serverlessworkflow.io/spec/1.0.0/errors/"
_HEARTBEAT_S: Final = 3.0
_HTTP_ERRORS: Final = range(400, 600)
_RUNTIME: Final = 500


async def carry_out(
    work: Coroutine[None, None, JSON],
    call: ProtocolCall,
    *,
    kind: str = "communication",
    kinds: Mapping[int, str] | None = None,
) -> Outcome:
    """Do a call's work within its time; what the other side refuses is an error of this standard kind, or by status."""
    try:
        async with _heartbeats(), asyncio.timeout(call.timeout_s):
            output = await work
        check_depth(output, "answer")
        return Outcome(output=output)
    except TimeoutError:
        return _problem("timeout", 408, "Timeout", f"There was no answer within {call.timeout_s:g} seconds.")
    except RemoteError as error:
        outcome = refused(error, status=_status(error, kind))
        return Outcome(error={**outcome.error, "type": STANDARD + (kinds or {}).get(outcome.error["status"], kind)})
    except CauceError as error:
        return refused(error)


def _status(error: RemoteError, kind: str) -> int | None:
    """Return the HTTP status that the other side gave, else the usual one of the kind; None leaves it to the error."""
    given = error.detail.get("status") if isinstance(error.detail, dict) else None
    if isinstance(given, int) and given in _HTTP_ERRORS:
        return given
    return _RUNTIME if kind == "runtime" and isinstance(error, PermanentError) else None


def _problem(kind: str, status: int, title: str, detail: str) -> Outcome:
    return Outcome(error={"type": STANDARD + kind, "status": status, "title": title, "detail": detail})


@asynccontextmanager
async def _heartbeats() -> AsyncIterator[None]:
    """Tell Temporal now and then that the call lives; the answer may be that it was cancelled."""
    if activity.info().is_local:
        yield
        return
    async with heartbeats(_HEARTBEAT_S):
        yield
