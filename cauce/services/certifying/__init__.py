"""Tries out whether a connection does what a capability asks, with real calls."""
