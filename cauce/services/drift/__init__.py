"""Drift: contracts of connections are read again, and what changed becomes a case for somebody."""
