"""A small Spanish company with systems of its own, generated from a seed."""
