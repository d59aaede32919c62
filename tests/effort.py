"""How many examples a law is tried on: some in `make test`, all in `make soak`."""

import os

WHOLE = "CAUCE_TEST_EFFORT" in os.environ


def examples(number: int) -> int:
    """Return how many of so many examples are tried now."""
    return number if WHOLE else max(8, number // 3)
