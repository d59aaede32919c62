"""Kinds of other packages, installed for one test."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cauce import registry
from cauce.sdk import quality

Install = Callable[[str, str, str], None]


def _forget() -> None:
    registry.load.cache_clear()
    registry._entry_points.cache_clear()  # noqa: SLF001 - a program looks once; a test installs something
    quality.judge.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return what puts a module and the metadata of its package where pip would: name of the kind, source, readme."""
    monkeypatch.syspath_prepend(str(tmp_path))
    installed = []

    def put(kind: str, source: str, readme: str) -> None:
        about = tmp_path / f"cauce_{kind}-0.1.0.dist-info"
        about.mkdir()
        (tmp_path / f"cauce_{kind}.py").write_text(source, "utf-8")
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: cauce-{kind}\nVersion: 0.1.0\n\n{readme}\n")
        (about / "entry_points.txt").write_text(f"[cauce.connectors]\n{kind} = cauce_{kind}\n")
        installed.append(f"cauce_{kind}")
        _forget()

    yield put
    for name in installed:
        sys.modules.pop(name, None)
    _forget()
