"""What is in the repository works on every machine and gives nothing of one away."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, files

# A home or work folder of somebody, and where packages come from: neither is anybody else's business.
_MACHINE_PATH = re.compile(r"(?<![\w.~$}{-])/(?:home|root|Users|mnt|work|tmp/[a-z]\w*)/(?!\.\.\.)[\w.-]+")
_REGISTRY = re.compile(
    r"(pypi|npmjs|yarnpkg|pythonhosted|debian|ubuntu)\.(org|com)|--(extra-)?index-url|--find-links|--trusted-host",
    re.IGNORECASE,
)
_SELF = Path(__file__).relative_to(ROOT)
_TEXT = {
    ".cfg",
    ".css",
    ".html",
    ".in",
    ".js",
    ".json",
    ".md",
    ".mjs",
    ".po",
    ".py",
    ".sh",
    ".sql",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
    "",
}
_IMAGES = {"Dockerfile", "docker-compose.yml"}  # images come out of a container registry, not of one of packages


def _texts() -> list[tuple[Path, str]]:
    texts = [path for path in files() if path.suffix in _TEXT and path != _SELF]
    return [(path, (ROOT / path).read_text(encoding="utf-8", errors="replace")) for path in texts]


def _hits(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in _texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry() -> None:
    assert [hit for hit in _hits(_REGISTRY) if hit.split(":")[0] not in _IMAGES and "--no-emit" not in hit] == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert _hits(_MACHINE_PATH) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-setup.txt", "requirements-dev.txt"])
def test_requirements_are_pinned(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.lstrip().startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!+-]+( ; .+)?", line)] == []
    assert lines


def test_the_pins_cover_what_the_project_declares() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = {_canonical(re.split(r"[\[>=<~! ]", entry)[0]) for entry in declared}
    pinned = {
        _canonical(line.split("==")[0]) for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line
    }
    assert wanted - pinned == set()


def test_the_files_of_requirements_agree() -> None:
    versions: dict[str, set[str]] = {}
    for path in ROOT.glob("requirements*.txt"):
        for line in path.read_text().splitlines():
            if "==" in line:
                name, _, version = line.partition("==")
                versions.setdefault(_canonical(name), set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("folder", [".", "demo/erp"])
def test_browser_and_node_packages_are_pinned(folder: str) -> None:
    manifest = json.loads((ROOT / folder / "package.json").read_text())
    asked = {**manifest.get("dependencies", {}), **manifest.get("devDependencies", {})}
    assert asked
    assert {name: version for name, version in asked.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    assert [name for name, entry in lock.items() if name and "integrity" not in entry] == []


def test_every_package_of_the_wheel_says_what_it_is_for() -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    assert sorted(built) == sorted(PACKAGES)
    assert [name for name in PACKAGES if '"""' not in (ROOT / name / "__init__.py").read_text()] == []
