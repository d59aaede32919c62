"""Finds a definition that a command names: in a file, or among what is published."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cauce.cli import inputs, session
from cauce.cli.data_dir import DataDir
from cauce.contract import JSON
from cauce.errors import InputError, NotFoundError
from cauce.services import definitions
from cauce.services.hub import Actor, Hub
from cauce.testing.plan import bundle_of
from schemas import kind_of, load_yaml
from schemas.files import beside, load_files
from workflows.checking import Known
from workflows.checking.known import world_of

__all__ = ["DataDir", "Named", "definition", "process"]


@dataclass(frozen=True, slots=True)
class Named:
    """A definition; of a process also what it is bound to, as far as that is at hand."""

    document: JSON
    bound: Mapping[str, JSON] = field(default_factory=dict)


def process(name: str, data_dir: Path | None = None) -> JSON:
    """Return the document of a process in a file, or of a published one.

    Raises:
        InputError: It is neither, or no process.
    """
    document = definition(name, data_dir).document
    if kind_of(document) != "process":
        raise InputError(f"{name} is not a process.", hint="A process begins with `document:`.")
    return document


def definition(name: str, data_dir: Path | None = None) -> Named:
    """Return a definition in a file, or a published process (`name` or `name@version`).

    Raises:
        InputError: There is no such file.
    """
    path = Path(name)
    if path.is_file():
        source = load_yaml(inputs.file_text(path), name)
        neighbours, _ = load_files(beside([path], flat=True))
        bundle = (
            bundle_of(source, world_of([*neighbours, source], Known())) if kind_of(source.data) == "process" else {}
        )
        return Named(source.data, bundle or {})
    if path.suffix in {".yaml", ".yml"} or path.is_dir() or len(path.parts) > 1:
        raise InputError(f"There is no file {name}.", hint="Check the path.")
    title, _, version = name.partition("@")

    async def work(hub: Hub, actor: Actor) -> Named:
        actor.require("see definitions", "designer", "integrator", "manager", "staff", "operator", "auditor")
        try:
            found = await definitions.definition(hub, title, version or None)
        except NotFoundError as error:
            # What was given to the command is wrong, which is not the answer "they differ".
            raise InputError(error.problem, hint=error.hint) from error
        return Named(found.document, found.bundle or {})

    return session.run(work, data_dir=data_dir)
