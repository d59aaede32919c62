"""Hostile expressions and data end in a result or a plain error, soon and in little memory, and always the same way."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cauce.errors import BudgetError, ExpressionError
from cauce.expressions import Budget, compile_expression

# Of the processor's time: test machines are shared, and a wall clock measures what else they do.
seconds = 2.0


def nested(kind: str) -> Any:
    value: Any = None
    for _ in range(100_000):
        value = [value] if kind == "list" else {"a": value}
    return value


deep, deep_object = nested("list"), nested("object")
wide = list(range(100_000))
long_text = "ab" * 250_000

EVALUATED: list[tuple[str, Any]] = [
    ("def f: f; f", None),
    ("def f: [f]; f", None),
    ("def f: f|f; f", None),
    ("def f: f,f; f", None),
    ("def f: (.,f); [f]", None),
    ("def f(x): f(x); f(1)", None),
    ("def f(x): f(x|x); f(1)", None),
    ("def f($a): f($a+1); f(1)", None),
    ("[range(1e12)]", None),
    ('"x"*10000000000', None),
    ('"x"*1e10|length', None),
    ("[limit(1000000000;repeat(1))]", None),
    ("reduce range(1000000000) as $i (0;.+1)", None),
    ("last(repeat(1))", None),
    ("reduce range(60) as $i ([1];.+.)", None),
    ("reduce range(60) as $i ([1];[.,.])", None),
    ("reduce range(60) as $i ([1];[.,.])|tojson|length", None),
    ("reduce range(60) as $i ([1];[.,.])|flatten|length", None),
    ("reduce range(60) as $i ([1];[.,.])|[..]|length", None),
    ("reduce range(60) as $i ([1];[.,.])|.==.", None),
    ("reduce range(60) as $i ([1];[.,.])|[.,.]|sort", None),
    ("reduce range(60) as $i ([1];[.,.])|[.,.]|unique", None),
    ("reduce range(60) as $i ([1];[.,.])|walk(.)", None),
    ("reduce range(60) as $i ([1];[.,.])|contains([[[3]]])", None),
    ("reduce range(60) as $i ({};{a:.,b:.})|.*.", None),
    ('reduce range(60) as $i ("x";.+.)', None),
    ("reduce range(200000) as $i (null;[.])", None),
    ("reduce range(200000) as $i (null;{a:.})|tojson", None),
    ("reduce range(100000) as $i (null;[.])|flatten", None),
    ('("["*100000)|fromjson', None),
    ('("["*5000+"]"*5000)|fromjson', None),
    ('("[["*5000+"]]"*5000)|fromjson|tojson|length', None),
    ("path(..)", deep),
    ("[path(..)]|length", deep),
    ("[paths]|length", deep),
    (".. |= .", deep),
    ("tojson|length", deep),
    ("[..]|length", deep),
    (".==.", deep),
    ("flatten", deep),
    (".", deep),
    ("[.]", deep),
    ("walk(.)", deep),
    ("tostream", deep),
    ("[tostream]|length", deep_object),
    ("del(..)", deep),
    (".*.", deep_object),
    ("contains(.)", deep),
    ("sort", [deep, deep]),
    ("group_by(.)", [deep_object, deep_object]),
    ("unique", [deep, deep]),
    ("min", [deep, deep]),
    ("index([1])", deep),
    ("getpath([range(100000)|0])", deep),
    ("setpath([range(100000)|0];1)", None),
    ("@json", deep),
    ('join(",")', deep),
    ("[.,.]|transpose", deep),
    ("add", deep),
    ("[.[]|[.[]?]]|length", wide),
    ("[range(300)]|[combinations(5)]|length", None),
    ("[.[]]|[combinations]|length", [[1, 2]] * 40),
    ("(1,2)|" * 30 + ".", None),
    ("[(1,2)|" + "(1,2)|" * 30 + ".]", None),
    ("reduce range(1000000) as $i (10;.*.)", None),
    ('[range(100000)|"x"*1000]|length', None),
    ('[range(1000)|"x"*1000000]|length', None),
    ('test("(a|b){1000}c")', long_text),
    ('[match("(a|b){100}";"g")]|length', long_text),
    ('gsub("a(.*z)?";"x")|length', long_text),
    ('[scan(".")]|length', long_text),
    ('test("((a*)*)*b")', long_text),
    ('[splits("")]|length', long_text),
    ('gsub("";"xxxxxxxxxx")|length', long_text),
    ("explode|implode|length", long_text),
    ("ascii_downcase|length", long_text),
    ("[.[:1000][]|{a:.}]|map(.b=[range(100)])|length", wide),
    ("sort_by(-.)|length", wide),
    (".[]|=.+1|length", wide),
    ("map(tostring)|sort|length", wide),
    ("del(.[]|select(.%2==0))|length", wide),
    ("[.[]|select(.%2==0)]|length", wide),
    (". as $w|map($w|length)|length", wide),
    (". - .", wide),
    (".-map(tostring)", wide),
    (". - map([.])|length", wide),
    ("unique|length", wide),
    ("indices(1)|length", wide),
    ("indices([1,2])|length", wide),
    ("[limit(10;def f: 1,f;f)]", None),
    ("try (def f: f; f) catch 1", None),
    ("(def f: f; f)? // 1", None),
    ('[.[]|tojson]|join(",")|length', wide),
    ("foreach range(1e9) as $x (0;.+$x;empty)", None),
    ("[recurse(.+1)]", 0),
    ("until(false;.+1)", 0),
    ("[while(true;.+1)]", 0),
    ("isempty(range(1e9)|select(.<0))", None),
    ("any(range(1e9);.<0)", None),
    ("label $f|range(1e9)|if .>100000000 then .,break $f else empty end", None),
    ("[range(0;10;0)]", None),
    ("[range(0;1;1e-9)]", None),
    ('ltrimstr("a")*1000000', long_text),
    ("@base64|@base64|@base64|length", long_text),
    ('strptime("%Y"*1000)', long_text),
    ("[.]|implode", 1e300),
    ('"\\(1,2)"*20000|length', None),
    ('[splits("a";null)]|length', long_text),
    ('split("")|length', long_text),
    ("$__loc__|..", None),
    ("tojson|tojson|tojson|length", long_text),
    ('"\\u0000"*900000|tojson|length', None),
    ("[range(100000)] as $x|[range(1000)|$x[:]]|length", None),
    ("reduce range(100000) as $i ([];.+[$i])|length", None),
    ("reduce range(100000) as $i ([];.[$i]=$i)|length", None),
    ('reduce range(10000) as $i ({};.["a\\($i)"]=$i)|length', None),
    (".[1e9]=1", None),
    (".[100000000]=1", None),
    ("[.[1e12]?]", [1]),
    ("[limit(3;.[])]", wide),
    ("first(.[])", wide),
    ("fromstream(tostream)", deep_object),
    ('getpath(["a"]*100000)?', deep_object),
    (". as [$a,[$b]] ?// $a|$a", deep),
    ("pick(..)", deep),
    ("env", None),
    ("input", None),
    ("to_entries|from_entries|length", {str(i): i for i in range(100000)}),
    ("with_entries(.value+=1)|length", {str(i): i for i in range(20000)}),
]

WRITTEN: list[str] = [
    "[" * 100000,
    "(" * 30000 + "1" + ")" * 30000,
    "1+" * 30000 + "1",
    ".a" * 30000,
    ".|" * 30000 + ".",
    "1," * 30000 + "1",
    "-" * 30000 + "1",
    "def f: " * 10000,
    "def f: 1; " * 6000 + "f",
    ". as $x|" * 5000 + "1",
    '"\\(' * 10000,
    "if 1 then " * 9000,
    "try " * 15000 + "1",
    "{a:" * 20000,
    ".[0]" * 15000,
    "1?" * 30000,
    "?" * 60000,
    ".a//" * 15000 + "1",
    "x" * 60000,
    "[" * 400 + "1" + "]" * 400,
    "1" * 60000,
    "1e" + "9" * 60000,
    "def f(a): a;" * 30 + "f(" * 200 + "1" + ")" * 200,
    ".[.[" * 5000,
    "reduce " * 9000,
    '"' + "a" * 70000 + '"',
    "[.[]|" * 400 + "." + "]" * 400,
    "def a0: .,.; "
    + "".join(f"def a{number}: a{number - 1},a{number - 1}; " for number in range(1, 60))
    + "[a59]|length",
    "def f(g): [g]; " + "f(" * 100 + "." + ")" * 100,
    "def a:def b:def c: def d: def e: d|a|b|c; e|a; d|b; c|a; b|a; a",
]

MUST_RUN_OUT = [
    "def f: f; f",
    "def f: [f]; f",
    "[range(1e12)]",
    '"x" * 10000000000',
    "[limit(1000000000; repeat(1))]",
    "reduce range(1000000000) as $i (0; . + 1)",
    "reduce range(60) as $i ([1]; . + .)",
    "last(repeat(1))",
    "def f: f; try f catch 1",
    "def f: f; f? // 1",
    "[range(1e12)]? // 1",
]


def outcome(text: str, value: Any) -> str:
    """Return what became of an evaluation: the name of its error, or the number of its outputs.

    A fifth of the default steps keeps the folder fast; `test_running_out_of_budget_cannot_be_caught` has them all.
    """
    try:
        return str(len(compile_expression(text).outputs(value, {}, Budget(steps=200_000))))
    except ExpressionError as error:
        return type(error).__name__


@pytest.mark.parametrize(
    "number", range(len(EVALUATED)), ids=[f"{number}-{text[:40]}" for number, (text, _) in enumerate(EVALUATED)]
)
def test_hostile_evaluation_ends_soon(number: int) -> None:
    text, value = EVALUATED[number]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    name = outcome(text, value)
    assert time.process_time() - start < seconds
    assert name.isdigit() or name in {"BudgetError", "EvaluationError", "ExpressionSyntaxError"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 200_000, "more than 200 MB"


@pytest.mark.parametrize(
    "number", range(len(WRITTEN)), ids=[f"{number}-{text[:30]}" for number, text in enumerate(WRITTEN)]
)
def test_hostile_text_is_answered_soon(number: int) -> None:
    start = time.process_time()
    name = outcome(WRITTEN[number], None)
    assert time.process_time() - start < seconds
    assert name.isdigit() or name in {"BudgetError", "EvaluationError", "ExpressionSyntaxError"}


@pytest.mark.parametrize("text", MUST_RUN_OUT)
def test_running_out_of_budget_cannot_be_caught(text: str) -> None:
    start = time.process_time()
    with pytest.raises(BudgetError):
        compile_expression(text).outputs(None)
    assert time.process_time() - start < seconds


def test_budget_names_the_limit_and_the_mend() -> None:
    with pytest.raises(BudgetError) as raised:
        compile_expression("[range(11)]").outputs(None, {}, Budget(size=10))
    assert str(raised.value) == (
        "The expression builds an array with too many items (10). Select less, or in portions."
    )
    with pytest.raises(BudgetError, match=r"needs more steps than it may use \(5\)"):
        compile_expression("[range(100)]").outputs(None, {}, Budget(steps=5))
    with pytest.raises(BudgetError, match=r"string that is too long \(3 characters\)"):
        compile_expression('"ab" + "cd"').outputs(None, {}, Budget(string=3))
    with pytest.raises(BudgetError, match=r"too deep inside each other \(10\)"):
        compile_expression("def f: if . > 0 then . - 1 | f else . end; 50 | f").outputs(None, {}, Budget(depth=10))
    with pytest.raises(BudgetError, match=r"nests too deep \(3\)"):
        compile_expression("[[[[1]]]]").outputs(None, {}, Budget(depth=3))


STEPS = """
import json, sys
from cauce.expressions import compile_expression
cases = [json.loads(line) for line in sys.stdin]
steps = []
for case in cases:
    try:
        variables = case.get("vars", {})
        steps.append(compile_expression(case["expr"], variables=variables).run(case["input"], variables).steps)
    except Exception as error:
        steps.append(str(error))
print(json.dumps(steps))
"""


def test_two_processes_use_the_same_steps() -> None:
    cases = "".join(file.read_text() for file in sorted((Path(__file__).parent / "cases").glob("*.jsonl")))
    answers = [
        subprocess.run(
            [sys.executable, "-c", STEPS],
            input=cases,
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[3])},
        ).stdout
        for seed in ("1", "2")
    ]
    assert answers[0] == answers[1]
    assert sum(isinstance(entry, int) for entry in json.loads(answers[0])) > 300
