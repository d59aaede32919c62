"""A folder that the operator allows, and connections to it."""

from pathlib import Path
from typing import Any

import pytest

from connectors import file
from tests.connectors.file.calls import Open


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "allowed" / "in"
    folder.mkdir(parents=True)
    monkeypatch.setenv("CAUCE_FILE_FOLDERS", f"/nowhere, {tmp_path / 'allowed'}")
    return folder


@pytest.fixture
def opened(folder: Path) -> Open:
    def open_(layout: Any = None, **more: Any) -> file.Connector:
        given = {"folder": str(folder), **({"format": layout} if layout else {}), **more}
        return file.Connector("files", file.Settings.model_validate(given))

    return open_
