"""Reads definition files and folders for `check` and `publish`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cauce.errors import CauceError, Finding, InputError
from schemas import Source, findings_of, load_file

_suffixes = {".yaml", ".yml"}
_kind_folders = ("connections", "decisions", "forms", "processes", "stages")


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read, what could not be, and the neighbours that were not asked for but may be referred to."""

    asked: tuple[Source, ...]
    unreadable: tuple[Finding, ...]
    neighbours: tuple[Source, ...] = ()


def read(paths: Sequence[Path]) -> Sources:
    """Read all definition files at or below `paths`, and the other kinds in the same `definitions` folder.

    Raises:
        InputError: A path is not there.
    """
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    asked, unreadable = _load(files)
    # One process is checked together with the forms and connections that lie beside it in their folders.
    roots = dict.fromkeys(file.resolve().parent.parent for file in files if file.resolve().parent.name in _kind_folders)
    known = {file.resolve() for file in files}
    beside = [file for root in roots for kind in _kind_folders for file in _below(root / kind)]
    neighbours, _ = _load([file for file in beside if file.resolve() not in known])
    return Sources(tuple(asked), tuple(unreadable), tuple(neighbours))


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from _below(path)
    elif path.exists():
        yield path
    else:
        raise InputError(f"There is no file or folder {path}.", hint="Check the path.")


def _below(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.suffix in _suffixes and path.is_file())
    return sorted(path for path in found if not path.name.endswith((".test.yaml", ".test.yml")))


def _load(files: Sequence[Path]) -> tuple[list[Source], list[Finding]]:
    sources: list[Source] = []
    unreadable: list[Finding] = []
    for file in files:
        try:
            sources.append(load_file(file))
        except CauceError as error:
            unreadable += findings_of(error, str(file))
        except OSError as error:
            unreadable += findings_of(InputError(f"The file cannot be read: {error.strerror}.", where=str(file)))
    return sources, unreadable
