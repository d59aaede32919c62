"""The table of built-in functions: plain ones take values, special ones compile their arguments themselves."""

from collections.abc import Callable
from typing import Any, TypeVar

from cauce.expressions import tree
from cauce.expressions.code import Code, PathStream, Scope

JSON = Any
Name = tuple[str, int]
Plain = Callable[..., JSON]
P = TypeVar("P", bound=Plain)
Special = Callable[[tree.Call, Scope], Code]
PathSpecial = Callable[[tree.Call, Scope], PathStream]

functions: dict[Name, Plain] = {}
specials: dict[Name, Special] = {}
path_specials: dict[Name, PathSpecial] = {}

# Special functions whose arguments see the input of the call itself, or what its path leads to.
on_own_input = frozenset({("select", 1), ("map", 1), ("first", 1), ("isempty", 1), ("error", 1), ("path", 1)})

_host = "an expression reads nothing of the machine it runs on."
_bessel = "the program has no Bessel functions."
_modules = "there are no modules."
_defined = "Define the functions at the beginning of the expression."
_stream = "an expression has one input, its data."
refused: dict[str, tuple[str, str]] = {
    "env": (_host, "Use a setting or a secret of a connection."),
    "now": ("its result would differ when a process is replayed.", "Use `$workflow.startedAt` or `$task.startedAt`."),
    "localtime": ("it depends on the machine's time zone.", "Use `gmtime`."),
    "strflocaltime": ("it depends on the machine's time zone.", "Use `strftime`."),
    "input": (_stream, "Use `.`."),
    "inputs": (_stream, "Use `.[]`."),
    "input_line_number": (_stream, "Use `.`."),
    "input_filename": (_stream, "Use `.`."),
    "debug": ("an expression writes nothing.", "Put the value into the output."),
    "stderr": ("an expression writes nothing.", "Put the value into the output."),
    "halt": ("an expression cannot stop the program.", 'Use `error("…")` or a `raise` task.'),
    "halt_error": ("an expression cannot stop the program.", 'Use `error("…")` or a `raise` task.'),
    **dict.fromkeys(("modulemeta", "get_search_list", "import", "include"), (_modules, _defined)),
    "JOIN": ("joining tables is work for a connection.", "Use `INDEX` and `map`, or an operation of a connection."),
    **dict.fromkeys(("j0", "j1", "jn", "y0", "y1", "yn"), (_bessel, "Let a connection's operation calculate it.")),
}


def function(name: str, arguments: int = 0) -> Callable[[P], P]:
    """Register `f(run, input, argument, …)`, applied to every combination of the arguments' outputs."""

    def register(plain: P) -> P:
        functions[name, arguments] = plain
        return plain

    return register


def special(name: str, arguments: int = 0) -> Callable[[Special], Special]:
    """Register what compiles a call itself."""

    def register(compiler: Special) -> Special:
        specials[name, arguments] = compiler
        return compiler

    return register


def path_special(name: str, arguments: int = 0) -> Callable[[PathSpecial], PathSpecial]:
    """Register what compiles a call where paths are wanted."""

    def register(compiler: PathSpecial) -> PathSpecial:
        path_specials[name, arguments] = compiler
        return compiler

    return register
