"""What kind of file some bytes are, by how they begin; what a browser or a name says of them is not believed.

Only kinds that no browser runs are known. Nothing is unpacked beyond the list of names in an archive.
"""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import PurePath
from typing import Final

MIME: Final[Mapping[str, str]] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "text": "text/plain",
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_BEGINNINGS: Final = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)
_SUFFIXES: Final[Mapping[str, str]] = {
    ".pdf": "pdf",
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".gif": "gif",
    ".webp": "webp",
    ".txt": "text",
    ".csv": "csv",
    ".docx": "docx",
    ".xlsx": "xlsx",
    ".odt": "odt",
    ".ods": "ods",
}
_INSIDE: Final = (("docx", "word/document.xml"), ("xlsx", "xl/workbook.xml"))
_WEBP: Final = slice(8, 12)
_MOST_NAMES: Final = 5_000
_LONGEST_NAME: Final = 120
# What is packed a hundred times over, and much of it, is made to fill the machine of who opens it.
_MOST_UNPACKED: Final = 50_000_000
_MOST_TIMES: Final = 100


def kind_of(name: str, content: bytes) -> str | None:
    """Return the kind of a file when its name and its content agree on one that is known."""
    said = _SUFFIXES.get(PurePath(name).suffix.lower())
    found = _found(content)
    if found is None and said in {"text", "csv"} and _is_text(content):
        return said
    return said if said == found else None


def suffixes(kinds: list[str]) -> str:
    """Return the endings of the names of these kinds, as the attribute `accept` has them."""
    return ",".join(suffix for suffix, kind in _SUFFIXES.items() if kind in kinds)


def safe_name(name: str) -> str:
    """Return the name of a file without folders, control characters, and what turns the direction of writing."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(each for each in last if each.isprintable()).strip(" .")
    path = PurePath(shown or "file")
    return path.stem[: _LONGEST_NAME - len(path.suffix)] + path.suffix[:_LONGEST_NAME]


def _found(content: bytes) -> str | None:
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content.startswith(b"RIFF") and content[_WEBP] == b"WEBP":
        return "webp"
    return _office(content) if content.startswith(b"PK\x03\x04") else None


def _office(content: bytes) -> str | None:
    # The formats of OpenDocument begin with their own name, not compressed.
    open_document = next((kind for kind in ("odt", "ods") if MIME[kind].encode() in content[:200]), None)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names, unpacked = archive.namelist(), sum(each.file_size for each in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if unpacked > max(_MOST_UNPACKED, _MOST_TIMES * len(content)):
        return None
    if open_document:
        return open_document
    if len(names) > _MOST_NAMES or any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    return next((kind for kind, inside in _INSIDE if inside in names), None)


def _is_text(content: bytes) -> bool:
    if b"\x00" in content:
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        # What spreadsheets of this country wrote for decades.
        return not any(byte < 32 and byte not in b"\t\n\r\f" for byte in content)  # noqa: PLR2004 - control characters
    return True
