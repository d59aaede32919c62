"""Every form that changes something carries the token of its session; the cases are the templates themselves."""

import re
from pathlib import Path

import pytest

import api

templates = sorted((Path(api.__file__).parent / "templates").glob("*.html"))


@pytest.mark.parametrize("template", templates, ids=lambda each: each.stem)
def test_every_form_carries_the_token(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    forms = [found for found in re.split(r"(?=<form\b)", text)[1:] if re.match(r'<form[^>]*method="post"', found)]
    for form in forms:
        assert "csrf_input()" in form.partition("</form>")[0], form[:120]
    # What htmx sends by itself goes with the form around it, or says its token.
    assert not re.findall(r"hx-(?:put|patch|delete)=", text)


def test_there_are_forms_to_look_at() -> None:
    assert sum('method="post"' in each.read_text(encoding="utf-8") for each in templates) > 15
