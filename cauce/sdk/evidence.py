"""What a kind is judged by: the fields of its settings, its source, and what its documentation says of it."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cauce import registry
from cauce.connector import BaseSettings

_deepest = 5


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of the settings, or of a model inside them; `path` is as messages show it (`auth.basic.username`)."""

    path: str
    name: str
    info: FieldInfo

    @property
    def types(self) -> frozenset[object]:
        """All types that its annotation is made of."""
        return frozenset(_types(self.info.annotation))


@dataclass(frozen=True)
class Evidence:
    """A kind's settings, source and documentation; `exempt` gives a reason for each rule that cannot apply to it."""

    kind: str
    settings: type[BaseSettings]
    sources: tuple[ast.Module, ...]
    docs: str
    exempt: Mapping[str, str]

    @cached_property
    def fields(self) -> tuple[Setting, ...]:
        """The fields of the settings and of the kind's own models inside them."""
        return tuple(_fields(self.settings, "", 0))

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the source."""
        return tuple(node for tree in self.sources for node in ast.walk(tree))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The names of all attributes and variables that the code reads."""
        attributes = {each.attr for each in self.nodes if isinstance(each, ast.Attribute) and _is_read(each)}
        return frozenset(attributes | {each.id for each in self.nodes if isinstance(each, ast.Name) and _is_read(each)})

    @cached_property
    def imports(self) -> frozenset[str]:
        """The modules that the code imports, each with the packages around it."""
        named = {alias.name for each in self.nodes if isinstance(each, ast.Import) for alias in each.names}
        named |= {each.module for each in self.nodes if isinstance(each, ast.ImportFrom) and each.module}
        parts = [name.split(".") for name in named]
        return frozenset(".".join(each[: length + 1]) for each in parts for length in range(len(each)))

    @cached_property
    def row(self) -> str:
        """The row about this kind in the table of its documentation; empty when there is none."""
        found = re.search(rf"^\|\s*`{re.escape(self.kind)}`\s*\|.*$", self.docs, re.MULTILINE)
        return found[0] if found else ""


def gather(kind: str) -> Evidence:
    """Import a kind and read its files."""
    module = registry.load(kind)
    file = Path(str(getattr(module, "__file__", "")))
    files = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
    sources = tuple(ast.parse(each.read_text(encoding="utf-8")) for each in files)
    exempt = dict(getattr(module, "exempt", {}))
    return Evidence(kind, module.Settings, sources, registry.documentation(kind), exempt)


def _fields(model: type[BaseModel], above: str, depth: int) -> Iterator[Setting]:
    for name, info in model.model_fields.items():
        setting = Setting(above + name, name, info)
        yield setting
        for inner in setting.types if depth < _deepest else ():
            # What the language defines, such as OAuth 2, is not the kind's to describe.
            if isinstance(inner, type) and issubclass(inner, BaseModel) and not inner.__module__.startswith("cauce."):
                yield from _fields(inner, f"{setting.path}.", depth + 1)


def _types(annotation: Any) -> Iterator[object]:  # noqa: ANN401 - whatever an annotation may be
    yield annotation
    for inner in get_args(annotation):
        yield from _types(inner)


def _is_read(node: ast.Attribute | ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)
