"""Calls SOAP services described by a WSDL, through zeep."""

import sys

try:
    import xmlsec  # noqa: F401 - zeep looks for it
except Exception:  # noqa: BLE001 - it refuses an lxml of another build, and with it everything here would be lost
    # zeep takes this for a package that is not there; a connection that signs is refused then, and no other.
    sys.modules["xmlsec"] = None  # type: ignore[assignment]  # what the import system itself does for a blocked name

from connectors.soap.connector import Connector
from connectors.soap.settings import Settings

__all__ = ["Connector", "Settings"]
