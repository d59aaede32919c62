"""Says what is different between two versions of a definition: by meaning, not by text."""

from workflows.comparison.change import Change, Kind
from workflows.comparison.definitions import compare

__all__ = ["Change", "Kind", "compare"]
