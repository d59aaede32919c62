"""Measure what the engine costs: the same five HTTP steps hand-written, as a definition, and on another engine.

`python -m tests.bench.bench_engine [--rounds 3] [--instances 100]` runs, interleaved in one process and against one
dev server: (a) a workflow written by hand against the Temporal SDK in its documented style, (b) a definition whose five
steps are regular activities, (c) a definition whose five steps are reads, (d) the same five steps on DBOS Transact.
Prints instances/s, CPU milliseconds an instance (client and worker; server apart), and the ratios with their targets.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from aiohttp import web
from temporalio.client import Client
from temporalio.worker import Worker

from cauce import contract, settings, worker
from cauce.contract import Start
from cauce.embedded import ports
from cauce.embedded.temporal_server import command, wait_until_ready
from cauce.http import close_sessions
from cauce.services.router import Router
from cauce.store.migrations import upgrade
from cauce.store.session import Store
from cauce.temporal import connect
from tests.bench import hand_written
from tests.bench.hand_written import STEPS, FiveSteps, step
from workflows.bundle import resolve

CLIENTS = 10


def definition(method: str) -> dict[str, Any]:
    """Return the same process as a published definition."""
    tasks = [
        {
            f"step{number}": {
                "call": "http",
                "with": {"method": method, "endpoint": f'${{ $context.base + "/{number}" }}'},
                "export": {"as": "$context + {total: ($context.total + .value)}"},
            }
        }
        for number in range(STEPS)
    ]
    document = {
        "document": {"dsl": "1.0.3", "namespace": "bench", "name": f"five-{method}", "version": "1.0.0"},
        "input": {"from": "{base: ., total: 0}"},
        "do": [*tasks, {"sum": {"set": "${ $context.total }"}}],
    }
    return resolve(document, operations={}, forms={}, decisions={}, stages={})


@dataclass(slots=True)
class Row:
    """What one variant did, a figure per round."""

    rates: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    server_ms: list[float] = field(default_factory=list)


async def measure(row: Row, run: Callable[[], Awaitable[int]], instances: int, server: psutil.Process | None) -> None:
    """Run a variant once: ten clients, each starting an instance as soon as its last has ended."""
    me = psutil.Process()
    left = iter(range(instances))

    async def client() -> None:
        for _ in left:
            total = await run()
            if total != STEPS * (STEPS - 1) // 2:
                message = f"wrong result {total}"
                raise ValueError(message)

    def cpu(process: psutil.Process | None) -> float:
        return sum(process.cpu_times()[:2]) if process else 0.0

    before, server_before, began = cpu(me), cpu(server), time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    row.rates.append(instances / (time.perf_counter() - began))
    row.cpu_ms.append((cpu(me) - before) / instances * 1000)
    row.server_ms.append((cpu(server) - server_before) / instances * 1000)


async def peer(stack: AsyncExitStack) -> str:
    """Start the stand-in for the service; each step answers its own number."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"value": int(request.match_info["number"])})

    app = web.Application()
    app.router.add_route("*", "/{number}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    port = ports.free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return f"http://127.0.0.1:{port}"


async def temporal(folder: Path, stack: AsyncExitStack) -> tuple[str, psutil.Process]:
    """Start the embedded server as `cauce up` does."""
    port, log = ports.free_port(), folder / "temporal.log"
    with log.open("wb") as output:
        line = command(folder / "temporal.db", "default", port, None)
        process = await asyncio.create_subprocess_exec(*line, stdout=output, stderr=output)

    async def stop() -> None:
        process.terminate()
        await process.wait()

    stack.push_async_callback(stop)
    address = f"127.0.0.1:{port}"
    await wait_until_ready(address, "default", log)
    return address, psutil.Process(process.pid)


async def variants(
    folder: Path, stack: AsyncExitStack, base: str, address: str
) -> dict[str, Callable[[], Awaitable[int]]]:
    """Start a worker for each variant, and return how to run one instance of it."""
    hand_written.session.append(await stack.enter_async_context(aiohttp.ClientSession()))
    plain = await Client.connect(address)
    await stack.enter_async_context(Worker(plain, task_queue="plain", workflows=[FiveSteps], activities=[step]))
    url = f"sqlite+aiosqlite:///{folder / 'store.db'}"
    await asyncio.to_thread(upgrade, url)
    store = await stack.enter_async_context(Store(url))
    client = await connect(address, store)
    made = worker.parts(settings.load(data_dir=folder), store, Router().wake)
    stack.push_async_callback(close_sessions)
    await stack.enter_async_context(worker.process_worker(client, made.local))
    writes, reads = definition("post"), definition("get")

    async def by_hand() -> int:
        return await plain.execute_workflow(FiveSteps.run, base, id=uuid.uuid4().hex, task_queue="plain")

    def defined(bundle: dict[str, Any]) -> Callable[[], Awaitable[int]]:
        title = f"{bundle['namespace']}.{bundle['name']}"

        async def run() -> int:
            key = uuid.uuid4().hex
            result: int = await client.execute_workflow(
                title,
                args=[bundle, Start(input=base, key=key)],
                id=f"{title}/{key}",
                task_queue=contract.TASK_QUEUE,
                request_eager_start=True,
            )
            return result

        return run

    return {
        "a hand-written, activities": by_hand,
        "b definition, activities": defined(writes),
        "c definition, reads": defined(reads),
        "d DBOS": dbos(folder, base, stack),
    }


def dbos(folder: Path, base: str, stack: AsyncExitStack) -> Callable[[], Awaitable[int]]:
    """Set up the same steps on DBOS Transact with its SQLite store."""
    from dbos import DBOS  # noqa: PLC0415 (starts threads; only the bench needs it)

    DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{folder / 'dbos.db'}", "log_level": "ERROR"})

    @DBOS.step()
    async def dbos_step(url: str) -> dict[str, Any]:
        async with hand_written.session[0].get(url) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    @DBOS.workflow()
    async def five_steps(start: str) -> int:
        total = 0
        for number in range(STEPS):
            total += (await dbos_step(f"{start}/{number}"))["value"]
        return total

    DBOS.launch()
    stack.callback(DBOS.destroy)

    async def run() -> int:
        handle = await DBOS.start_workflow_async(five_steps, base)
        result: int = await handle.get_result(polling_interval_sec=0.02)
        return result

    return run


async def main(rounds: int, instances: int) -> dict[str, Row]:
    """Run all variants, interleaved."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cauce-bench-")))
        base = await peer(stack)
        address, server = await temporal(folder, stack)
        runs = await variants(folder, stack, base, address)
        rows = {name: Row() for name in runs}
        for number in range(rounds + 1):
            for name, run in runs.items():
                # The first round warms up and does not count.
                row = rows[name] if number else Row()
                await measure(row, run, instances if number else CLIENTS, None if name.startswith("d") else server)
        return rows


def report(rows: dict[str, Row]) -> bool:
    """Print medians and ratios; tell whether every target was met."""
    mid = statistics.median
    for name, row in rows.items():
        print(f"{name:30} {mid(row.rates):7.1f}/s  CPU {mid(row.cpu_ms):6.1f} ms  server {mid(row.server_ms):6.1f} ms")
    a, b, c, d = (rows[name].rates for name in rows)

    def ratio(over: list[float], under: list[float]) -> float:
        return mid([x / y for x, y in zip(over, under, strict=True)])

    targets = {"b/a": (ratio(b, a), 0.9), "c/a": (ratio(c, a), 2.4), "c/d": (ratio(c, d), 1.0)}
    for name, (met, wanted) in targets.items():
        print(f"{name}: {met:.2f} (target {wanted})")
    hand, reads = (list(map(sum, zip(row.cpu_ms, row.server_ms, strict=True))) for row in list(rows.values())[:3:2])
    # What a machine can carry when it runs more than this one worker, which one processor's Python limits.
    print(f"processor time of worker and server together, a/c: {ratio(hand, reads):.2f}")
    return all(met >= wanted for met, wanted in targets.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--instances", type=int, default=100)
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        raise SystemExit(0 if report(asyncio.run(main(given.rounds, given.instances))) else 1)
