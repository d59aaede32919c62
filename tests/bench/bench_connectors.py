"""How much of bare zeep's speed is left when the connector stands between; see `bench_odbc` for databases.

Run it as `python -m tests.bench.bench_connectors`; it prints one line per measure and the ratio of the medians. The two
sides take turns in one run, so that a busy machine slows both; beside the clock's seconds stand those of the processor,
of this process and all that it started, which other work on the machine does not change.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import psutil
import zeep

from cauce.connector import Operation
from connectors import soap
from tests.bench.soap_server import SoapServer

target = 0.85
Once = Callable[[], Awaitable[float]]


async def compare(name: str, bare: Once, ours: Once, rounds: int) -> dict[str, Any]:
    """Let both take turns and compare the medians of their seconds."""
    await bare()
    await ours()
    seconds: dict[str, list[float]] = {"bare": [], "ours": []}
    processor: dict[str, list[float]] = {"bare": [], "ours": []}
    for number in range(rounds):
        order = [("bare", bare), ("ours", ours)]
        for side, once in order if number % 2 else reversed(order):
            before = processor_s()
            seconds[side].append(await once())
            processor[side].append(processor_s() - before)
    bare_s, ours_s = statistics.median(seconds["bare"]), statistics.median(seconds["ours"])
    best = min(seconds["bare"]) / min(seconds["ours"])
    spent = statistics.median(processor["bare"]) / statistics.median(processor["ours"])
    return {"name": name, "bare_s": round(bare_s, 4), "ours_s": round(ours_s, 4),
            "ratio": round(bare_s / ours_s, 3), "ratio_of_best": round(best, 3),
            "ratio_of_processor": round(spent, 3)}  # fmt: skip


def processor_s() -> float:
    """Return the processor's seconds of this process and of all that it started and that still runs."""
    me = psutil.Process()
    return sum(sum(each.cpu_times()[:2]) for each in (me, *me.children(recursive=True)))


def line(result: Mapping[str, Any]) -> str:
    """Return a result for people."""
    return (
        f"{result['name']:<36} bare {result['bare_s']:.4f} s  connector {result['ours_s']:.4f} s  ratio"
        f" {result['ratio']:.2f} (target {target}; best {result['ratio_of_best']:.2f}, processor"
        f" {result['ratio_of_processor']:.2f}, load {os.getloadavg()[0]:.1f})\n"
    )


async def bench_soap(calls: int, rounds: int) -> dict[str, Any]:
    """Call one operation again and again: bare is a zeep client that is made once, with its own transport."""
    async with SoapServer() as server:
        client = zeep.Client(server.wsdl)
        connector = soap.Connector("erp", soap.Settings(wsdl=server.wsdl))
        operation = Operation("create", "Create", "write")
        params = {"Reference": "opp:1", "Lines": [{"Sku": f"A{i}", "Qty": i, "Price": 1.5} for i in range(1, 11)]}

        def in_a_row() -> float:
            started = time.perf_counter()
            for _ in range(calls):
                client.service.Create(**params)
            return (time.perf_counter() - started) / calls

        async def bare() -> float:
            return await asyncio.to_thread(in_a_row)

        async def ours() -> float:
            started = time.perf_counter()
            for _ in range(calls):
                await connector.call(operation, params)
            return (time.perf_counter() - started) / calls

        async with connector:
            return await compare("soap call of 10 lines", bare, ours, rounds)


def main() -> int:
    """Print the results; the exit code says whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = [asyncio.run(bench_soap(given.calls, given.rounds))]
    load = round(os.getloadavg()[0], 2)
    if given.json:
        sys.stdout.write(json.dumps({"load": load, "target": target, "results": results}) + "\n")
    else:
        sys.stdout.write("".join(map(line, results)))
    return 0 if all(result["ratio"] >= target for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
