"""Files that are not what they say, or more than they say, are told by name and first bytes, and never unpacked."""

import tracemalloc
import zipfile
from io import BytesIO

import pytest

from cauce.file_types import kind_of, safe_name

PNG = b"\x89PNG\r\n\x1a\n"
SCRIPT = b"<script>alert(1)</script>"


def archive(names: dict[str, bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in names.items():
            file.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>"),
        ("page.html", SCRIPT),
        ("invoice.pdf.exe", b"MZ\x90\x00"),
        ("invoice.pdf", b"MZ\x90\x00"),
        ("photo.png", b"GIF89a" + SCRIPT),
        ("photo.jpg.html", b"\xff\xd8\xff" + SCRIPT),
        ("archive.zip", archive({"a.txt": b"x"})),
        ("letter.docx", archive({"a.txt": b"x"})),
        ("sheet.xlsx", archive({f"n{number}": b"" for number in range(5_001)} | {"xl/workbook.xml": b""})),
        ("broken.docx", b"PK\x03\x04" + b"\x00" * 40),
    ],
)
def test_what_is_not_what_it_says_is_refused(name: str, content: bytes) -> None:
    assert kind_of(name, content) is None


def test_a_file_that_is_two_things_has_the_kind_of_its_name_and_is_only_ever_saved() -> None:
    # It is given back as `image/png` with `nosniff`, to be saved: what stands behind the first bytes runs nowhere.
    assert kind_of("photo.png", PNG + SCRIPT) == "png"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = archive({"word/document.xml": b"\0" * 50_000_000})
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        assert kind_of("letter.docx", bomb) == "docx"
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_huge_image_is_not_decoded() -> None:
    header = PNG + b"\x00\x00\x00\rIHDR" + b"\xff\xff\xff\xff" * 2 + b"\x08\x06\x00\x00\x00"
    assert kind_of("photo.png", header) == "png"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/abs/olute.pdf", "olute.pdf"),
        ("C:\\x\\invoice.pdf", "invoice.pdf"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_a_name_keeps_no_folder_and_no_control(given: str, kept: str) -> None:
    assert safe_name(given) == kept
