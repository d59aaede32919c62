"""Draws a process: its tasks as an outline, and as a flowchart with the way of an instance through it."""
