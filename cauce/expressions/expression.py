"""What the rest of Cauce uses: compile a text once, evaluate it often."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cauce.expressions import assignment, binding, builtins, construction, flow, flow_paths, functions, navigation
from cauce.expressions.budget import DEFAULT, Budget, Env, Run, allow_depth
from cauce.expressions.code import EMPTY, MANY, Code, Program, compile_value
from cauce.expressions.emission import fused
from cauce.expressions.faults import Fault, as_expression_error, over_budget
from cauce.expressions.parser import parse
from cauce.expressions.reads import Reads, reads_of
from cauce.expressions.values import finished, finite

JSON = Any

# The semantics of the evaluator, budget table included; raised with every change that existing definitions can notice.
VERSION = 2

builtins.load()
_rules = (assignment, binding, construction, flow, flow_paths, functions, navigation)  # imported for what they register
_nothing: Mapping[str, JSON] = {}
_no_run: Env = (None, None, None, 0)


@dataclass(frozen=True, slots=True)
class Result:
    """The outputs of one evaluation and the steps it took."""

    outputs: list[JSON]
    steps: int


class Expression:
    """A compiled expression; one object serves any number of evaluations at the same time."""

    __slots__ = ("_fused", "_kept", "_plain", "_run", "code", "height", "names", "reads", "text")

    def __init__(self, text: str, code: Code, names: tuple[str, ...], height: int, reads: Reads) -> None:
        self.text = text
        self.reads = reads
        self.code = code
        self._run = code.run
        self._fused = False
        self.names = names
        self._kept = code.where is not None
        # A mere path into the input: no steps, no size, nothing to set up.
        self._plain = code.single and self._kept and not names and code.where is not None and "[" not in code.where
        self.height = height

    def first(self, data: JSON, variables: Mapping[str, JSON] = _nothing, budget: Budget = DEFAULT) -> JSON:
        """Return the first output, or None if there is none."""
        if self._plain:
            try:
                value = self._run(_no_run, data)
            except Fault as fault:
                raise as_expression_error(fault, self.text) from None
            return finite(value) if type(value) is float else value
        return self.counted(data, variables, budget)[0]

    def counted(
        self, data: JSON, variables: Mapping[str, JSON] = _nothing, budget: Budget = DEFAULT
    ) -> tuple[JSON, int]:
        """Return the first output, or None if there is none, and the steps it took."""
        run, env = self._start(variables, budget)
        try:
            value = self._run(env, data)
            if self.code.outputs == MANY:
                value = next(iter(value), None)
            elif value is EMPTY:
                return None, budget.steps - run.steps
            return self._finished(run, value), budget.steps - run.steps
        except Fault as fault:
            raise as_expression_error(fault, self.text) from None

    def outputs(self, data: JSON, variables: Mapping[str, JSON] = _nothing, budget: Budget = DEFAULT) -> list[JSON]:
        """Return all outputs."""
        return self.run(data, variables, budget).outputs

    def run(self, data: JSON, variables: Mapping[str, JSON] = _nothing, budget: Budget = DEFAULT) -> Result:
        """Return all outputs and the steps they took."""
        run, env = self._start(variables, budget)
        try:
            if self.code.outputs == MANY:
                values = run.collect(self._run(env, data))
            else:
                value = self._run(env, data)
                values = [] if value is EMPTY else [value]
            done = [self._finished(run, value) for value in values]
        except Fault as fault:
            raise as_expression_error(fault, self.text) from None
        return Result(done, budget.steps - run.steps)

    def _start(self, variables: Mapping[str, JSON], budget: Budget) -> tuple[Run, Env]:
        if not self._fused:
            self._fuse()
        names = self.names
        try:
            values = tuple([variables[name] for name in names]) if names else ()
        except KeyError as missing:
            fault = Fault(f"The variable ${missing.args[0]} has no value here")
            raise as_expression_error(fault, self.text) from None
        run = Run(budget, values)
        run.charge(self.code.cost)
        return run, (run, None, None, 0)

    def _fuse(self) -> None:
        """Write the expression out as one function, when it is first evaluated: many texts are only checked."""
        allow_depth()
        if self.height <= _tallest_fused:
            self._run = fused(self.code)
        self._fused = True

    def _finished(self, run: Run, value: JSON) -> JSON:
        if self._kept:
            return finite(value) if type(value) is float else value
        return finished(run, value)


def compile_expression(text: str, *, variables: Collection[str] = ()) -> Expression:
    """Compile `text`, in which the given variables (without `$`) are known.

    Raises:
        ExpressionError: The text is not an expression; the message shows where.

    """
    return _compiled(text, frozenset(variables))


@lru_cache(maxsize=4096)
def _compiled(text: str, variables: frozenset[str]) -> Expression:
    tree = parse(text)
    program = Program(text, variables)
    code = compile_value(tree, program.root)
    if program.height > _tallest:
        raise over_budget("is nested too deep", f"{_tallest} levels", "Split it with `def` or `as`.")
    names = tuple(program.globals)
    return Expression(text, code, names, program.height, reads_of(tree, variables))


_tallest = 3000
_tallest_fused = 200
