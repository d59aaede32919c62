"""Changes many places of one value without copying it once for each: what was copied already is changed in place."""

from typing import Any

from cauce.expressions import paths
from cauce.expressions.budget import Run

JSON = Any


class Editor:
    """A working copy: the containers it copied itself are its own, everything else is shared and never changed.

    A value handed out may end up inside another value, so what is handed out stops being the editor's own; and
    nothing below a shared container is ever owned, because ownership is gained from the root downwards.
    """

    __slots__ = ("_own", "root", "run")

    def __init__(self, run: Run, root: JSON) -> None:
        self.run = run
        self.root = root
        self._own: dict[int, JSON] = {}

    def look(self, path: tuple[JSON, ...]) -> JSON:
        """Return what is at `path` now."""
        value = paths.getpath(self.run, self.root, path)
        if id(value) in self._own:
            self._own.clear()
        return value

    def put(self, path: tuple[JSON, ...], new: JSON) -> None:
        """Put `new` at `path`."""
        if not path:
            self._replace(new)
            return
        parent = self._own_container(path)
        key = path[-1]
        if _is_member(parent, key) or (type(parent) is dict and type(key) is str):
            parent[key] = new
        else:
            self._replace(paths.setpath(self.run, self.root, path, new))

    def _replace(self, root: JSON) -> None:
        self.root = root
        self._own.clear()

    def _own_container(self, path: tuple[JSON, ...]) -> JSON:
        """Return the editor's own copy of the container that holds the end of `path`; None if there is none yet."""
        self.run.charge(len(path))
        container = self._owned(self.root)
        if container is None:
            return None
        self.root = container
        for key in path[:-1]:
            if not _is_member(container, key):
                return None
            child = self._owned(container[key])
            if child is None:
                return None
            container[key] = child
            container = child
        return container

    def _owned(self, value: JSON) -> JSON:
        if type(value) is not dict and type(value) is not list:
            return None
        if id(value) in self._own:
            return value
        self.run.charge(1 + (len(value) >> 3))
        copy = value.copy()
        self._own[id(copy)] = copy
        return copy


def _is_member(container: JSON, key: JSON) -> bool:
    if type(container) is dict:
        return type(key) is str and key in container
    return type(container) is list and type(key) is int and 0 <= key < len(container)


def delete(run: Run, value: JSON, doomed: list[JSON]) -> JSON:
    """Return a copy of `value` without what the paths lead to."""
    parents: dict[tuple[JSON, ...], list[JSON]] = {}
    for path in doomed:
        run.charge(5 + len(path) if type(path) is list else 5)
        if type(path) is not list or not path or not all(_is_plain(key) for key in path):
            return paths.delpaths(run, value, doomed)
        parents.setdefault(tuple(path[:-1]), []).append(path[-1])
    editor = Editor(run, value)
    # The deepest first: taking out members moves those behind them, but nothing above.
    for parent in sorted(parents, key=len, reverse=True):
        container = paths.getpath(run, editor.root, parent)
        if container is not None:
            editor.put(parent, _without(run, container, parents[parent]))
    return editor.root


def _is_plain(key: JSON) -> bool:
    return type(key) is str or (type(key) is int and key >= 0)


def _without(run: Run, container: JSON, keys: list[JSON]) -> JSON:
    if type(container) is list and all(type(key) is int for key in keys):
        run.charge(len(container))
        gone = set(keys)
        return [item for position, item in enumerate(container) if position not in gone]
    if type(container) is dict and all(type(key) is str for key in keys):
        run.charge(len(container))
        gone = set(keys)
        return {name: item for name, item in container.items() if name not in gone}
    return paths.delpaths(run, container, [[key] for key in keys])
