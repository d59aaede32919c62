"""Reads and writes files of rows in a folder: of this machine, or of a server that speaks SFTP."""

from connectors.file.connector import Connector
from connectors.file.settings import Settings

__all__ = ["Connector", "Settings"]
