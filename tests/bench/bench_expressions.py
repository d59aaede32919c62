"""Print how fast expressions are beside the native `jq` binding, measured in one run."""

import sys
import time
from collections.abc import Callable
from typing import Any

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


def rate(call: Callable[[], object], seconds: float) -> float:
    """Return calls a second, the best of three."""
    best = 0.0
    for _ in range(3):
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            for _ in range(20):
                call()
            count += 20
        best = max(best, count / spent)
    return best


def main() -> None:
    """Measure each case with both engines."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
    try:
        import jq  # noqa: PLC0415 - only for the comparison
    except ImportError:
        jq = None
    sys.stdout.write(f"{'case':<12}{'cauce/s':>12}{'jq/s':>12}{'ratio':>8}\n")
    for name, text in CASES.items():
        expression = compile_expression(text)
        own = rate(lambda expression=expression: expression.first(ORDER), seconds)  # type: ignore[misc]
        native = 0.0
        if jq is not None:
            program = jq.compile(text)
            assert program.input_value(ORDER).first() == expression.first(ORDER)
            native = rate(lambda program=program: program.input_value(ORDER).first(), seconds)  # type: ignore[misc]
        sys.stdout.write(f"{name:<12}{own:>12,.0f}{native:>12,.0f}{own / native if native else 0:>8.1f}\n")


if __name__ == "__main__":
    main()
