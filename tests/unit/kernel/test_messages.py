"""Templates: what they say, what they refuse, and where they stop."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cauce.cli import app
from cauce.errors import TemplateError
from cauce.messages import rendering
from cauce.messages.language import optional, parse, variables
from cauce.messages.paper import pdf
from cauce.messages.plain import as_html, as_text
from cauce.messages.rendering import Message, render

runner = CliRunner()


def said(body: str, data: Mapping[str, Any], language: str = "es", **more: Any) -> Message:
    return render({"template": "t", "title": "T", "body": body, **more}, language, data)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{{ n|number }} {{ n|number(0) }} {{ n|money('USD') }}", "1.234,5 1.234 1.234,50\u00a0US$"),
        ("{{ day|date }} {{ day|date('short') }}", "30 de noviembre de 2026 30/11/26"),
        ("{{ day|moment('short', 'Europe/Madrid') }}", "30/11/26, 1:00"),
        ("{{ names|join(' y ') }}, {{ names|length }}, {{ names[1] }}", "Eva y Luis, 2, Luis"),
        ("{% for k, v in map|items if v > 1 %}{{ k }}={{ v }}{% else %}-{% endfor %}", "b=2"),
        ("{{ nothing|default('none') }} {{ map.c is defined }} {{ null }}", "none False "),
        ("{{ [3, 1]|sort|first }} {{ -n + 1 }} {{ 7 % 4 * 2 }} {{ 'a' ~ n }}", "1 -1233.5 6 a1234.5"),
    ],
)
def test_templates_write_as_people_of_the_language_do(body: str, text: str) -> None:
    data = {"n": 1234.5, "day": "2026-11-30", "names": ["Eva", "Luis"], "map": {"a": 1, "b": 2}, "null": None}
    assert said(body, data).text == text


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{{ names }}", "This is a list, and only a text or a number can be written."),
        ("{{ map }}", "This is a map, and only a text or a number can be written."),
        ("\n{{ map.aa.b }}", "There is no `aa`; did you mean `a`?"),
        ("{{ 'x' * 1000000000 }}", "`*` works on numbers only."),
        ("{{ '%999999999d' % 1 }}", "`%` works on numbers only."),
        ("{{ 'x'|money }}", "This is not a number."),
        ("{{ 'x'|date }}", "This is no date: write it as 2026-11-30, or 2026-11-30T09:00:00Z."),
        ("{{ 1|date('tiny') }}", "A date is short, medium, long or full."),
        ("{{ 1|moment('short', 'Mars') }}", "There is no time zone `Mars`."),
        ("{{ names|items }}", "`items` is for maps."),
        ("{{ ''.__class__ }}", "There is no `__class__`."),
        ("{{ map.items }}", "There is no `items`."),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ ' limits' }}{{ limits }}", "There is no `limits`."),
        ("{{ map.items() }}", "A template has no calls."),
        ("{{" + "(" * 60 + "1" + "+1)" * 60 + "}}" + "{% if 1 %}" * 120 + "{% endif %}" * 120, "nested too deeply"),
    ],
)
def test_what_cannot_be_written_is_an_error_that_says_why_and_where(body: str, why: str) -> None:
    with pytest.raises(TemplateError) as caught:
        said(body, {"names": ["Eva"], "map": {"a": 1}})
    line = 2 if body.startswith("\n") else 1
    assert caught.value.problem.startswith(f"The template `t` cannot be rendered, in line {line} of its body (es): ")
    assert why in caught.value.problem
    assert caught.value.code == "template"


def test_a_template_stops_when_its_loops_go_round_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_MOST_ROUNDS", 99)
    loops = "{% for a in n %}{% for b in n %}{% endfor %}{% endfor %}"
    assert said(loops, {"n": [1] * 9}).text == ""
    with pytest.raises(TemplateError, match="go round more than 99 times"):
        said(loops, {"n": [1] * 10})


def test_a_template_stops_when_it_becomes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "longest", 10)
    assert said("{{ n }}", {"n": "x" * 9}).text == "x" * 9
    with pytest.raises(TemplateError, match="longer than 10 characters"):
        said("{% for a in n %}{{ a }}{% endfor %}", {"n": ["x" * 6] * 2})


def test_a_template_stops_when_it_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_SECONDS", -1.0)
    with pytest.raises(TemplateError, match="it took more than"):
        said("{% for a in n %}{% endfor %}", {"n": [1]})


def test_data_of_a_template_is_a_map() -> None:
    with pytest.raises(TemplateError, match="is a map"):
        render({"template": "t", "body": "x"}, "en", [1])


def test_a_subject_has_no_line_breaks_and_no_html() -> None:
    found = said("<p>{{ a }}</p>", {"a": "<b>\n"}, subject="x{{ a }}y\r\nBcc: z", format="html")
    assert found == Message("es", "x<b> y Bcc: z", "<b>\n", "<p>&lt;b&gt;\n</p>")


@pytest.mark.parametrize(
    ("asked", "given"), [("es", "es"), ("es-MX", "es"), ("EN_us", "en"), ("fr", "en"), (None, "en")]
)
def test_languages_fall_back(asked: str | None, given: str) -> None:
    assert render({"template": "t", "body": {"en": "en", "es": "es"}}, asked, {}).text == given
    assert render({"template": "t", "body": {"es": "es"}}, asked, {}).language == "es"


def test_what_a_template_needs_is_known() -> None:
    tree, flaws = parse("{{ a }}\n{% if b is defined %}{{ b }}{% endif %}{% for x in xs %}{{ x.y }}{% endfor %}")
    assert tree is not None
    assert variables(tree) == {"a": 1, "b": 2, "xs": 2}
    assert optional(tree) == {"b"}
    assert flaws == []


def test_html_and_text_become_each_other() -> None:
    html = (
        "<head><title>no</title></head><h1>A &amp; B</h1><p>one<br>two <a href='https://x.example'>here</a>"
        "<ol><li>x<li>y</ol><ul><li>z</ul><hr><table><tr><th>n<th>m<tr><td>1<td></table><script>no</script>"
    )
    expected = "A & B\n\none\ntwo here (https://x.example)\n1. x\n2. y\n- z\n\n----\nn\tm\n1\n"
    assert as_text(html) == expected
    assert as_html("a < b\nc\n\nd") == "<p>a &lt; b<br/>c</p>\n<p>d</p>"


@pytest.mark.parametrize("body", ["Hola, señora Núñez 中\n\nUno\nDos", "<h2>Hola</h2><p>a <b>b<i>c</b></i></p>"])
def test_a_letter_on_paper_is_the_same_every_time(body: str) -> None:
    kind = "html" if body.startswith("<") else "text"
    message = said(body, {}, format=kind, title="Aviso")
    assert pdf(message) == pdf(message)
    assert pdf(message).startswith(b"%PDF-")


def test_a_letter_has_only_so_many_paragraphs() -> None:
    with pytest.raises(TemplateError, match="more than 5,000 paragraphs"):
        pdf(Message("en", "Long", "x\n\n" * 5_001))


def test_the_command_line_shows_what_a_template_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_DEFINITIONS_DIR", str(tmp_path))
    (tmp_path / "templates").mkdir()
    file, data, paper = tmp_path / "templates/reply.yaml", tmp_path / "data.json", tmp_path / "reply.pdf"
    file.write_text(
        "template: reply\nsubject: {en: Dear, es: Hola}\nbody: {en: 'A {{ n }}', es: 'B {{ n }}'}\n", "utf-8"
    )
    data.write_text(json.dumps({"n": 1}), "utf-8")
    command = ["templates", "render", "reply", "--data", str(data)]
    assert runner.invoke(app, command).stdout == "Dear\n\nA 1\n"
    assert "<p>B 1</p>" in runner.invoke(app, [*command, "--language", "es", "--as", "html"]).stdout
    assert runner.invoke(app, [*command, "--as", "pdf", "--output", str(paper)]).exit_code == 0
    assert paper.read_bytes().startswith(b"%PDF-")
    missing = runner.invoke(app, ["templates", "render", str(file)])
    assert missing.exit_code == 2
    assert "There is no `n`." in missing.stderr
    assert "Did you mean reply?" in runner.invoke(app, ["templates", "render", "replay"]).stderr
