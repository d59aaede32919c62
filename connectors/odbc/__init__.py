"""Reads and writes databases through ODBC, in worker processes that can be killed.

What it exports is imported on use: the worker processes import this package too, and need none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.odbc.connector import Connector, Settings

__all__ = ["Connector", "Settings"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is exported
    if name in __all__:
        return getattr(import_module("connectors.odbc.connector"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
