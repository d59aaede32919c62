import math

import pytest

from cauce.errors import ExpressionError
from cauce.expressions import EvaluationError, ExpressionSyntaxError, compile_expression

LEAD = {"lead": {"lines": None, "score": 71, "name": "Ana"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct(.a)", ["The function selct/1 is not known. Did you mean `select`?", "  selct(.a)", "  ^"]),
        (
            "map(1; 2)",
            ["`map` does not take 2 arguments. It takes 1; arguments are separated by `;`.", "  map(1; 2)", "  ^"],
        ),
        (".a b", ["`b` is not expected here. Is an operator missing before it?", "  .a b", "     ^"]),
        ("'a'", ["`'` has no meaning here. Strings stand in double quotes: `\"text\"`.", "  'a'", "  ^"]),
        (
            "$contxt.a",
            ["The variable $contxt is not known. Did you mean $context? Known here: $context.", "  $contxt.a", "  ^"],
        ),
        ("if 1 then 2", ["Here should be `end`, not the end of text.", "  if 1 then 2", "             ^"]),
        (
            "now",
            [
                (
                    "`now` is not available: its result would differ when a process is replayed. "
                    "Use `$workflow.startedAt` or `$task.startedAt`."
                ),
                "  now",
                "  ^",
            ],
        ),
        (
            "1 == 2 == 3",
            ["`==` cannot follow another one. Put parentheses around one.", "  1 == 2 == 3", "         ^"],
        ),
        ('.a |\n  "b', ['A string is not closed. Add the missing `"`.', '    "b', "    ^"]),
    ],
)  # fmt: skip
def test_syntax_error_shows_place_and_mend(text: str, message: list[str]) -> None:
    with pytest.raises(ExpressionSyntaxError) as raised:
        compile_expression(text, variables=["context"])
    assert str(raised.value).split("\n") == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            ".lead.lines[] | .price",
            ["Cannot iterate over null: .lead.lines is null.", "  .lead.lines[] | .price", "             ^"],
        ),
        (
            ".lead.score.value",
            ['Cannot index number with "value": .lead.score is a number.', "  .lead.score.value", "             ^"],
        ),
        (
            ".lead.name + .lead.score",
            [
                "string and number cannot be added: .lead.name is string, .lead.score is number.",
                "  .lead.name + .lead.score",
                "             ^",
            ],
        ),
        ('error("no stock")', ["no stock.", '  error("no stock")', "  ^"]),
    ],
)  # fmt: skip
def test_evaluation_error_shows_type_and_path(text: str, message: list[str]) -> None:
    with pytest.raises(EvaluationError) as raised:
        compile_expression(text).first(LEAD)
    assert str(raised.value).split("\n") == message


@pytest.mark.parametrize(
    "text", [".a.x", ".a - 1", ".b + {}", ".a | fromjson", ".a | tonumber", ".[.a].x", "keys[0][0]"]
)
def test_no_value_of_the_data_gets_into_a_message(text: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        compile_expression(text).first({"a": "s3cret-value", "b": ["s3cret-value"], "s3cret-value": 1})
    assert "s3cret" not in str(raised.value)


def test_value_given_to_error_reaches_the_caller() -> None:
    with pytest.raises(EvaluationError) as raised:
        compile_expression('error({code: "STOCK", left: 3})').first(None)
    assert raised.value.value == {"code": "STOCK", "left": 3}


def test_first_is_none_without_output_and_lazy_with_many() -> None:
    assert compile_expression("empty").first(1) is None
    assert compile_expression('1, error("never reached")').first(None) == 1
    assert compile_expression("range(1e12)").first(None) == 0


@pytest.mark.parametrize(
    ("text", "variables", "keys"),
    [
        (".a.b", set(), {"a"}),
        (".a + .b * $context.x", {"context"}, {"a", "b"}),
        ("{a: .x, b: [.y[].z]}", set(), {"x", "y"}),
        (".a | .b", set(), {"a"}),
        (".", set(), None),
        (".[]", set(), None),
        (".[$context.k]", {"context"}, None),
        ("keys", set(), None),
        ("$secrets.erp", {"secrets"}, set()),
        ("if .a then .b else $secrets.x end", {"secrets"}, {"a", "b"}),
        (".a as $x | .b + $x", set(), {"a", "b"}),
        (". as $x | $x.b", set(), None),
        ("reduce .lines[] as $l (0; . + $l.qty)", set(), {"lines"}),
        (".a // .b? // 3", set(), {"a", "b"}),
        ('"\\(.a) \\($context.b)"', {"context"}, {"a"}),
        ("if .a then 1 end", set(), None),
        ("def f: $secrets; 1", {"secrets"}, None),
    ],
)
def test_reads_say_which_variables_and_keys(text: str, variables: set[str], keys: set[str] | None) -> None:
    reads = compile_expression(text, variables=["context", "secrets"]).reads
    assert reads.variables == variables
    assert reads.keys == keys


def test_results_are_always_json() -> None:
    assert compile_expression("[nan, infinite, -infinite, {a: nan}]").first(None) == [
        None, 1.7976931348623157e308, -1.7976931348623157e308, {"a": None},
    ]  # fmt: skip
    assert compile_expression(".a").first({"a": math.nan}) is None
    assert compile_expression("nan").first(None) is None


def test_whole_results_are_integers() -> None:
    for text, expected in (("0.5 + 0.5", 1), ("6 / 3", 2), ("2 * 1.5", 3), ("7.0 - 2", 5), ("sqrt", 3), ("1e3", 1000)):
        found = compile_expression(text).first(9)
        assert (found, type(found)) == (expected, int), text


def test_input_is_never_changed() -> None:
    data = {"a": [1, {"b": 2}], "c": {"d": [3]}}
    for text in (
        ".a[1].b = 9",
        ".. |= .",
        "del(.a[0], .c.d)",
        ".a[] |= [.]",
        ".a += [4]",
        ".c.d[0] |= . + 1",
        "map(.)",
    ):
        compile_expression(text).outputs(data)
        assert data == {"a": [1, {"b": 2}], "c": {"d": [3]}}, text


def test_update_does_not_leak_the_working_copy() -> None:
    expression = compile_expression(
        '.a |= {old: ., n: 1} | .a.n |= 2 | .b = .a | .b.n = 3 | .. |= (if type == "number" then . + 1 else . end)'
    )
    assert expression.first({"a": {"n": 0}}) == {"a": {"old": {"n": 1}, "n": 3}, "b": {"old": {"n": 1}, "n": 4}}
    nested = compile_expression("(.., .a) |= {v: .}")
    assert nested.first({"a": 1}) == {"v": {"a": 1}, "a": {"v": {"v": None}}}


def test_a_variable_without_value_is_named() -> None:
    with pytest.raises(ExpressionError, match=r"The variable \$x has no value here"):
        compile_expression("$x + 1", variables=["x"]).first(None)


def test_compiling_again_gives_the_same_object() -> None:
    assert compile_expression(".a.b", variables=["x"]) is compile_expression(".a.b", variables=("x",))
    assert compile_expression(".a.b", variables=["x"]) is not compile_expression(".a.b")
