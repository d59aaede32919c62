"""Sets a checkout up on a machine that has nothing but Python: `python3 -m tools.bootstrap [--for demo|work|test]`.

Called by the Makefile. Needs no rights, only the Python package index, Debian's packages and the npm registry; does
nothing, in a second or two, when nothing has changed. Only the standard library.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path  # noqa: TC003 - no TYPE_CHECKING block for one name

from tools import browser, native_packages
from tools.steps import BIN, ROOT, VENV, Counter, SetupError, Step, command, run_all, say

OLDEST = (3, 11)
_PYPI = "The Python package index"
_NPM = "The npm registry"
_VENDOR = ROOT / "api/static/vendor"
# What the pages load: the npm package, the file in it, and its licence, which goes along.
_ASSETS = {
    "htmx.min.js": ("htmx.org", "dist/htmx.min.js", "LICENSE"),
    "mermaid.min.js": ("mermaid", "dist/mermaid.min.js", "LICENSE"),
    "frappe-gantt.umd.js": ("frappe-gantt", "dist/frappe-gantt.umd.js", "license.txt"),
    "frappe-gantt.css": ("frappe-gantt", "dist/frappe-gantt.css", "license.txt"),
}
_REQUIREMENTS = ("requirements.txt", "requirements-setup.txt")
_REQUIREMENTS_DEV = (*_REQUIREMENTS, "requirements-dev.txt")
_ODBC_WORKS = (
    "from cauce.native import driver_path, load_odbc; load_odbc(); import pyodbc;"
    " [driver_path(name) for name in ('sqlite', 'postgresql', 'mariadb', 'freetds')]"
)


def main() -> int:
    """Set the checkout up and return the exit code."""
    parser = argparse.ArgumentParser(description="Set this checkout up; does nothing when nothing has changed.")
    parser.add_argument(
        "--for", dest="purpose", choices=("demo", "work", "test"), default="work", help="how much to bring in"
    )
    purpose = parser.parse_args().purpose
    started = time.monotonic()
    try:
        use_new_enough_python()
        run_all(steps(purpose))
    except SetupError as problem:
        say(f"\nThe set-up stopped: {problem}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped; run it again and it goes on where it was.")
        return 130
    say(f"Ready in {time.monotonic() - started:.1f} s.")
    return 0


def steps(purpose: str) -> list[Step]:
    """List the steps for a purpose: the demo, work on the code, or all the tests."""
    requirements = _REQUIREMENTS if purpose == "demo" else _REQUIREMENTS_DEV
    # What the demo needs is part of what the others need, so each purpose has a stamp of its own.
    packages = "packages" if purpose == "demo" else "packages-dev"
    erp = ROOT / "demo/erp"
    made: list[Step] = [
        Step("Python environment", "venv", make_venv, lambda: [sys.executable], pip_exists),
        Step(
            "Python packages",
            packages,
            lambda: install_packages(requirements),
            lambda: [ROOT / name for name in requirements],
            (BIN / "temporal").exists,
            ("venv",),
        ),
        Step("ODBC manager and drivers", "odbc", native_packages.bring_odbc, lambda: ["1"], odbc_works, ("venv",)),
        Step(
            "Cauce itself",
            "project",
            install_project,
            lambda: [ROOT / "pyproject.toml"],
            (BIN / "cauce").exists,
            (packages,),
        ),
        Step("Browser assets", "assets", bring_assets, lambda: npm_inputs(ROOT), assets_exist, (packages,)),
    ]
    if (erp / "package.json").exists():
        made.append(_npm_step("The demo company's ERP", "erp", erp, packages))
    made.append(Step("Translations", "translations", compile_catalogs, catalogs, catalogs_compiled, (packages,)))
    return made + (_test_steps(packages) if purpose == "test" else [])


def _npm_step(sentence: str, stamp: str, folder: Path, packages: str) -> Step:
    installed = folder / "node_modules"
    # Node comes with the packages.
    return Step(sentence, stamp, lambda: npm_install(folder), lambda: npm_inputs(folder), installed.exists, (packages,))


def _test_steps(packages: str) -> list[Step]:
    # What is Debian's comes one after the other.
    servers = ROOT / "tests/servers"
    return [
        _npm_step("OpenID provider for the tests", "openid", servers / "oidc-provider", packages),
        _npm_step("Rules of accessibility for the tests", "axe", ROOT / "tests/e2e/browser/axe-core", packages),
        _npm_step("Language server of editors for the tests", "editor", servers / "yaml-language-server", packages),
        Step(
            "A broker of MQTT for the tests",
            "mosquitto",
            native_packages.bring_mosquitto,
            lambda: ["1"],
            lambda: native_packages.mosquitto_program() is not None,
            ("odbc",),
        ),
        Step(
            "PostgreSQL and MariaDB for the tests",
            "databases",
            native_packages.bring_databases,
            lambda: ["1"],
            lambda: native_packages.postgresql_bin() is not None and native_packages.mariadb_root() is not None,
            ("mosquitto",),
        ),
        Step(
            "Chromium for the tests",
            "chromium",
            browser.bring_chromium,
            lambda: ["1"],
            lambda: browser.chromium() is not None,
            ("databases",),
        ),
    ]


def use_new_enough_python() -> None:
    """Start again with a newer Python when this one is too old and the machine has one."""
    if sys.version_info >= OLDEST:
        return
    for minor in (13, 12, 11):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(  # noqa: S606 - the same program, no shell wanted
                newer, [newer, "-m", "tools.bootstrap", *sys.argv[1:]]
            )
    found = ".".join(map(str, sys.version_info[:3]))
    raise SetupError(
        f"Cauce needs Python 3.11 or newer; {sys.executable} is {found}. "
        "As root: `apt-get install python3.11 python3.11-venv` (or 3.12, 3.13), then run this again."
    )


def make_venv() -> str | None:
    """Make the environment, also where the system's Python came without pip."""
    if pip_exists():
        return "the one there is stays"
    shutil.rmtree(VENV, ignore_errors=True)
    answer = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if answer.returncode == 0:
        return None
    shutil.rmtree(VENV, ignore_errors=True)
    command([sys.executable, "-m", "venv", "--without-pip", VENV])
    wheel = native_packages.bring_file("python3-pip-whl", "usr/share/python-wheels/pip-*.whl", VENV)
    if wheel is None:
        shutil.rmtree(VENV, ignore_errors=True)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(
            "This Python cannot make environments (the module ensurepip is missing). "
            f"As root: `apt-get install python{version}-venv`, then run this again."
        )
    command([BIN / "python", f"{wheel}/pip", "install", "--no-index", wheel])
    return "done, with pip out of Debian's package"


def pip_exists() -> bool:
    """Tell whether the environment is there and whole."""
    return (BIN / "python").exists() and (BIN / "pip").exists()


def install_packages(requirements: tuple[str, ...]) -> None:
    """Install the pinned packages.

    One pip does one thing after the other, so two share what is pinned. What is not (pip-tools pins no setuptools), and
    whatever would not fit together, a last one finds that has hardly anything left to do.
    """
    lines = [line for name in requirements for line in (ROOT / name).read_text().splitlines()]
    pinned = list(dict.fromkeys(line for line in lines if re.match(r"[\w.-]+==", line)))
    seen = Counter(len(pinned))
    # Where most are there already, the last one is done sooner alone.
    if len(pinned) > len(list(VENV.glob("lib/python*/site-packages/*.dist-info"))):
        with ThreadPoolExecutor(2) as pool:
            halves = [_pip_install("--no-deps", *half) for half in (pinned[::2], pinned[1::2])]
            list(pool.map(lambda half: command(half, source=_PYPI, on_line=seen), halves))
    files = [argument for name in requirements for argument in ("-r", name)]
    command(_pip_install("--quiet", *files), source=_PYPI)


def _pip_install(*arguments: str) -> list[str | Path]:
    return [BIN / "python", "-m", "pip", "install", "--no-input", "--disable-pip-version-check", *arguments]


def install_project() -> None:
    """Install the checkout itself, so that edits count at once."""
    command(_pip_install("--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)), source=_PYPI)


def odbc_works() -> bool:
    """Tell whether the manager and the drivers load."""
    probe = subprocess.run([BIN / "python", "-c", _ODBC_WORKS], capture_output=True, check=False, cwd=ROOT)
    return probe.returncode == 0


def npm_inputs(folder: Path) -> list[Path]:
    """List the files that say what npm installs in a folder."""
    return [path for path in (folder / "package.json", folder / "package-lock.json") if path.exists()]


def npm_install(folder: Path) -> None:
    """Install exactly what the lock file names; scripts of packages do not run."""
    npm: list[str | Path] = [BIN / "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    command(npm, source=_NPM, cwd=folder)


def bring_assets() -> str:
    """Copy what the pages load out of the npm packages."""
    npm_install(ROOT)
    _VENDOR.mkdir(parents=True, exist_ok=True)
    for target, (package, source, licence) in _ASSETS.items():
        folder = ROOT / "node_modules" / package
        shutil.copyfile(folder / source, _VENDOR / target)
        shutil.copyfile(folder / licence, _VENDOR / f"{target}.LICENSE.txt")
    return f"{len(_ASSETS)} assets in {_VENDOR.relative_to(ROOT)}"


def assets_exist() -> bool:
    """Tell whether every asset has been copied."""
    return all((_VENDOR / target).exists() for target in _ASSETS)


def catalogs() -> list[Path]:
    """List the message catalogs."""
    return sorted((ROOT / "api/locale").glob("*/LC_MESSAGES/*.po"))


def compile_catalogs() -> str:
    """Compile the catalogs to what gettext reads."""
    for catalog in catalogs():
        command([BIN / "pybabel", "--quiet", "compile", "-i", catalog, "-o", catalog.with_suffix(".mo")])
    return f"{len(catalogs())} catalogs compiled"


def catalogs_compiled() -> bool:
    """Tell whether every catalog has been compiled."""
    return all(catalog.with_suffix(".mo").exists() for catalog in catalogs())


if __name__ == "__main__":
    sys.exit(main())
