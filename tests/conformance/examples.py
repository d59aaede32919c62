"""The standard's own examples, with what has to come of each; they are read where they lie, beside the checkout."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from schemas import load_yaml
from tests.conformance.case import HERE, Case

JSON = Any
FOLDER: Final = Path(__file__).resolve().parents[3] / "shared" / "spec" / "examples"


@dataclass(frozen=True, slots=True)
class Example(Case):
    """One run of an example; `also` are processes that it needs."""

    file: str = ""
    also: list[JSON] = field(default_factory=list)

    def document(self, base: str) -> JSON:
        """Return the example as it is, but for its full name: many of them have the same."""
        del base
        text = (FOLDER / self.file).read_text(encoding="utf-8")
        document: JSON = load_yaml(text, self.file).data
        head = {"namespace": "conformance", "name": self.id, "version": "1.0.0"}
        return {**document, "document": {**document["document"], **head}}


def examples() -> list[Example]:
    """Return all runs, in the order of the table."""
    documents = YAML(typ="safe", pure=True).load_all((HERE / "examples.yaml").read_text(encoding="utf-8"))
    return [_example(number, dict(document)) for number, document in enumerate(documents, 1)]


def _example(number: int, document: dict[str, JSON]) -> Example:
    document.setdefault("title", Path(document["file"]).stem)
    document.setdefault("status", "faulted" if "error" in document else "completed")
    return Example(id=f"example-{number}", row="Example", process={}, **document)


def hosts() -> set[str]:
    """Return the hosts that the stand-in plays."""
    return {place.split("/")[2] for each in examples() for place in each.http}
