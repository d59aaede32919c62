import re

import pytest

from api.diagram import escape, mermaid, outline

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
                "try": [{"create": {"call": "create-order@erp", "with": {}}}],
                "catch": {"do": [{"repair": {"call": "human-task", "with": {"form": "repair"}, "then": "exit"}}]},
            }
        },
        {"each": {"for": {"each": "line", "in": ".lines"}, "do": [{"pick": {"wait": {"seconds": 3}}}]}},
        {"both": {"fork": {"branches": [{"left": {"set": {}}}, {"right": {"raise": {"error": "stop"}}}]}}},
    ],
}


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
        ("create", "", "each"),
        ("repair", "", "each"),
        ("each", "each", "pick"),
        ("pick", "", "each"),
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
        (1, "repair", "/do/3/order/catch/do/0/repair", "human", "repair", "current"),
        (0, "each", "/do/4/each", "for", ".lines", ""),
        (1, "pick", "/do/4/each/do/0/pick", "wait", "3 seconds", ""),
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
    assert escape("x" * 500) == "x" * 47 + "…"


def test_an_unfinished_document_is_drawn_as_far_as_it_goes() -> None:
    assert arrows(mermaid({"do": [{"a": None}, "nonsense", {"b": {"switch": None}}]})) == {
        ("start", "", "a"),
        ("a", "", "b"),
        ("b", "otherwise", "finish"),
    }
    assert arrows(mermaid({})) == {("start", "", "finish")}
