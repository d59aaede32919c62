"""By which operation a `notify` sends mail: for those who check, publish and compile it."""

from collections.abc import Mapping
from typing import Final

from cauce.contract import JSON

_CONNECTION: Final = "mail"


def operations_of(call: str, given: Mapping[str, JSON]) -> tuple[str, ...]:
    """Return the operation that a call needs besides its name: that which sends mail, if it is one that does."""
    if call.partition(":")[0] != "notify":
        return ()
    channel = given.get("channel", "mail" if "email" in given.get("to", {}) else "inbox")
    return (f"send@{given.get('connection', _CONNECTION)}",) if channel == "mail" else ()
