"""What README and docs show is what `make pictures` makes."""

import re

from tests.architecture.sources import ROOT


def test_every_picture_that_is_shown_is_made_by_the_browser_suite() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")]
    shown = {name for page in pages for name in re.findall(r"images/([\w-]+)\.png", page.read_text(encoding="utf-8"))}
    maker = (ROOT / "tests/e2e/browser/test_pictures.py").read_text(encoding="utf-8")
    assert shown == set(re.findall(r'save\(page, "([\w-]+)"\)', maker))
    assert shown == {path.stem for path in (ROOT / "docs/images").iterdir()}
