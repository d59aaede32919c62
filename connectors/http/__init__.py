"""Calls systems that speak HTTP and JSON."""

from connectors.http.connector import Connector, Settings

__all__ = ["Connector", "Settings"]
