"""Calls an operation for a sync: checked against its contract, mapped, called, mapped back."""

from typing import Any

from activities.connections import Opened
from cauce.connection import classify
from cauce.connector import Operation
from cauce.depth import check_depth
from cauce.errors import RemoteError
from cauce.expressions import compile_expression
from schemas import validate_data

JSON = Any


async def carry_out(opened: Opened, operation: Operation, params: JSON) -> JSON:
    """Call an operation once and return its answer; raises what is wrong with the arguments, or what was refused."""
    where = f"{operation.name}@{opened.connection.name}"
    if operation.input is not None:
        validate_data(operation.input, params, where=where)
    request = compile_expression(operation.request).first(params, {})
    try:
        answer = await opened.call(operation, params, request)
    except RemoteError as error:
        told = classify(error, operation)
        # It may be the same, and nothing is its own cause: Temporal follows causes to their end.
        raise told from told.__cause__
    answer = compile_expression(operation.response).first(answer, {})
    check_depth(answer, f"answer of {where}")
    return answer
