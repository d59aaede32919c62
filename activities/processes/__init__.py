"""Processes that a definition starts: confined by the kernel, limited, and ended with all they started."""
