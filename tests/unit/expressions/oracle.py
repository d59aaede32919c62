"""Answer expressions with the native `jq`, one JSON object a line; a process of its own, because it can hang."""

import json
import sys
from typing import Any

import jq


def answer(expression: str, data: Any) -> dict[str, Any]:
    """Evaluate with `jq`."""
    try:
        return {"outputs": jq.compile(expression).input_value(data).all()}
    except ValueError as error:
        return {"error": str(error)}


for line in sys.stdin:
    case = json.loads(line)
    sys.stdout.write(json.dumps(answer(case["expr"], case["input"])) + "\n")
    sys.stdout.flush()
