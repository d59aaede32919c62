"""What axe finds only where a page has something to say: the parts of pages that come after somebody did something."""

import re
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "api/templates"
# With another role these are no heading, list or table any more, and what is in them belongs to none.
STRUCTURE = re.compile(r'<(?:h[1-6]|[ou]l|dl|li|dt|dd|table|t[hrd])\b[^>]*\brole="(?:status|alert|log)"')


def test_what_is_announced_stays_what_it_is() -> None:
    found = [f"{path.name}: {each[0]}" for path in TEMPLATES.iterdir() for each in STRUCTURE.finditer(path.read_text())]
    assert found == []
