"""Servers and programs that the standard's examples call by name."""
