"""The process of the engine's benchmark, written by hand in the SDK's documented style."""

from datetime import timedelta
from typing import Any

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    import aiohttp

STEPS = 5
session: list[aiohttp.ClientSession] = []


@activity.defn
async def step(url: str) -> dict[str, Any]:
    """Call one step of the stand-in service."""
    async with session[0].get(url) as response:
        answer: dict[str, Any] = await response.json()
        return answer


@workflow.defn
class FiveSteps:
    """The process written by hand."""

    @workflow.run
    async def run(self, base: str) -> int:
        """Call five steps and add up what they answer."""
        total = 0
        for number in range(STEPS):
            answer = await workflow.execute_activity(
                step, f"{base}/{number}", start_to_close_timeout=timedelta(seconds=30)
            )
            total += answer["value"]
        return total
