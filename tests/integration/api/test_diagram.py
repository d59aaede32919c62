import re

import pytest

from workflows.drawing.diagram import draw
from workflows.drawing.labels import escape
from workflows.drawing.outline import outline
from workflows.drawing.way import Trail

process = {
    "document": {"dsl": "1.0.3", "namespace": "sales", "name": "x", "version": "1.0.0"},
    "do": [
        {"qualify": {"call": "human-task", "with": {"form": "qualify-lead"}}},
        {
            "route": {
                "switch": [
                    {"discard": {"when": "${ .score < 30 }", "then": "end"}},
                    {"go": {"when": ".go", "then": "order"}},
                ],
            }
        },
        {"note": {"set": {"a": 1}}},
        {
            "order": {
                "try": [{"create": {"call": "create-order@erp", "with": {}}}, {"read": {"call": "get@erp"}}],
                "catch": {"do": [{"repair": {"call": "human-task", "with": {"form": "repair"}, "then": "exit"}}]},
            }
        },
        {
            "each": {
                "for": {"each": "line", "in": ".lines"},
                "do": [{"pick": {"wait": {"seconds": 3}}}, {"pack": {"set": {}}}],
            }
        },
        {"both": {"fork": {"branches": [{"left": {"set": {}}}, {"right": {"raise": {"error": "stop"}}}]}}},
    ],
}


def mermaid(document: object, marks: dict[str, str] | None = None) -> str:
    """Draw without a way."""
    return draw(document, marks).text


def arrows(picture: str) -> set[tuple[str, str, str]]:
    """Read the arrows back with the names of their tasks."""
    names = dict(re.findall(r"^  (\w+)[^ \w\n].*?<b>(.*?)</b>", picture, re.MULTILINE)) | {
        "start": "start",
        "finish": "finish",
    }
    found = re.findall(r'^  (\w+) -->(?:\|"(.*?)"\|)? (\w+)$', picture, re.MULTILINE)
    return {(names[left], label, names[right]) for left, label, right in found}


def test_every_way_through_the_process_is_an_arrow() -> None:
    assert arrows(mermaid(process)) == {
        ("start", "", "qualify"),
        ("qualify", "", "route"),
        ("route", "discard: .score #60; 30", "finish"),
        ("route", "go: .go", "order"),
        ("route", "otherwise", "note"),
        ("note", "", "order"),
        ("order", "", "create"),
        ("order", "on error", "repair"),
        ("create", "", "read"),
        ("read", "", "each"),
        ("repair", "", "each"),
        ("each", "each", "pick"),
        ("pick", "", "pack"),
        ("pack", "", "each"),
        ("each", "done", "both"),
        ("both", "", "left"),
        ("both", "", "right"),
        ("left", "", "finish"),
        ("right", "error", "finish"),
    }


def test_a_backward_jump_and_a_condition_are_arrows() -> None:
    loop = {"do": [{"a": {"set": {}}}, {"b": {"if": "${ .more }", "call": "x@y", "then": "a"}}]}
    assert arrows(mermaid(loop)) == {
        ("start", "", "a"),
        ("a", "", "b"),
        ("b", "", "a"),
        ("b", "not: .more", "finish"),
    }


@pytest.mark.parametrize(
    ("status", "mark"), [("waiting", "current"), ("completed", "completed"), ("faulted", "failed")]
)
def test_a_mark_finds_its_task_by_reference(status: str, mark: str) -> None:
    picture = mermaid(process, {"/do/3/order/try/0/create": status})
    marked = re.findall(rf"class (\w+) {mark}", picture)
    assert len(marked) == 1
    assert f'  {marked[0]}[["<b>create</b>' in picture


def test_the_outline_lists_nested_tasks_with_their_references() -> None:
    steps = outline(process, {"/do/0/qualify": "completed", "repair": "waiting"})
    assert [(step.depth, step.name, step.reference, step.kind, step.detail, step.mark) for step in steps] == [
        (0, "qualify", "/do/0/qualify", "human", "qualify-lead", "completed"),
        (0, "route", "/do/1/route", "switch", "", ""),
        (0, "note", "/do/2/note", "set", "", ""),
        (0, "order", "/do/3/order", "try", "", ""),
        (1, "create", "/do/3/order/try/0/create", "call", "create-order@erp", ""),
        (1, "read", "/do/3/order/try/1/read", "call", "get@erp", ""),
        (1, "repair", "/do/3/order/catch/do/0/repair", "human", "repair", "current"),
        (0, "each", "/do/4/each", "for", ".lines", ""),
        (1, "pick", "/do/4/each/do/0/pick", "wait", "3 seconds", ""),
        (1, "pack", "/do/4/each/do/1/pack", "set", "", ""),
        (0, "both", "/do/5/both", "fork", "", ""),
        (1, "left", "/do/5/both/fork/branches/0/left", "set", "", ""),
        (1, "right", "/do/5/both/fork/branches/1/right", "raise", "stop", ""),
    ]


def test_text_of_a_definition_cannot_leave_its_label() -> None:
    hostile = '"]; click t1 "javascript:alert(1)" %% <img src=x onerror=alert(1)> `md`'
    picture = mermaid({"do": [{hostile: {"set": {}}}]})
    assert "<img" not in picture
    assert picture.count('"') == mermaid({"do": [{"plain": {"set": {}}}]}).count('"')


def test_long_labels_are_cut() -> None:
    assert escape("x" * 500, 48) == "x" * 47 + "…"
    when = '$context.customer.segment == "industrial" and $context.customer.blocked != true'
    picture = draw({"do": [{"route": {"switch": [{"big": {"when": when, "then": "end"}}]}}]})
    assert '|"big: customer.segment #61;#61; #34;in…"|' in picture.text
    assert picture.arrows["t1 finish"] == ["otherwise", f"big: {when}"]


def test_an_unfinished_document_is_drawn_as_far_as_it_goes() -> None:
    assert arrows(mermaid({"do": [{"a": None}, "nonsense", {"b": {"switch": None}}]})) == {
        ("start", "", "a"),
        ("a", "", "b"),
        ("b", "otherwise", "finish"),
    }
    assert arrows(mermaid({})) == {("start", "", "finish")}


def test_a_task_that_only_wraps_a_call_is_one_node() -> None:
    price = {"price": {"try": [{"ask": {"call": "price@erp"}}], "catch": {"retry": "busy"}}}
    each = {"prices": {"for": {"each": "line", "in": ".lines"}, "do": [price]}}
    picture = draw({"do": [each]}, {"/do/0/prices": "running"})
    assert arrows(picture.text) == {("start", "", "prices"), ("prices", "", "finish")}
    assert picture.nodes == {"t1": "prices: each: price@erp"}
    assert "class t1 current" in picture.text


def looks(trail: list[str], statuses: dict[str, str], *, ended: bool) -> tuple[set[str], set[str]]:
    """Return the arrows that an instance went along, and the tasks that are drawn quietly."""
    document = {
        "do": [
            {"ask": {"call": "human-task"}},
            {"choose": {"switch": [{"yes": {"when": ".yes", "then": "extra"}}, {"no": {"then": "lose"}}]}},
            {"extra": {"if": ".more", "set": {}}},
            {"win": {"set": {}, "then": "end"}},
            {"lose": {"set": {}}},
        ]
    }
    marks = {f"/do/{index}/{name}": "completed" for index, name in map(_place, trail)} | statuses
    text = draw(document, marks, Trail([f"/do/{i}/{n}" for i, n in map(_place, trail)], ended=ended)).text
    names = dict(re.findall(r"^  (t\d+)[^ \w\n].*?<b>(.*?)</b>", text, re.MULTILINE))
    joined = re.findall(r'^  (\w+) -->(?:\|".*?"\|)? (\w+)$', text, re.MULTILINE)
    found = re.search(r"linkStyle ([\d,]+) stroke:#15803d", text)
    gone = [joined[int(index)] for index in found[1].split(",")] if found else []
    quiet = re.findall(r"class (t\d+) quiet", text)
    return {f"{names.get(a, a)} {names.get(b, b)}" for a, b in gone}, {names[node] for node in quiet}


def _place(name: str) -> tuple[int, str]:
    return ["ask", "choose", "extra", "win", "lose"].index(name), name


def test_the_way_taken_stands_out_and_what_was_lost_is_quiet() -> None:
    gone, quiet = looks(["ask", "choose", "extra", "win"], {}, ended=True)
    assert gone == {"start ask", "ask choose", "choose extra", "extra win", "win finish"}
    assert quiet == {"lose"}


def test_the_way_leads_around_a_task_whose_condition_did_not_hold() -> None:
    gone, quiet = looks(["ask", "choose", "win"], {}, ended=True)
    assert gone == {"start ask", "ask choose", "choose extra", "extra win", "win finish"}
    assert quiet == {"extra", "lose"}


def test_what_can_still_come_is_not_quiet() -> None:
    assert looks(["ask"], {"/do/0/ask": "running"}, ended=False) == ({"start ask"}, set())
    assert looks(["ask", "choose", "lose"], {"/do/4/lose": "running"}, ended=False) == (
        {"start ask", "ask choose", "choose lose"},
        {"extra", "win"},
    )
