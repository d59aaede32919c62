"""Checks `run` tasks: other processes, and commands, scripts and containers that the environment must allow."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from cauce.expressions.templates import strip_delimiters
from schemas import guess, listing
from workflows.checking.resources import check_resource
from workflows.checking.texts import IN_TASK, Scope, check_expressions, check_value
from workflows.checking.walk import Around, Process
from workflows.commands import expressions

JSON = Any
_LANGUAGES: Final = {"js": "js", "javascript": "js", "python": "python"}
_VALUES: Final = ("arguments", "environment", "stdin")


def check_run(process: Process, pointer: str, run: Mapping[str, JSON], around: Around) -> None:
    """Check what a `run` task runs."""
    if "workflow" in run:
        scope = process.scope("an input", IN_TASK, around)
        _check_workflow(process, f"{pointer}/workflow", run["workflow"], scope)
        return
    kind = next(each for each in ("shell", "script", "container") if each in run)
    here, given = f"{pointer}/{kind}", run[kind]
    scope = process.scope("the arguments of a process", IN_TASK, around, secrets=True)
    for key in _VALUES:
        check_value(process.report, f"{here}/{key}", given.get(key), scope)
    if kind == "container":
        _check_container(process, here, given, scope)
    elif kind == "shell":
        _check_command(process, f"{here}/command", given["command"], scope)
        _check_allowed(process, here, "shell")
    else:
        _check_script(process, here, given)


def _check_workflow(process: Process, pointer: str, child: Mapping[str, JSON], scope: Scope) -> None:
    check_value(process.report, f"{pointer}/input", child.get("input"), scope)
    name = f"{child['namespace']}.{child['name']}"
    if name not in process.world.processes:
        problem = f"The process `{name}` is neither published nor in these files{guess(name, process.world.processes)}"
        process.report.key("unknown-process", f"{pointer}/name", problem, listing(process.world.processes))


def _check_command(process: Process, pointer: str, command: str, scope: Scope) -> None:
    if strip_delimiters(command) is not command:
        check_value(process.report, pointer, command, scope)
    else:
        check_expressions(process.report, pointer, expressions(command), scope)


def _check_container(process: Process, pointer: str, given: Mapping[str, JSON], scope: Scope) -> None:
    public = process.scope("a container", IN_TASK, Around(scope.variables))
    for key in ("image", "name", "ports", "volumes", "lifetime"):
        check_value(process.report, f"{pointer}/{key}", given.get(key), public)
    _check_command(process, f"{pointer}/command", given.get("command") or "", scope)
    if "${" not in given["image"]:
        _check_allowed(process, pointer, f"container:{given['image']}")


def _check_script(process: Process, pointer: str, script: Mapping[str, JSON]) -> None:
    language = _LANGUAGES.get(script["language"])
    if language is None:
        problem = f"Scripts cannot be in `{script['language']}`{guess(script['language'], _LANGUAGES)}"
        hint = "Write `js` or `python`, or put the language into a container."
        process.report.value("wrong-value", f"{pointer}/language", problem, hint)
        return
    if "source" in script:
        check_resource(process, f"{pointer}/source", script["source"], "script")
    _check_allowed(process, pointer, f"script:{language}")


def _check_allowed(process: Process, pointer: str, name: str) -> None:
    """Warn of what would be refused here; the environment that it is for may be another one."""
    allowed = process.world.runs
    if allowed is None or any(fnmatchcase(name, pattern) for pattern in allowed):
        return
    what = pointer.rpartition("/")[2]
    hint = f"Let the operator add `{name}` to the setting CAUCE_ALLOW_RUN."
    process.report.key("run-not-allowed", pointer, f"This environment does not let `run: {what}` run.", hint)
