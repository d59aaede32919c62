"""Permissions: what is granted to whom, why somebody may do something, and which duties one person must not join."""
