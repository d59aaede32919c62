"""Brings the ODBC manager and its drivers into the process, from the system or from the environment.

pyodbc's wheel lacks unixODBC, and a machine where nobody may install packages has no drivers either. `make setup`
therefore unpacks both into the `native` folder of the environment; here they are found again. Called by whatever
imports pyodbc (the worker processes of `connectors/odbc`, the demo company's databases) before it does.
"""

import ctypes
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from cauce.errors import SettingsError

Driver = Literal["sqlite", "postgresql", "mariadb", "freetds"]

# Each driver's file, and the Debian package that holds it.
_DRIVERS: dict[Driver, tuple[str, str]] = {
    "sqlite": ("libsqlite3odbc.so", "libsqliteodbc"),
    "postgresql": ("psqlodbcw.so", "odbc-postgresql"),
    "mariadb": ("libmaodbc.so", "odbc-mariadb"),
    "freetds": ("libtdsodbc.so", "tdsodbc"),
}
# In this order: libodbc needs libltdl, pyodbc needs libodbc.
_MANAGER = ("libltdl.so.7", "libodbcinst.so.2", "libodbc.so.2")
_MISSING = re.compile(r"^([\w.+-]+\.so[\w.]*): cannot open shared object file")


def native_dir() -> Path:
    """Return the folder of this environment that holds unpacked Debian packages; it need not exist."""
    return Path(sys.prefix) / "native"


@cache
def load_odbc() -> None:
    """Load unixODBC, so that `import pyodbc` succeeds afterwards; calling it again does nothing."""
    for name in _MANAGER:
        try:
            _load(name, mode=ctypes.RTLD_GLOBAL)
        except OSError as cause:
            raise SettingsError(
                f"The ODBC manager is missing: {cause}.",
                hint="Run `apt-get install libodbc2 libodbcinst2` as root, or `make setup`, which needs no root."
                f" Looked in the system's library path and in {native_dir()}.",
            ) from cause


@cache
def driver_path(name: Driver) -> Path:
    """Return the driver's file for `Driver=` of a connection string, with the libraries that it needs loaded.

    Call it in the process that connects: what it loads stays in that process.
    """
    if name not in _DRIVERS:
        known = ", ".join(_DRIVERS)
        raise SettingsError(f"{name!r} is not an ODBC driver that Cauce knows.", hint=f"Known are {known}.")
    file, package = _DRIVERS[name]
    install = f"Run `apt-get install {package}` as root, or `make setup`, which needs no root."
    found = next((folder / file for folder in _driver_dirs() if (folder / file).is_file()), None)
    if found is None:
        raise SettingsError(
            f"The ODBC driver for {name} ({file}) is missing.",
            hint=f"{install} Looked in {', '.join(_looked_in())}.",
        )
    load_odbc()
    try:
        _load(str(found), mode=ctypes.RTLD_LOCAL)
    except OSError as cause:
        raise SettingsError(f"The ODBC driver for {name} ({found}) cannot be loaded: {cause}.", hint=install) from cause
    return found


def _load(library: str, *, mode: int) -> None:
    """Load a library and, where the system lacks them, those it needs from the environment.

    A library that is in the process already satisfies the need of the next one by its name, wherever it came from.
    """
    tried: set[str] = set()
    while True:
        try:
            ctypes.CDLL(library, mode=mode)
        except OSError as cause:
            missing = _MISSING.match(str(cause))
            found = missing and missing[1] not in tried and _in_environment(missing[1])
            if not missing or not found:
                raise
            tried.add(missing[1])
            _load(str(found), mode=mode)
            if missing[1] == library:
                return
        else:
            return


def _in_environment(name: str) -> Path | None:
    return next((folder / name for folder in _library_dirs() if (folder / name).exists()), None)


def _library_dirs() -> Iterator[Path]:
    """Yield the folders of the environment that hold libraries, the machine's own architecture included."""
    for lib in (native_dir() / "usr/lib", native_dir() / "lib"):
        yield from sorted(lib.glob("*-linux-gnu*"))
        yield lib


def _driver_dirs() -> Iterator[Path]:
    for root in (Path("/usr"), Path("/usr/local"), native_dir() / "usr"):
        for lib in [*sorted((root / "lib").glob("*-linux-gnu*")), root / "lib", root / "lib64"]:
            yield lib / "odbc"
            yield lib


def _looked_in() -> list[str]:
    """List the folders that exist, for a person; the environment's always, because it says what set-up would make."""
    native = native_dir()
    found = [str(folder) for folder in _driver_dirs() if folder.is_dir() and not folder.is_relative_to(native)]
    return [*found, str(native)]
