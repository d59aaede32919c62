"""Writes `docs/cli.md` from the commands themselves: `python -m cauce.cli.reference > docs/cli.md`; a test compares."""

from collections.abc import Iterator

from typer._click.core import Command, Context
from typer.core import TyperArgument, TyperGroup, TyperOption

from cauce.cli import output
from cauce.cli.root import ENTRIES, load

_head = """\
# The command line

Generated from the commands by `python -m cauce.cli.reference > docs/cli.md`; do not edit.

`--json` prints one JSON document on standard output and nothing else; everything else that is said goes to standard
error. An error is then `{"error": {…problem details…}}`. Exit codes:

| code | meaning |
|---|---|
| 0 | done |
| 1 | not done: not found, in conflict, refused, faulted; `status`: not everything is up |
| 2 | a definition, an expression, an input, a setting or the command line itself is wrong |
| 75 | something is not available now; trying again may help |
| 130 | Ctrl-C |
"""


def markdown() -> str:
    """Return the reference of all commands."""
    parts = [_head]
    panel = ""
    for name, entry in ENTRIES.items():
        if entry.panel != panel:
            panel = entry.panel
            parts.append(f"## {panel}\n")
        parts += _sections(load(name), f"cauce {name}")
    return "\n".join(parts).rstrip() + "\n"


def _sections(command: Command, path: str) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        yield f"### {path}\n\n{command.help or ''}\n"
        for name, below in command.commands.items():
            yield from _sections(below, f"{path} {name}")
        return
    context = Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    yield f"### {path}\n\n    {usage}\n\n{(command.help or '').strip()}\n"
    rows = [row for parameter in command.params if (row := _row(parameter))]
    if rows:
        yield "\n".join(["| | |", "|---|---|", *rows]) + "\n"


def _row(parameter: object) -> str:
    if isinstance(parameter, TyperArgument):
        return f"| `{parameter.metavar or (parameter.name or '').upper()}` | {parameter.help or ''} |"
    if not isinstance(parameter, TyperOption) or parameter.name == "help" or parameter.hidden:
        return ""
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    value = "" if parameter.is_flag else f" `{parameter.metavar or (parameter.name or '').upper()}`".replace("|", "\\|")
    default = "" if parameter.is_flag or parameter.default in (None, (), []) else f" Default: `{parameter.default}`."
    return f"| {names}{value} | {parameter.help or ''}{default} |"


if __name__ == "__main__":
    output.line(markdown().rstrip("\n"))
