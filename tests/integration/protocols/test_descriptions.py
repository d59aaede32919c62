"""Descriptions of services in the folder of the definitions: found there, and nowhere else."""

from pathlib import Path

import pytest

from cauce.errors import PermanentError
from cauce.services.descriptions import from_folder


async def test_file_is_found_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "greet me.proto").write_text("syntax", encoding="utf-8")
    assert await from_folder(tmp_path, "file://app/greet%20me.proto") == "syntax"
    assert await from_folder(tmp_path, "file:///app/greet%20me.proto") == "syntax"


@pytest.mark.parametrize(
    "uri",
    ["file:///etc/passwd", "file://../secret.proto", "file://app/../../secret.proto", "file://app/link.proto",
     "file://app/readme.md", "file://app", "file://app/missing.proto", "file://app/%00.proto"],
)  # fmt: skip
async def test_nothing_else_is_read(tmp_path: Path, uri: str) -> None:
    folder = tmp_path / "definitions"
    (folder / "app").mkdir(parents=True)
    (tmp_path / "secret.proto").write_text("s3cret", encoding="utf-8")
    (folder / "app" / "link.proto").symlink_to(tmp_path / "secret.proto")
    (folder / "app" / "readme.md").write_text("x", encoding="utf-8")
    with pytest.raises(PermanentError, match="no file"):
        await from_folder(folder, uri)
