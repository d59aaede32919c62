"""The command `cauce`: one module per command or group of commands, imported only when it is used."""

from cauce.cli.root import app, main

__all__ = ["app", "main"]
