"""What an instance says of itself, asked of the worker that runs it."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from cauce.services.temporal_errors import has_not_begun
from cauce.services.waiting import begin_timeout, query_timeout

JSON = Any
_AGAIN_S: Final = 0.1


async def asked(handle: WorkflowHandle[Any, Any], question: str, *, patience: timedelta = begin_timeout) -> JSON:
    """Return what an instance answers to a query; the run that takes the place of another one is waited for.

    Until its first task is scheduled Temporal refuses to ask such a run, at once. `patience` is how long that is put up
    with; then the refusal is raised.
    """
    loop = asyncio.get_running_loop()
    last = loop.time() + patience.total_seconds()
    while True:
        try:
            return await handle.query(question, rpc_timeout=query_timeout)
        except RPCError as error:
            if not has_not_begun(error) or loop.time() >= last:
                raise
        await asyncio.sleep(_AGAIN_S)
