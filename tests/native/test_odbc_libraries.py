import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from cauce import native
from cauce.errors import SettingsError

_QUERY = """
import sys
from cauce.native import driver_path, load_odbc
load_odbc()
load_odbc()
import pyodbc
connection = pyodbc.connect(f"Driver={driver_path('sqlite')};Database=:memory:", autocommit=True)
print(connection.execute("select 40 + 2").fetchone()[0])
for name in ("postgresql", "mariadb", "freetds"):
    print(driver_path(name).name)
"""
_NOBODY = 65534


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    native.driver_path.cache_clear()
    yield
    native.driver_path.cache_clear()


def _run(user: int | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _QUERY],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(native.__file__).parents[2],
        env={"PATH": os.environ["PATH"]},  # above all no LD_LIBRARY_PATH and no ODBCINI
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        timeout=60,
    )


def _need_drivers(require: Callable[[str, str], NoReturn]) -> None:
    try:
        for name in ("sqlite", "postgresql", "mariadb", "freetds"):
            native.driver_path(name)
    except SettingsError as missing:
        require("odbc", str(missing))


def test_pyodbc_works_without_any_configuration(require: Callable[[str, str], NoReturn]) -> None:
    _need_drivers(require)
    answer = _run()
    assert (answer.stdout.split(), answer.stderr) == (["42", "psqlodbcw.so", "libmaodbc.so", "libtdsodbc.so"], "")


@pytest.mark.skipif(os.getuid() != 0, reason="whoever runs this is unprivileged already: the test above shows it")
def test_an_unprivileged_user_can_use_the_drivers(require: Callable[[str, str], NoReturn]) -> None:
    _need_drivers(require)
    for python in (Path(sys.executable), Path(sys.executable).resolve()):
        if subprocess.run(["test", "-x", python], check=False, user=_NOBODY, extra_groups=[]).returncode:
            pytest.skip(f"nobody but root may enter the folder of {python}")
    answer = _run(user=_NOBODY)
    assert (answer.stdout.split(), answer.stderr) == (["42", "psqlodbcw.so", "libmaodbc.so", "libtdsodbc.so"], "")


def test_a_missing_driver_says_what_to_install_and_where_it_looked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "odbc"
    folder.mkdir()
    monkeypatch.setattr(native, "_driver_dirs", lambda: iter([folder, tmp_path / "absent"]))
    monkeypatch.setattr(native, "native_dir", lambda: tmp_path / "environment")
    with pytest.raises(SettingsError) as caught:
        native.driver_path("postgresql")
    assert str(caught.value) == (
        "The ODBC driver for postgresql (psqlodbcw.so) is missing. Run `apt-get install odbc-postgresql` as root, or"
        f" `make setup`, which needs no root. Looked in {folder}, {tmp_path / 'environment'}."
    )


def test_a_broken_driver_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "libtdsodbc.so").write_bytes(b"not a library")
    monkeypatch.setattr(native, "_driver_dirs", lambda: iter([tmp_path]))
    with pytest.raises(SettingsError, match=r"cannot be loaded: .*Run `apt-get install tdsodbc` as root"):
        native.driver_path("freetds")


def test_an_unknown_driver_names_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="Known are sqlite, postgresql, mariadb, freetds"):
        native.driver_path("oracle")


def test_what_the_system_lacks_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    libraries = tmp_path / "usr/lib/x86_64-linux-gnu"
    libraries.mkdir(parents=True)
    (libraries / "libcauce-test.so.1").write_bytes(b"not a library")
    monkeypatch.setattr(native, "native_dir", lambda: tmp_path)
    monkeypatch.setattr(native, "_MANAGER", ("libcauce-test.so.1",))
    native.load_odbc.cache_clear()
    # It is found there, so the complaint is about the file and no longer about its absence.
    with pytest.raises(SettingsError, match=rf"{libraries}/libcauce-test\.so\.1: "):
        native.load_odbc()
