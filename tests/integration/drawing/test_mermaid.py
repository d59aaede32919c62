"""The pictures are what the real Mermaid takes, whatever a process holds."""

import json
import subprocess
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from typer.testing import CliRunner

from cauce.cli import app
from tests.conformance.case import cases
from tests.conftest import Require
from workflows.drawing.diagram import draw

JSON = Any
ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
PROCESS = ROOT / "definitions" / "processes" / "lead-to-order.yaml"
HOSTILE = [
    '"]; click t1 "javascript:alert(1)"',
    "end",
    "subgraph",
    "a|b{c}[d](e)",
    "%% x",
    "ñ→✓",
    "`md`",
    "<b>",
    "#35;",
    "",
]
EVERYTHING = {
    "use": {
        "extensions": [
            {"log": {"extend": "call", "before": [{"say": {"set": {}}}], "after": [{"count": {"call": "count@x"}}]}}
        ]
    },
    "do": [
        {"tell": {"emit": {"event": {"with": {"type": "com.example.told.v1"}}}}},
        {
            "hear": {
                "listen": {"to": {"all": [{"with": {"type": "a.v1"}}, {"with": {"type": "b.v1"}}]}},
                "foreach": {"item": "each", "do": [{"keep": {"set": {}}}, {"go-on": {"wait": "PT1S"}}]},
            }
        },
        {"script": {"run": {"script": {"language": "js", "code": "1"}}}},
        {"box": {"run": {"container": {"image": "alpine:3"}}}},
        {"child": {"run": {"workflow": {"namespace": "t", "name": "c", "version": "1.0.0"}}}},
        {"ask": {"call": "http", "with": {"method": "get", "endpoint": {"uri": "https://a.example/{id}"}}}},
        {"rpc": {"call": "grpc", "with": {"service": {"name": "Greeter"}, "method": "Hello"}}},
        {"retry": {"try": [{"x": {"call": "a@b"}}, {"y": {"set": {}}}], "catch": {"then": "tell"}}},
    ],
}


def problems(node: Path, require: Require, diagrams: list[str]) -> list[str | None]:
    modules = ROOT / "node_modules"
    if not (modules / "mermaid").is_dir():
        require("node", "mermaid is not installed; `make setup` brings it")
    done = subprocess.run(
        [node, HERE / "parse.mjs", modules], input=json.dumps(diagrams), capture_output=True, text=True, check=True
    )
    found: list[str | None] = json.loads(done.stdout)
    return found


def test_mermaid_takes_every_picture(node: Path, require: Require) -> None:
    # The cases differ mostly in what no picture shows.
    documents: dict[str, JSON] = {case.id: case.document("http://a.example") for case in cases()[::3]}
    documents["lead-to-order"] = YAML(typ="safe", pure=True).load(PROCESS.read_text(encoding="utf-8"))
    documents["everything"] = EVERYTHING
    documents["hostile"] = {
        "do": [{name: {"if": name, "call": name, "with": {"table": name}}} for name in HOSTILE]
        + [{"s": {"switch": [{name: {"when": name, "then": "end"}} for name in HOSTILE]}}]
    }
    found = problems(node, require, [draw(document).text for document in documents.values()])
    assert {name: said for name, said in zip(documents, found, strict=True) if said} == {}
    assert len(found) > 100


def test_a_wrong_picture_is_not_taken(node: Path, require: Require) -> None:
    (said,) = problems(node, require, ['flowchart TD\n  a["x" --> b\n'])
    assert said is not None
    assert "Parse error" in said


def test_events_programs_and_extensions_are_drawn() -> None:
    picture = draw(EVERYTHING)
    assert picture.nodes["t1"] == "tell: com.example.told.v1"
    assert picture.nodes["t2"] == "hear: a.v1 and b.v1"
    details = set(picture.nodes.values())
    assert {
        "script: script js",
        "box: container alpine:3",
        "child: c",
        "ask: http get https://a.example/{id}",
    } <= details
    assert 'subgraph x0b["log: before call"]' in picture.text
    assert {"say", "count: count@x"} <= details


def test_the_command_prints_what_the_pages_show(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["diagram", str(PROCESS)])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("flowchart TD\n")
    file = tmp_path / "picture.mmd"
    assert CliRunner().invoke(app, ["diagram", str(PROCESS), "--output", str(file)]).exit_code == 0
    assert file.read_text(encoding="utf-8") == done.stdout
    form = CliRunner().invoke(app, ["diagram", str(ROOT / "definitions" / "forms" / "qualify-lead.yaml")])
    assert form.exit_code == 2
    assert "is not a process" in form.stderr
