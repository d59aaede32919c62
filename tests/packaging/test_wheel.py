"""The wheel works by itself, away from the checkout: data files, console script, names that are ours alone."""

import importlib.metadata
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, files

# What the program reads at run time, so it has to be in the wheel.
_DATA = {".html", ".json", ".yaml", ".yml", ".sql", ".css", ".wsdl", ".xsd", ".csv"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the wheel as pip would, next to nothing else of ours."""
    folder = tmp_path_factory.mktemp("site")
    # Few of its modules are loaded here, so compiling all of them takes longer than what is tried.
    options = ("--quiet", "--no-deps", "--no-index", "--no-compile", "--no-cache-dir", "--disable-pip-version-check")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", folder, wheel], check=True, capture_output=True
    )
    return folder


def test_wheel_by_way_of_the_sdist_has_every_file(names: set[str]) -> None:
    wanted = {
        str(path)
        for path in files()
        if path.parts[0] in PACKAGES
        and (path.suffix == ".py" or path.suffix in _DATA)
        and "node_modules" not in path.parts
    }
    assert sorted(wanted - names) == []


def test_wheel_has_what_set_up_builds(names: set[str]) -> None:
    built = [*ROOT.glob("api/static/vendor/*.js"), *ROOT.glob("api/locale/*/LC_MESSAGES/*.mo")]
    assert built, "`make setup` has not run"
    assert [str(path.relative_to(ROOT)) for path in built if str(path.relative_to(ROOT)) not in names] == []


def test_wheel_has_nothing_else(names: set[str]) -> None:
    strange = {name for name in names if name.split("/")[0] not in PACKAGES and ".dist-info/" not in name}
    assert strange == set()
    assert [name for name in names if "node_modules" in name or "__pycache__" in name] == []


def test_modules_of_the_wheel_load_away_from_the_checkout(site: Path, tmp_path: Path) -> None:
    code = f"import {', '.join(PACKAGES)}; print(cauce.__file__)"
    answer = _python(site, tmp_path, "-c", code)
    assert (answer.returncode, answer.stdout.strip()) == (0, str(site / "cauce/__init__.py")), answer.stderr


def test_console_script_runs_away_from_the_checkout(site: Path, tmp_path: Path) -> None:
    answer = _python(site, tmp_path, site / "bin/cauce", "eval", ".a + 1", "--input", '{"a": 41}', "--json")
    assert answer.returncode == 0, answer.stderr
    assert "42" in answer.stdout


def _python(site: Path, cwd: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    # PYTHONPATH goes before the editable install of the checkout.
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, "-P", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_top_level_names_belong_to_us_alone() -> None:
    """Distributions that own `workflows` or `connectors` exist; pip would merge theirs into ours without a word."""
    owners = importlib.metadata.packages_distributions()
    others = {name: [owner for owner in owners.get(name, []) if owner != "cauce"] for name in PACKAGES}
    assert {name: found for name, found in others.items() if found} == {}


def test_the_files_of_the_packages_come_from_one_place() -> None:
    answer = _python(
        ROOT, ROOT, "-c", f"import {', '.join(PACKAGES)}\nfor m in ({', '.join(PACKAGES)}): print(*m.__path__)"
    )
    assert [Path(line).parent for line in answer.stdout.splitlines()] == [ROOT] * len(PACKAGES), answer.stderr
