from typing import Any

import pytest

from cauce.errors import ExpressionError
from cauce.expressions import compile_template, strip_delimiters

DATA = {"name": "Ana", "lines": [1, 2], "none": None}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("${ .name }", "Ana"),
        (" ${ .lines } ", [1, 2]),
        ("${ empty }", None),
        ("Hola ${ .name }!", "Hola Ana!"),
        ("${ .name }${ .name }", "AnaAna"),
        ("n=${ .none }; l=${ .lines }", "n=; l=[1,2]"),
        ('${ {a: {b: "}"}} }', {"a": {"b": "}"}}),
        ('x${ "a\\("}" + "\\(1 + (2))")" }y', "xa}3y"),
        ({"k": ["${ .name }", 3, {"d": "${ $n + 1 }"}]}, {"k": ["Ana", 3, {"d": 42}]}),
        (7, 7),
        ("$name {x}", "$name {x}"),
        ("${ .name # the name }", "Ana"),
    ],
)
def test_template_renders(value: Any, expected: Any) -> None:
    assert compile_template(value, ["n"]).render(DATA, {"n": 41}) == expected


def test_template_without_expression_is_constant() -> None:
    assert compile_template({"a": [1, "b"]}).constant
    assert not compile_template({"a": "${ 1 }"}).constant


@pytest.mark.parametrize(
    ("value", "problem"),
    [("a ${ .b", "`${` is not closed."), ({"x": ["${ foo }"]}, "The function foo/0 is not known.")],
)
def test_template_error_is_shown(value: Any, problem: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        compile_template(value)
    assert raised.value.problem == problem


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("${ .x }", ".x"),
        (".x", ".x"),
        ("  ${.x}  ", ".x"),
        ("${ .a } + ${ .b }", "${ .a } + ${ .b }"),
        ("${ {} }", "{}"),
    ],
)
def test_delimiters_are_stripped(text: str, bare: str) -> None:
    assert strip_delimiters(text) == bare
