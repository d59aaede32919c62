"""The embedded stack: everything that one machine needs, started, watched and stopped together."""
