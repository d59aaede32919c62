"""Says of the operations of a connection what the WSDL says of them now."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import zeep

from cauce.connector import JSON, Operation
from cauce.errors import PermanentError
from cauce.importing import Budget, Described, in_full
from connectors.soap.schemas import Schemas
from connectors.soap.service import Parsed, Where, bind


def described(
    client: zeep.Client, parsed: Parsed, where: Where, operations: Sequence[Operation]
) -> Mapping[str, Described]:
    """Return the schemas of the messages of those operations that the WSDL has; blocks."""
    found = {}
    for each in operations:
        try:
            bound = bind(client, parsed, each.calls, where).operation
        except (PermanentError, ValueError):
            continue
        found[each.name] = Described(
            in_full(partial(_schema, parsed, bound, "input")), in_full(partial(_schema, parsed, bound, "output"))
        )
    return found


def _schema(parsed: Parsed, operation: Any, direction: str, budget: Budget) -> JSON:  # noqa: ANN401 - zeep's
    schemas = Schemas(parsed.enumerations, budget)
    return schemas.sent(operation.input) if direction == "input" else schemas.answered(operation.output, loose=False)
