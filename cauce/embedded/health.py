"""Asks the parts of a stack whether they work, not only whether their process is there."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError

from cauce.contract import TASK_QUEUE

_patience_s = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """How one part is: `healthy` or not, and one sentence about it."""

    healthy: bool
    sentence: str
    version: str = ""


async def temporal(address: str, namespace: str) -> Health:
    """Ask the Temporal server."""
    try:
        async with asyncio.timeout(_patience_s):
            client = await Client.connect(address, namespace=namespace)
            serving = await client.service_client.check_health()
            version = await _server_version(client)
    except (RPCError, RuntimeError, TimeoutError):
        return Health(healthy=False, sentence=f"Nothing answers at {address}.")
    sentence = "Serving." if serving else "It says that it is not serving."
    return Health(healthy=serving, sentence=sentence, version=version)


async def api(url: str) -> Health:
    """Ask the API; it is healthy when it reaches its store and Temporal."""
    try:
        timeout = aiohttp.ClientTimeout(total=_patience_s)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/api/v1/health") as answer:
            body = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return Health(healthy=False, sentence=f"Nothing answers at {url}.")
    version = str(body.get("version", "")) if isinstance(body, dict) else ""
    if answer.status == HTTPStatus.OK:
        return Health(healthy=True, sentence="Serving.", version=version)
    return Health(healthy=False, sentence=f"It answers with status {answer.status}.", version=version)


async def worker(address: str, namespace: str, since: float) -> Health:
    """Look whether somebody who came after `since` asks Temporal for process tasks."""
    request = DescribeTaskQueueRequest(
        namespace=namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        async with asyncio.timeout(_patience_s):
            client = await Client.connect(address, namespace=namespace)
            answer = await client.workflow_service.describe_task_queue(request)
    except (RPCError, RuntimeError, TimeoutError):
        return Health(healthy=False, sentence="Temporal does not say who polls.")
    # A poller stays listed for minutes after its end, so one from before does not count.
    polling = any(poller.last_access_time.seconds >= int(since) for poller in answer.pollers)
    return Health(healthy=polling, sentence="Polling." if polling else "It does not poll for tasks.")


async def _server_version(client: Client) -> str:
    return (await client.workflow_service.get_system_info(GetSystemInfoRequest())).server_version
