"""Brings native libraries and servers out of Debian packages into the environment, without root.

`apt-get download` and `dpkg-deb -x` need no rights; only package lists that nobody has fetched yet must be fetched to a
folder of our own. What the system has installed already is used as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.steps import NATIVE, VENV, SetupError, command, say

# Each with the names it had in other releases.
ODBC_PACKAGES = (
    ("libodbc2", "libodbc1"),
    ("libodbcinst2", "odbcinst1debian2"),
    ("libltdl7",),
    ("libsqliteodbc",),
    ("odbc-postgresql",),
    ("odbc-mariadb",),
    ("tdsodbc",),
)
_DEBIAN = "The Debian package archive"
_TO_INSTALL = re.compile(r"^Inst (\S+) \(", re.MULTILINE)
# Never from a package: the process has them loaded, and a second copy of these is not survived.
_OF_THE_SYSTEM = re.compile(r"^(libc6|libc-bin|libgcc-s1|libstdc\+\+6|gcc-.*-base)$")
# PostgreSQL runs without these: the compiler is for huge queries, the rest keeps clusters of a whole machine.
_NOT_FOR_TESTS = re.compile(r"^(libllvm|perl|libperl|lib.*-perl$|postgresql-common|ssl-cert|adduser|passwd|locales)")


def odbc_command() -> str:
    """Return what a person with root runs instead."""
    return "apt-get install " + " ".join(names[0] for names in ODBC_PACKAGES)


def bring_odbc() -> str:
    """Unpack unixODBC and the drivers; what cannot be had is said, because all else works without it."""
    try:
        count = bring(ODBC_PACKAGES)
    except SetupError as cause:
        say(f"      {cause}")
        say(f"      Without them ODBC connections do not work. As root: {odbc_command()}")
        return "left out"
    return f"{count} packages unpacked into the environment"


def bring_databases() -> str:
    """Unpack the servers of PostgreSQL and MariaDB for the tests; in one go, because asking apt takes the longest."""
    try:
        count = bring((("postgresql",), ("mariadb-server-core",)), leave_out=_NOT_FOR_TESTS)
    except SetupError as cause:
        say(f"      {cause}")
        say("      Without them tests on databases do not run. As root: apt-get install postgresql mariadb-server-core")
        return "left out"
    return f"{count} packages unpacked into the environment"


def bring_mosquitto() -> str:
    """Unpack a broker of MQTT for the tests."""
    try:
        count = bring((("mosquitto",),), leave_out=_NOT_FOR_TESTS)
    except SetupError as cause:
        say(f"      {cause}")
        say("      Without it tests with a broker do not run. As root: apt-get install mosquitto")
        return "left out"
    return f"{count} packages unpacked into the environment"


def bring_php() -> tuple[Path, Path]:
    """Unpack PHP with its SOAP library, a peer for long tests; return the program and the folder of its extensions."""
    if _php() is None:
        bring((("php-cli",), ("php-soap",)), leave_out=_NOT_FOR_TESTS)
    found = _php()
    if found is None:
        raise SetupError("Debian's packages of PHP have no SOAP library where it was looked for.")
    return found


def _php() -> tuple[Path, Path] | None:
    for root in (Path("/usr"), NATIVE / "usr"):
        libraries, programs = sorted(root.glob("lib/php/*/soap.so")), sorted(root.glob("bin/php[0-9]*"))
        if libraries and programs:
            return programs[-1], libraries[-1].parent
    return None


def bring_sshd() -> Path:
    """Unpack OpenSSH's server, a peer for long tests of SFTP, and return the program."""
    places = [Path("/usr/sbin/sshd"), NATIVE / "usr/sbin/sshd"]
    if not any(place.exists() for place in places):
        bring((("openssh-server",),), leave_out=_NOT_FOR_TESTS)
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise SetupError("Debian's package of OpenSSH's server has no program where it was looked for.")
    return found


def mosquitto_program() -> Path | None:
    """Return the broker of MQTT: the system's, else the environment's."""
    places = [Path("/usr/sbin/mosquitto"), NATIVE / "usr/sbin/mosquitto"]
    return next((place for place in places if place.exists()), None)


def postgresql_bin() -> Path | None:
    """Return the folder of the newest PostgreSQL server: the system's, else the environment's."""
    folders = [Path("/usr/lib/postgresql"), NATIVE / "usr/lib/postgresql"]
    for folder in folders:
        versions = [path for path in folder.glob("*/bin") if (path / "initdb").exists() and path.parent.name.isdigit()]
        if versions:
            return max(versions, key=lambda path: int(path.parent.name))
    if shutil.which("pg_config"):
        bindir = Path(command(["pg_config", "--bindir"]).strip())
        if (bindir / "initdb").exists():
            return bindir
    return None


def mariadb_root() -> Path | None:
    """Return the folder with `sbin/mariadbd` and `share/mysql` of a MariaDB server: the system's, else ours."""
    roots = [Path("/usr"), NATIVE / "usr"]
    return next((root for root in roots if (root / "sbin/mariadbd").exists() and (root / "share/mysql").is_dir()), None)


def library_path() -> str:
    """Return the library path for programs out of the environment's packages; empty when there are none."""
    return os.pathsep.join(str(path) for path in sorted((NATIVE / "usr/lib").glob("*-linux-gnu*")))


def bring(wanted: tuple[tuple[str, ...], ...], leave_out: re.Pattern[str] = re.compile(r"$.")) -> int:
    """Unpack the wanted packages, and what they need that is not installed, into the environment."""
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise SetupError(f"{program} is missing: this is not a Debian or Ubuntu system.")
    with tempfile.TemporaryDirectory(prefix="cauce-packages-") as scratch:
        folder = Path(scratch)
        try:
            packages = _download(wanted, leave_out, folder, [])
        except SetupError:
            # No lists, or lists so old that the archive no longer has what they name.
            say("      fetching package lists")
            options = _own_lists()
            command(["apt-get", *options, "update"], source=_DEBIAN)
            packages = _download(wanted, leave_out, folder, options)
        NATIVE.mkdir(parents=True, exist_ok=True)
        for archive in packages:
            command(["dpkg-deb", "-x", archive, NATIVE])
    return len(packages)


def bring_file(package: str, pattern: str, target: Path) -> Path | None:
    """Unpack one package and copy the newest file that matches out of it; None when that is not possible."""
    with tempfile.TemporaryDirectory(prefix="cauce-packages-") as scratch:
        folder = Path(scratch)
        for options in ([], _own_lists()):
            try:
                if options:
                    command(["apt-get", *options, "update"], source=_DEBIAN)
                command(["apt-get", *_quiet(), *options, "download", package], source=_DEBIAN, cwd=folder)
            except (SetupError, FileNotFoundError):
                continue
            for archive in folder.glob("*.deb"):
                command(["dpkg-deb", "-x", archive, folder])
            found = sorted(folder.glob(pattern))
            if found:
                return Path(shutil.copy(found[-1], target))
    return None


def _download(
    wanted: tuple[tuple[str, ...], ...], leave_out: re.Pattern[str], folder: Path, options: list[str]
) -> list[Path]:
    names = [_known(alternatives, options) for alternatives in wanted]
    plan = command(["apt-get", *options, "--simulate", "--no-install-recommends", "install", *names], source=_DEBIAN)
    missing = [name for name in _TO_INSTALL.findall(plan) if not _OF_THE_SYSTEM.match(name)]
    needed = [name for name in missing if not leave_out.match(name)]
    if needed:
        say(f"      {', '.join(needed)}")
        command(["apt-get", *_quiet(), *options, "download", *needed], source=_DEBIAN, cwd=folder)
    return sorted(folder.glob("*.deb"))


def _known(alternatives: tuple[str, ...], options: list[str]) -> str:
    for name in alternatives:
        shown = subprocess.run(
            ["apt-cache", *options, "show", "--no-all-versions", name], capture_output=True, check=False
        )
        if shown.returncode == 0 and shown.stdout:
            return name
    raise SetupError(f"The package lists know no {' or '.join(alternatives)}.")


def _own_lists() -> list[str]:
    """Return options for package lists of our own, for a machine where we may not fetch the system's."""
    folder = VENV / "apt"
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    return ["-o", f"Dir::State::lists={folder / 'lists'}", "-o", f"Dir::Cache={folder / 'cache'}", *_quiet()]


def _quiet() -> list[str]:
    # As root apt-get would drop to a user who may not read a private folder, and warn.
    return ["-o", "APT::Sandbox::User=root", "-q"]
