"""How fast expressions are beside the native `jq` and `jaq` bindings, measured in one run.

Run it as `python -m tests.bench.bench_expressions`. Each engine compiles once and then takes Python data and gives
Python data, as the program uses it. What counts is the processor's time, and of several rounds, in which the engines
take turns, the best one: other work on the machine slows a round, nothing makes one too fast.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jaq
import jq

from cauce.expressions import compile_expression

LINE = {"sku": "A-100", "qty": 3, "price": 19.95, "vat": 21}
ORDER: dict[str, Any] = {
    "lead": {"id": "L-1", "score": 71, "contact": {"name": "Ana Gil", "email": "ana@example.com"}},
    "lines": [LINE | {"sku": f"A-{number}", "qty": number % 5} for number in range(20)],
    "notes": "x" * 300,
}
CASES = {
    "path": ".lead.contact.email",
    "condition": '.lead.score >= 30 and (.lead.contact.email | endswith("example.com"))',
    "transform": """
      def net: .qty * .price;
      . as $order
      | (.lines | map(select(.qty > 0))) as $lines
      | {
          reference: "opp:\\(.lead.id)",
          customer: .lead.contact.name,
          score: (.lead.score // 0),
          urgent: (.lead.score > 70),
          count: ($lines | length),
          total: ($lines | map(net) | add),
          lines: [
            $lines[] | {
              item: .sku,
              quantity: .qty,
              amount: net,
              tax: (net * .vat / 100)
            }
          ],
          channel: (if $order.lead.score > 50 then "direct" else "partner" end)
        }
    """,
}


# Evaluations a second on one core, as docs/expressions.md promises them.
targets = {"path": 300_000, "transform": 10_000}
Once = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured for one case: evaluations a second."""

    name: str
    own: float
    jq: float
    jaq: float


def engines(text: str) -> list[Once]:
    """Return an evaluation of the same text by each engine, after checking that they agree."""
    own, by_jq, by_jaq = compile_expression(text), jq.compile(text), jaq.compile(text)
    calls: list[Once] = [
        lambda: own.first(ORDER),
        lambda: by_jq.input_value(ORDER).first(),
        lambda: next(iter(by_jaq.run(ORDER))),
    ]
    assert calls[0]() == calls[1]()
    return calls


def rate(call: Once, seconds: float) -> float:
    """Return calls a second of the processor's time."""
    count, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for _ in range(20):
            call()
        count += 20
    return count / spent


def measure(seconds: float, rounds: int) -> list[Row]:
    """Measure every case."""
    rows = []
    for name, text in CASES.items():
        calls = engines(text)
        best = [0.0] * len(calls)
        for _ in range(rounds):
            best = [max(known, rate(call, seconds)) for known, call in zip(best, calls, strict=True)]
        rows.append(Row(name, *best))
    return rows


def report(rows: list[Row]) -> None:
    """Print the rows."""
    sys.stdout.write(f"\n{'case':<12}{'cauce/s':>12}{'jq/s':>12}{'jaq/s':>12}{'to jq':>8}{'to jaq':>8}{'target':>10}\n")
    for row in rows:
        target = f"{targets[row.name]:,}" if row.name in targets else ""
        sys.stdout.write(
            f"{row.name:<12}{row.own:>12,.0f}{row.jq:>12,.0f}{row.jaq:>12,.0f}"
            f"{row.own / row.jq:>8.1f}{row.own / row.jaq:>8.1f}{target:>10}\n"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    report(measure(options.seconds, options.rounds))
