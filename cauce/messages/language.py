"""The language of templates: the part of Jinja2 that says something, without what computes, calls or loads.

A template cannot make its data larger: there is no `set`, no macro and no call, so that what it writes is bounded by
its own length, the data, and how often its loops may go round. `cauce check` reads templates with the same rules.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, meta, nodes, pass_context
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import SandboxedEnvironment

from cauce.messages.words import FILTERS, scalar
from schemas import guess, listing

JSON = Any
LANGUAGES: Final = ("en", "es")
# The name under which a rendering brings its limits; no data can have it.
LIMITS: Final = " limits"
_COUNTED: Final = "counted"
_TESTS: Final = frozenset({"defined", "undefined", "none", "number", "string", "true", "false", "odd", "even"})
_LISTS: Final = (nodes.List, nodes.Tuple)
_ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, *_LISTS),
    *(nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.If, nodes.For, nodes.CondExpr, nodes.Keyword),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand, nodes.Concat),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos),
)
_WORDS: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Assign: "`set`",
    nodes.AssignBlock: "`set`",
    nodes.Macro: "`macro`",
    nodes.CallBlock: "`call`",
    nodes.Include: "`include`",
    nodes.Import: "`import`",
    nodes.FromImport: "`import`",
    nodes.Extends: "`extends`",
    nodes.Block: "`block`",
    nodes.With: "`with`",
    nodes.FilterBlock: "`filter` as a block",
    nodes.Call: "calls",
    nodes.Pow: "`**`",
    nodes.Dict: "a map",
    nodes.Slice: "a slice",
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong in a template, and in which of its lines."""

    line: int
    sentence: str
    hint: str = ""
    name: str = ""


class Missing(StrictUndefined):
    """What is not in the data: using it is an error that names it."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        obj, name = self._undefined_obj, str(self._undefined_name)
        near = guess(name, obj) if isinstance(obj, Mapping) else "."
        return f"There is no `{name}`{near}"


class Environment(SandboxedEnvironment):
    """Reads data and nothing else: what a name means is looked up in maps, never in objects of the program."""

    intercepted_binops = frozenset({"*", "%"})

    def __init__(self, *, html: bool) -> None:
        super().__init__(autoescape=html, undefined=Missing, finalize=scalar, keep_trailing_newline=True)
        self.globals.clear()
        self.filters = {**FILTERS, _COUNTED: _counted}
        self.tests = {name: test for name, test in self.tests.items() if name in _TESTS}

    def getattr(self, obj: JSON, attribute: str) -> JSON:
        """Return what a map holds; of a loop, where it is."""
        if isinstance(obj, LoopContext) and not attribute.startswith("_"):
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: JSON, argument: JSON) -> JSON:
        """Return what a map holds under a key, or a list at a place."""
        if isinstance(obj, Undefined):
            return getattr(obj, str(argument))
        if isinstance(obj, Mapping | list | str) and isinstance(argument, str | int):
            try:
                return obj[argument]  # type: ignore[index]  # a wrong pair is what is caught below
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: JSON, right: JSON) -> JSON:
        """Multiply numbers only: a text times a number could be of any length."""
        if not all(isinstance(each, int | float) for each in (left, right)):
            message = f"`{operator}` works on numbers only."
            raise TypeError(message)
        return super().call_binop(context, operator, left, right)


def parse(text: str, *, html: bool = False) -> tuple[nodes.Template | None, list[Flaw]]:
    """Return the tree of a template with its loops counted, and what is wrong with it (then there is no tree)."""
    environment = Environment(html=html)
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        return None, [Flaw(error.lineno, f"The template cannot be read: {_sentence(error.message or '')}")]
    except RecursionError:
        return None, [Flaw(1, "The template is nested too deeply.")]
    flaws = sorted(_flaws(environment, tree), key=lambda each: each.line)
    for loop in [] if flaws else [*tree.find_all(nodes.For)]:
        loop.iter = nodes.Filter(loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno)
        loop.set_environment(environment)
    return (None, flaws) if flaws else _within_reach(environment, tree)


def _within_reach(environment: Environment, tree: nodes.Template) -> tuple[nodes.Template | None, list[Flaw]]:
    """Return a tree, unless its blocks or parentheses stand in each other so deeply that Python refuses them."""
    try:
        environment.compile(tree)
    except (SyntaxError, RecursionError, MemoryError):
        return None, [Flaw(1, "The template is nested too deeply.")]
    return tree, []


def variables(tree: nodes.Template) -> dict[str, int]:
    """Return the names that a template looks up in its data, each with the line where it first stands."""
    found: dict[str, int] = {}
    for name in sorted(meta.find_undeclared_variables(tree)):
        lines = [each.lineno for each in tree.find_all(nodes.Name) if each.name == name]
        found[name] = min(lines, default=1)
    return found


def optional(tree: nodes.Template) -> frozenset[str]:
    """Return the names that a template asks for, with `is defined` or `default`, before it uses them."""
    asked = [each.node for each in tree.find_all(nodes.Test) if each.name in ("defined", "undefined")]
    asked += [each.node for each in tree.find_all(nodes.Filter) if each.name == "default" and each.node is not None]
    return frozenset(each.name for each in asked if isinstance(each, nodes.Name))


def _flaws(environment: Environment, tree: nodes.Template) -> Iterator[Flaw]:
    for node in _all(tree):
        if not isinstance(node, _ALLOWED):
            what = _WORDS.get(type(node), f"`{type(node).__name__}`")
            hint = "Let the process compute it, and give it to the template in `data`."
            yield Flaw(node.lineno, f"A template has no {what}.", hint)
        elif isinstance(node, _LISTS) and not _is_plain(node):
            yield Flaw(node.lineno, "A list in a template holds plain values only.", "Let the process make it.")
        elif isinstance(node, nodes.For) and node.recursive:
            yield Flaw(node.lineno, "A loop in a template does not call itself.", "Leave out `recursive`.")
        elif isinstance(node, nodes.Filter) and (node.name not in environment.filters or node.name == _COUNTED):
            hint = listing(sorted(FILTERS), word="There are")
            yield Flaw(node.lineno, f"There is no filter `{node.name}`{guess(node.name, FILTERS)}", hint, node.name)
        elif isinstance(node, nodes.Test) and node.name not in environment.tests:
            hint = listing(sorted(_TESTS), word="There are")
            yield Flaw(node.lineno, f"There is no test `{node.name}`{guess(node.name, _TESTS)}", hint, node.name)


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield a node and all below it, but nothing below what is refused."""
    yield node
    for each in node.iter_child_nodes() if isinstance(node, _ALLOWED) else ():
        yield from _all(each)


def _is_plain(node: nodes.List | nodes.Tuple) -> bool:
    """Tell whether a list holds nothing but constants; the names of a loop's values are no such list."""
    return getattr(node, "ctx", "load") == "store" or all(_is_constant(each) for each in node.items)


def _is_constant(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) or (isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const))


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".") + "."


@pass_context
def _counted(context: Context, value: JSON) -> Iterable[JSON]:
    """Let each rendering count the rounds of its loops."""
    counted: Iterable[JSON] = context[LIMITS].counted(value)
    return counted
