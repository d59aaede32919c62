"""The capabilities that come with Cauce; what a company publishes or lays beside its connections goes before them."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from schemas import load_yaml

JSON = Any


@cache
def shipped() -> Mapping[str, JSON]:
    """Return the capabilities of `definitions/capabilities` by name."""
    folder = files("definitions").joinpath("capabilities")
    found = [each for each in folder.iterdir() if each.name.endswith(".yaml")] if folder.is_dir() else []
    texts = {each.name: each.read_text(encoding="utf-8") for each in found}
    documents = [load_yaml(texts[name], name).data for name in sorted(texts)]
    return {document["capability"]: document for document in documents}
