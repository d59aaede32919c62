"""Offers a SOAP service: others start processes and send events, by a WSDL that is made from JSON Schemas."""

from typing import Final

from connectors.soapserver.connector import Connector
from connectors.soapserver.settings import Settings

# Rules of `cauce connect quality` that cannot apply, each with its reason.
exempt: Final = {
    "deadline": "Nobody is called.",
    "errors": "Nobody is called; what is refused when it comes is told by cauce.errors.",
}

__all__ = ["Connector", "Settings", "exempt"]
