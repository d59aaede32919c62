"""Calls SOAP services described by a WSDL, through zeep."""

from connectors.soap.connector import Connector, Settings

__all__ = ["Connector", "Settings"]
