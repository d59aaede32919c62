"""Which profile holds in an environment: one that is written beside what is checked, published, or comes with Cauce."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from cauce.errors import NotFoundError
from schemas import Source, guess, kind_of, listing, load_yaml, validate

JSON = Any


@cache
def shipped() -> Mapping[str, Source]:
    """Return the profiles of `definitions/profiles` by name."""
    folder = files("definitions").joinpath("profiles")
    found = [each for each in folder.iterdir() if each.name.endswith(".yaml")] if folder.is_dir() else []
    texts = {each.name: each.read_text(encoding="utf-8") for each in found}
    sources = [load_yaml(texts[name], name) for name in sorted(texts)]
    return {source.data["profile"]: source for source in sources}


def chosen(name: str, written: Iterable[Source] = (), published: Mapping[str, JSON] | None = None) -> JSON:
    """Return the document of the profile that holds here; None without a name, or while it is written wrongly.

    Raises:
        NotFoundError: There is no profile of that name.
    """
    if not name:
        return None
    own = {source.data["profile"]: source for source in written if kind_of(source.data) == "profile"}
    if name in own:
        return None if validate("profile", own[name]) else own[name].data
    known = {**{each: source.data for each, source in shipped().items()}, **(published or {})}
    if name not in known:
        problem = f"There is no profile `{name}`{guess(name, known)}"
        raise NotFoundError(problem, hint=f"{listing(known)} The environment chooses it with CAUCE_PROFILE.")
    return known[name]
