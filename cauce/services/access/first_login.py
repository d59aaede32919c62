"""How to log in for the first time: the account that the first run makes, and the file with its password."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FirstLogin:
    """The account of the first run; its password is in `file`, which only its owner can read."""

    user: str
    file: Path


def of(data_dir: Path) -> FirstLogin:
    """Return how to log in where nobody has made another account."""
    return FirstLogin("admin", data_dir / "admin-password")


def forget(data_dir: Path, user: str) -> None:
    """Remove the file once its account has another password: what is in it is good for nothing any more."""
    first = of(data_dir)
    if user == first.user:
        first.file.unlink(missing_ok=True)
