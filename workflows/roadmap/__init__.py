"""Roadmaps: what a definition plans, when it happens, and what the figures say. Pure, and the same on every run."""
