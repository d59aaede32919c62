"""What came of the leads: told by the instances and by the ERP's own database, not by what the demo believes it did."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from temporalio.client import Client, WorkflowFailureError

from cauce.contract import JSON
from demo.company import Company

_at_once = 32


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures at the end; `lost` counts by reason, `amount` is in euro.

    `duplicates` are references with more than one order in the ERP, `joined` leads that joined one that was open.
    """

    leads: int
    rejected: int
    qualified: int
    lost: Mapping[str, int]
    orders: int
    duplicates: int
    amount: float
    open_tasks: int
    seconds: float
    faulted: int = 0
    mails_sent: int = 0
    mails_received: int = 0
    joined: int = 0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How the instances ended; `faulted` says of each that did, why."""

    qualified: int
    lost: Mapping[str, int]
    faulted: tuple[str, ...]
    joined: int = 0


async def outcomes(client: Client, definition: str) -> Outcomes:
    """Read how every instance of a definition ended."""
    lost: Counter[str] = Counter()
    qualified = joined = 0
    problems: list[str] = []
    gate = asyncio.Semaphore(_at_once)

    async def one(instance: str) -> JSON:
        async with gate:
            try:
                return await client.get_workflow_handle(instance).result()
            except WorkflowFailureError as error:
                problems.append(f"{instance} faulted: {error.cause}")
                return None

    ended = [
        found.id
        async for found in client.list_workflows(f"CauceDefinition = '{definition}' AND ExecutionStatus != 'Running'")
    ]
    for output in await asyncio.gather(*(one(name) for name in ended)):
        result = output if isinstance(output, dict) else {}
        qualified += bool(result.get("qualified"))
        joined += (result.get("outcome"), result.get("reason")) == ("discarded", "duplicate")
        if result.get("outcome") == "lost":
            lost[str(result.get("reason") or "unknown")] += 1
    return Outcomes(qualified, dict(lost.most_common()), tuple(problems), joined)


def summarize(
    company: Company, ended: Outcomes, *, leads: int, rejected: int, open_tasks: int, seconds: float
) -> Summary:
    """Put the summary together, with orders, duplicates and amount from the ERP."""
    erp = company.orders_summary()
    return Summary(
        leads=leads,
        rejected=rejected,
        qualified=ended.qualified,
        lost=ended.lost,
        orders=erp["orders"],
        duplicates=erp["duplicates"],
        amount=erp["amount"],
        open_tasks=open_tasks,
        seconds=round(seconds, 1),
        faulted=len(ended.faulted),
        mails_sent=len(company.post.sent()),
        mails_received=len(company.post.received()),
        joined=ended.joined,
    )
