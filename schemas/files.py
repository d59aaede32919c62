"""Finds definition files: those in a folder, the tests among them, and the files that lie beside others."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from cauce.errors import CauceError, Finding, InputError
from schemas.source import Source, findings_of, load_file

KIND_FOLDERS: Final = (
    *(
        "alerts",
        "calendars",
        "clocks",
        "capabilities",
        "clocks",
        "connections",
        "decisions",
        "forms",
        "functions",
        "policies",
        "processes",
        "profiles",
        "roadmaps",
        "stages",
        "syncs",
        "templates",
    ),
)
_SUFFIXES: Final = (".yaml", ".yml")
_TESTS: Final = (".test.yaml", ".test.yml")


def is_test(path: Path) -> bool:
    """Tell whether a file is a test by its name."""
    return path.name.endswith(_TESTS)


def below(folder: Path, *, tests: bool | None = False) -> list[Path]:
    """Return the definition files in a folder and below: without the tests, only them, or both (None)."""
    found = (path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    return sorted(path for path in found if tests is None or is_test(path) is tests)


def beside(files: Iterable[Path], *, flat: bool = False) -> list[Path]:
    """Return the definitions that files may refer to: those in the folders of the kinds around them.

    With `flat`, a file that is in no such folder may refer to what is in its own folder, and below.
    """
    folders: dict[Path, None] = {}
    here = Path.cwd()
    for file in files:
        home = file.resolve().parent
        home = home.relative_to(here) if home.is_relative_to(here) else home
        if home.name in KIND_FOLDERS:
            folders |= dict.fromkeys(home.parent / kind for kind in KIND_FOLDERS)
        elif flat:
            folders[home] = None
    return list(dict.fromkeys(path for folder in folders for path in below(folder)))


def load_files(files: Sequence[Path]) -> tuple[list[Source], list[Finding]]:
    """Read files; what cannot be read becomes findings."""
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
