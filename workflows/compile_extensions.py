"""Extensions of `use.extensions`: which kinds of tasks they extend, and what they run around them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from cauce.contract import JSON
from cauce.expressions import Expression
from workflows import model
from workflows.compile_values import Place, escape

# Tasks that only hold others have no word of their own among the values of `extend`.
_COMPOSITE: Final = ("do", "fork")
# `for` has a `do` beside it and `try` a `catch`, so the order matters.
_KINDS: Final = ("for", "try", "call", "emit", "listen", "raise", "run", "set", "switch", "wait", *_COMPOSITE)


def extending(extensions: Sequence[model.Extension], definition: Mapping[str, JSON]) -> tuple[model.Extension, ...]:
    """Return the extensions that a task may have, by its kind."""
    keyword = next((each for each in _KINDS if each in definition), "")
    kind = "composite" if keyword in _COMPOSITE else keyword
    return tuple(each for each in extensions if each.extend in ("all", kind))


def compiled(
    use: Mapping[str, JSON],
    tasks: Callable[[list[Mapping[str, JSON]], Place], model.TaskList],
    condition: Callable[[str | None, Place], Expression | None],
) -> Iterator[model.Extension]:
    """Compile the extensions of a process, in their order."""
    for index, item in enumerate(use.get("extensions") or ()):
        (name, given), *_ = item.items()
        place = Place(f"/use/extensions/{index}/{escape(name)}")
        before, after = (tasks(given[key], place.below(key)) if given.get(key) else None for key in ("before", "after"))
        yield model.Extension(name, given["extend"], condition(given.get("when"), place), before, after)
