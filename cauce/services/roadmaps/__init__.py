"""Roadmaps: their plans, what has happened so far, and what the figures say."""
