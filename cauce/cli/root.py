"""The root of the command line: what commands there are, where each lives, and how every error is told.

Only the module of the command that is used gets imported, so that `cauce --help` and `cauce eval` start in a fraction
of a second although other commands need Temporal, the web framework or the store.
"""

import atexit
import os
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Annotated, Any, NoReturn

import typer
from typer._click.core import Command, Context
from typer.core import TyperCommand, TyperGroup

from cauce.cli import output
from cauce.cli.imports import imported
from cauce.errors import CauceError


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is (`module:attribute`, a function or a Typer group) and what it does, in one sentence."""

    target: str
    sentence: str
    panel: str


_stack, _definitions, _work, _administration = "The stack", "Definitions", "Work", "Administration"

ENTRIES = {
    "up": Entry("stack:up", "Start Temporal, API and worker on this machine.", _stack),
    "down": Entry("stack:down", "Stop the stack that 'up' started.", _stack),
    "status": Entry("stack:status", "Say how the parts of the stack are.", _stack),
    "demo": Entry("demo:demo", "Run the demo company: leads become orders, end to end.", _stack),
    "worker": Entry("serve:worker", "Run one worker in the foreground.", _stack),
    "api": Entry("serve:api", "Run the API and the web pages in the foreground.", _stack),
    "check": Entry("check:check", "Check definition files without running them.", _definitions),
    "publish": Entry("publish:publish", "Publish definition files, after checking them.", _definitions),
    "run": Entry("run:run", "Run one definition file once and print the outcome.", _definitions),
    "test": Entry("testing:run_tests", "Run the tests of definitions, without calling anything outside.", _definitions),
    "diagram": Entry("diagram:diagram", "Draw a process as Mermaid text.", _definitions),
    "diff": Entry("diff:diff", "Say what is different between two versions of a definition.", _definitions),
    "calendars": Entry("calendars:app", "Look at calendars, and compute deadlines.", _definitions),
    "roadmap": Entry("roadmap:app", "Plan a roadmap, start it, and see it through.", _definitions),
    "templates": Entry("templates:app", "See what letters, mails and notifications say.", _definitions),
    "clocks": Entry("clocks:app", "See what is late and what will be; hold a log against its deadlines.", _work),
    "eval": Entry("evaluate:evaluate", "Evaluate an expression on data.", _definitions),
    "start": Entry("start:start", "Start an instance of a published process.", _work),
    "events": Entry("events:app", "Send events, and see those that came.", _work),
    "instances": Entry("instances:app", "Look at instances and change their course.", _work),
    "dead-letters": Entry("dead_letters:app", "Mend, send again or drop what was refused.", _work),
    "tasks": Entry("tasks:app", "Work on the tasks of the inbox.", _work),
    "notifications": Entry("notifications:app", "See what people are told, and choose what they get by mail.", _work),
    "absences": Entry("absences:app", "Enter who is away, and ask who holds what on a day.", _work),
    "connect": Entry(
        "connect:app",
        "Make connections from contracts, certify them, and make and judge connector kinds.",
        _administration,
    ),
    "alerts": Entry("alerts:app", "See what is wrong with connections, and take it on.", _administration),
    "connections": Entry("connections:app", "Look at connections and test them.", _administration),
    "profiles": Entry(
        "profiles:app", "Look at which connections stand behind the names in processes.", _administration
    ),
    "syncs": Entry("syncs:app", "Look at what is kept the same in two systems; run and pause it.", _administration),
    "schedules": Entry("schedules:app", "Look at what starts by time, and pause it.", _administration),
    "users": Entry("users:app", "Add people, say what they can do, and change their passwords.", _administration),
    "permissions": Entry("permissions:app", "Say who may do what on what, and see why somebody may.", _administration),
    "tokens": Entry("tokens:app", "Create tokens for programs that use the API.", _administration),
    "audit": Entry("audit:app", "Read the audit trail, check its chain, and export a case.", _administration),
    "store": Entry("store:app", "Look after the store.", _administration),
}


def load(name: str) -> Command:
    """Import and return the command `name`, which must be one of `ENTRIES`."""
    module, _, attribute = ENTRIES[name].target.partition(":")
    target = getattr(imported(f"cauce.cli.{module}"), attribute)
    if isinstance(target, typer.Typer):
        group = typer.main.get_command(target)
        group.name, group.help = name, ENTRIES[name].sentence
        return group
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name)(target)
    return typer.main.get_command(single)


class Root(TyperGroup):
    """The command `cauce`; knows its commands by name and imports one when it is resolved."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401  # Typer's own signature
        # Only what help needs to know of each command; `resolve_command` has the real one.
        stubs = {
            name: TyperCommand(name=name, help=entry.sentence, rich_help_panel=entry.panel)
            for name, entry in ENTRIES.items()
        }
        super().__init__(**(attributes | {"commands": stubs}))

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Return the command to run, now really imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in ENTRIES else command, rest

    def invoke(self, ctx: Context) -> Any:  # noqa: ANN401  # Typer's own signature
        """Run the command; an error a person can mend is told in a sentence, any other is a bug and keeps its trace."""
        try:
            return super().invoke(ctx)
        except CauceError as error:
            output.fail(error, as_json=bool(ctx.meta.get(output.json_asked)))
            raise typer.Exit(error.exit_code) from error


app = typer.Typer(
    cls=Root,
    name="cauce",
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it would print local variables, and those may be somebody's data
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:  # noqa: FBT001  # Typer's signature of a callback
    if asked:
        output.line(metadata.version("cauce"))
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Run a company's processes: written as YAML, durable on Temporal, with tasks for its people."""
    del version  # the callback above has dealt with it


def main() -> None:
    """Run the command line, and leave with its exit code."""
    try:
        app(prog_name="cauce")
    except SystemExit as ended:
        if "temporalio.bridge" in sys.modules:
            _leave(ended.code)
        raise


def _leave(code: str | int | None) -> NoReturn:
    """End this program without taking the interpreter down.

    The threads of Temporal's client outlive its event loop and now and then abort an interpreter that is being taken
    down: https://github.com/temporalio/sdk-python/issues/300.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - nothing public runs them
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))
