"""What the tests of files share: layouts, and calls of a connector."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cauce.connector import Effect, Operation
from cauce.errors import RemoteError
from connectors import file

Open = Callable[..., file.Connector]
ORDERS = [
    {"name": "number", "header": "Nº pedido", "required": True},
    {"name": "units", "header": "Uds.", "type": "integer"},
    {"name": "total", "header": "Importe", "type": "decimal"},
    {"name": "day", "header": "Fecha", "type": "date", "pattern": "%d/%m/%Y"},
    {"name": "paid", "header": "Pagado", "type": "boolean", "true": "S", "false": "N"},
]
SPANISH = {"type": "csv", "delimiter": ";", "decimal": ",", "thousands": ".", "encoding": "latin-1", "columns": ORDERS}
FIXED = {
    "type": "fixed",
    "encoding": "latin-1",
    "line_end": "crlf",
    "columns": [
        {"name": "sku", "start": 1, "length": 6},
        {"name": "units", "start": 7, "length": 5, "type": "integer", "align": "right", "pad": "0"},
        {"name": "price", "start": 13, "length": 8, "type": "decimal", "align": "right"},
    ],
}


async def call(connector: file.Connector, calls: str, params: Any = None, timeout_s: float = 10) -> Any:
    effect: Effect = "write" if calls.startswith(("write", "move")) else "read"
    return await connector.call(Operation("op", calls, effect, timeout_s=timeout_s), params)


async def failed(connector: file.Connector, calls: str, params: Any = None, timeout_s: float = 10) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await call(connector, calls, params, timeout_s)
    return caught.value


async def rows(connector: file.Connector, calls: str, params: Any = None) -> Any:
    return (await call(connector, calls, params))["rows"]


def listed(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())
