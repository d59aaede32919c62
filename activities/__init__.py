"""What a workflow causes in the world."""
