"""Reads definition files and folders for `check` and `publish`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cauce.errors import Finding, InputError
from schemas import Source
from schemas.files import below, beside, is_test, load_files


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read, what could not be, and the neighbours that were not asked for but may be referred to."""

    asked: tuple[Source, ...]
    unreadable: tuple[Finding, ...]
    neighbours: tuple[Source, ...] = ()


def read(paths: Sequence[Path], *, tests: bool = False) -> Sources:
    """Read all definition files at or below `paths`, and the other kinds in the same `definitions` folder.

    With `tests`, the tests in folders as well.

    Raises:
        InputError: A path is not there.
    """
    files = list(dict.fromkeys(file for path in paths for file in _files(path, tests=tests)))
    asked, unreadable = load_files(files)
    # One process is checked together with the forms and connections that lie beside it in their folders.
    known = {file.resolve() for file in files}
    found = [*beside(files), *beside(filter(is_test, files), flat=True)]
    neighbours, _ = load_files([file for file in dict.fromkeys(found) if file.resolve() not in known])
    return Sources(tuple(asked), tuple(unreadable), tuple(neighbours))


def _files(path: Path, *, tests: bool) -> Iterator[Path]:
    if path.is_dir():
        yield from below(path, tests=None if tests else False)
    elif path.exists():
        yield path
    else:
        raise InputError(f"There is no file or folder {path}.", hint="Check the path.")
