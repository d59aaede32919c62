"""Takes what other systems post: signed, in JSON, as a form or as text."""

from typing import Final

from connectors.webhook.connector import Connector
from connectors.webhook.settings import Settings

# Rules of `cauce connect quality` that cannot apply, each with its reason.
exempt: Final = {
    "deadline": "Nobody is called.",
    "errors": "Nobody is called; what is refused when it comes is told by cauce.errors.",
}

__all__ = ["Connector", "Settings", "exempt"]
