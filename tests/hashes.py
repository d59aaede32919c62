"""Passwords are hashed in no time: that it takes long is the library's virtue, not what most tests are about."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from argon2 import PasswordHasher

from cauce.services.access import proving


@contextmanager
def quick_hashes() -> Iterator[None]:
    """Hash what this process hashes; whoever reads a hash, also another process, takes only as long as it says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proving, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield
