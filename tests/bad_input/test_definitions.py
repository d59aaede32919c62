"""Definition files that are wrong: `cauce check` names file, line and column, what is wrong, and the mend."""

import time
import tracemalloc
from pathlib import Path

import pytest

from tests.bad_input.site import cauce

HEAD = "document: {dsl: '1.0.3', namespace: t, name: p, version: 1.0.0}\n"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
# name: (text, line, column, code, words of the problem, words of the hint)
CASES = {
    "not YAML": (
        HEAD + "do: [\n  - a: {set: {x: 1}}\n",
        (3, 3, "yaml"), "This is not YAML: expected the node content, but found '-'.", "quotes, brackets and ind",
    ),
    "indented with tabs": (
        HEAD + "do:\n  - a:\n\t\tset: {x: 1}\n",
        (4, 1, "yaml"), "A tab is used where YAML wants spaces.", "Indent with spaces",
    ),
    "not text": ("\x00\x01", (1, 1, "yaml"), "", ""),
    "of no kind": (
        "just words\n",
        (1, 1, "unknown-kind"), "A definition begins with one of recording, connection, ", "A process begins with ",
    ),
    "a tag that makes an object": (
        HEAD + "do:\n  - a: {set: !!python/object:os.system {x: 1}}\n",
        (3, 14, "yaml-tag"), "is not allowed: a definition holds plain data only.", "Remove the tag.",
    ),
    "wrong type": (
        "document: {dsl: '1.0.3', namespace: t, name: p, version: 1.0}\ndo:\n  - a: {set: {x: 1}}\n",
        (1, 58, "wrong-type"), "`version` must be text, not a number.", "Quote it.",
    ),
    "missing part": (
        HEAD + "do:\n  - ask:\n      call: human-task\n      with: {assign: {group: sales}, due: {after: PT1H}}\n",
        (5, 7, "missing-property"), "`form`", "",
    ),
    "unknown task": (
        HEAD + "do:\n  - a: {wiat: PT5S}\n",
        (3, 9, "task-keyword"), "found `wiat`; did you mean `wait`?", "",
    ),
    "unknown call": (
        HEAD + "do:\n  - a: {call: human-tsk, with: {form: x}}\n",
        (3, 15, "unknown-call"), "There is nothing called `human-tsk` to call; did you mean `human-task`?", "",
    ),
    "unknown target": (
        HEAD + "do:\n  - first: {set: {x: 1}, then: secnd}\n  - second: {set: {x: 2}}\n",
        (3, 32, "unknown-target"), "There is no task `secnd` in this list; did you mean `second`?", "first, second",
    ),
    "bad expression in a template": (
        HEAD + "do:\n  - a:\n      set:\n        total: '${ .lines | map(.qty *) }'\n",
        (5, 39, "expression"), "The expression cannot be read: here should be an expression, not `)`.", "",
    ),
    "bad expression of a condition": (
        HEAD + "do:\n  - a:\n      if: '.a >'\n      set: {x: 1}\n",
        (4, 16, "expression"), "here should be an expression, not the end of text.", "",
    ),
    "alias bomb": (LAUGHS, (5, 28, "too-large"), "more than 50,000 values", "Split the definition"),
    "key twice": (
        HEAD + "do:\n  - a: {set: {x: 1}}\ndo: []\n",
        (4, 1, "duplicate-key"), "The key `do` is here twice; the first is at line 2, column 1.", "Keep one",
    ),
    "too deep": ("a: " + "[" * 150 + "]" * 150, (1, 103, "too-large"), "nested deeper than 100 levels", "Split"),
    "unknown connection": (
        HEAD + "do:\n  - a: {call: find@epr}\n",
        (3, 15, "unknown-connection"), "There is no connection `epr`.", "check it together with this file",
    ),
    "unknown kind of connection": (
        "connection: erp\nkind: saop\noperations:\n  find: {calls: Find, effect: read}\n",
        (2, 7, "unknown-kind-of-connection"), "`saop`; did you mean `soap`?", "",
    ),
    "unknown form": (
        HEAD + "do:\n  - ask: {call: human-task, with: {form: qualfy, assign: {group: g}, due: {after: PT1H}}}\n",
        (3, 42, "unknown-form"), "There is no form `qualfy`.", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_wrong_file_is_told_with_its_place_and_mend(name: str, tmp_path: Path) -> None:
    text, (line, column, code), problem, hint = CASES[name]
    file = tmp_path / "wrong.yaml"
    file.write_bytes(text.encode())
    done = cauce("check", file, "--json")
    assert done.exit_code == 2
    found = done.finding
    assert (found["file"], found["line"], found["column"], found["code"]) == (str(file), line, column, code)
    assert problem in found["problem"]
    assert hint in found["hint"]
    said = cauce("check", file)
    assert said.exit_code == 2
    assert said.stdout.startswith(f"{file}:{line}:{column}: {code}: ")


@pytest.mark.parametrize("command", [("check",), ("run",), ("publish",)])
def test_file_of_100_mb_is_refused_by_its_size(command: tuple[str, ...], tmp_path: Path, store: dict[str, str]) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as opened:
        opened.truncate(100_000_000)
    cauce(*command, tmp_path / "no.yaml", env=store)  # loads the modules, whose memory does not count
    tracemalloc.start()
    began = time.process_time()
    done = cauce(*command, file, "--json", env=store)
    seconds, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert done.exit_code == 2
    assert "The file has 95.4 MiB; a definition may have 1.0 MiB." in done.stdout
    assert "Split it into smaller processes" in done.stdout
    assert seconds < 3
    assert peak < 60_000_000


def test_wrong_definition_is_not_run(tmp_path: Path, store: dict[str, str]) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(CASES["unknown target"][0])
    done = cauce("run", file, "--json", env=store)
    assert (done.exit_code, done.error["code"]) == (2, "definition")
    (finding,) = done.error["findings"]
    assert (finding["file"], finding["line"], finding["column"]) == (str(file), 3, 32)
    assert f"{file}:3:32: unknown-target" in done.stderr


def test_wrong_definition_is_not_published_nor_what_comes_with_it(tmp_path: Path, store: dict[str, str]) -> None:
    (tmp_path / "good.yaml").write_text(HEAD + "do:\n  - a: {set: {x: 1}}\n")
    (tmp_path / "wrong.yaml").write_text(CASES["unknown form"][0].replace("name: p", "name: q"))
    done = cauce("publish", tmp_path, "--json", env=store)
    assert (done.exit_code, done.error["code"]) == (2, "definition")
    assert done.error["detail"].startswith("Nothing was published")
    assert cauce("start", "t.p", "--json", env=store).error["detail"] == "There is no published process 't.p'."


def test_version_with_other_content_is_a_conflict(tmp_path: Path, store: dict[str, str]) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(HEAD + "do:\n  - a: {set: {x: 1}}\n")
    assert cauce("publish", file, "--json", env=store).exit_code == 0
    file.write_text(HEAD + "do:\n  - a: {set: {x: 2}}\n")
    done = cauce("publish", file, "--json", env=store)
    assert (done.exit_code, done.error["code"]) == (1, "conflict")
    assert "1.0.0" in done.error["detail"]
    assert "version" in done.error["hint"]
