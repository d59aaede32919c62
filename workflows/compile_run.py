"""Compiles `run` tasks: another process of ours, or one of the operating system."""

from collections.abc import Mapping

from cauce.contract import JSON
from cauce.expressions.templates import Template, strip_delimiters
from workflows import model
from workflows.commands import with_variables
from workflows.compile_values import Place, Values


def compile_run(values: Values, common: model.Common, run: Mapping[str, JSON], place: Place) -> model.Task:
    """Compile a `run` of any kind."""
    wait = bool(run.get("await", True))
    if "workflow" in run:
        child = run["workflow"]
        return model.RunProcessTask(
            common,
            child["namespace"],
            child["name"],
            str(child.get("version", "latest")),
            values.template(child.get("input"), place),
            wait=wait,
        )
    kind = next(each for each in ("shell", "script", "container") if each in run)
    given = run[kind]
    text, variables = _text(values, kind, given, place)
    container = None
    if kind == "container":
        container, text = _container(values, given, text, place), values.template(given["image"], place)
    what = f"script:{language(given)}" if kind == "script" else kind
    environment = {**(given.get("environment") or {}), **variables}
    return model.RunTask(
        common,
        what,
        text,
        values.template(given.get("arguments") or [], place),
        values.template(environment, place),
        values.template(given.get("stdin"), place),
        returns=run.get("return", "stdout"),
        wait=wait,
        secrets=values.secrets,
        container=container,
    )


def language(script: Mapping[str, JSON]) -> str:
    """Return the language of a script by the name that the standard gives it."""
    given = str(script["language"])
    return "js" if given == "javascript" else given


def _text(values: Values, kind: str, given: Mapping[str, JSON], place: Place) -> tuple[Template | str, dict[str, str]]:
    """Return what is run, and expressions for the environment in which it runs."""
    if kind == "script":
        # Code is never looked into: braces mean something in every language.
        return given["code"] if "code" in given else values.fetched(given["source"], "script", place), {}
    command = given.get("command") or ""
    if strip_delimiters(command) is not command:
        return values.template(command, place), {}
    text, expressions = with_variables(command)
    return text, {name: f"${{ {inner} }}" for name, inner in expressions.items()}


def _container(values: Values, given: Mapping[str, JSON], command: Template | str, place: Place) -> model.Container:
    lifetime = given.get("lifetime") or {}
    options = {"name": given.get("name"), "ports": given.get("ports") or {}, "volumes": given.get("volumes") or {}}
    return model.Container(
        values.template(options, place),
        command,
        cleanup=lifetime.get("cleanup", "never"),
        after=values.duration(lifetime.get("after"), place),
        pull=given.get("pullPolicy", "ifNotPresent"),
        interactive="stdin" in given,
    )
