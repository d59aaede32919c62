"""Built-in functions on numbers."""

import math
import sys
from collections.abc import Callable
from typing import Any

from cauce.expressions.budget import Run
from cauce.expressions.builtins.registry import function
from cauce.expressions.faults import Fault
from cauce.expressions.values import as_double, settle, type_name

JSON = Any
Unary = Callable[[float], float]
Binary = Callable[[float, float], float]


def _number(x: JSON) -> int | float:
    if type(x) is not int and type(x) is not float:
        raise Fault(f"{type_name(x)} number required")
    return x


def _computed(operation: Callable[..., float], *values: float) -> int | float:
    try:
        return settle(float(operation(*map(as_double, values))))
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def _of_one(name: str, operation: Unary) -> None:
    @function(name)
    def calculated(_run: Run, x: JSON) -> JSON:
        return _computed(operation, _number(x))

    _ = calculated


def _of_two(name: str, operation: Binary) -> None:
    @function(name, 2)
    def calculated(_run: Run, _x: JSON, a: JSON, b: JSON) -> JSON:
        return _computed(operation, _number(a), _number(b))

    _ = calculated


def _keeps_whole(name: str, operation: Callable[[float], int]) -> None:
    @function(name)
    def rounded(_run: Run, x: JSON) -> JSON:
        value = _number(x)
        return value if type(value) is int or not math.isfinite(value) else operation(value)

    _ = rounded


def _round_away(x: float) -> int:
    return math.floor(abs(x) + 0.5) * (-1 if x < 0 else 1)


def _logarithm(operation: Unary) -> Unary:
    return lambda x: -math.inf if x == 0 else operation(x)


def _cube_root(x: float) -> float:
    root = abs(x) ** (1 / 3)
    nearest = round(root) if math.isfinite(root) else root
    return math.copysign(nearest if nearest**3 == abs(x) else root, x)


def _significand(x: float) -> float:
    if x == 0 or not math.isfinite(x):
        return x
    return math.frexp(x)[0] * 2


def _logb(x: float) -> float:
    if x == 0:
        return -math.inf
    return math.frexp(x)[1] - 1 if math.isfinite(x) else abs(x)


def _scale(x: float, exponent: float) -> float:
    if exponent != exponent or not math.isfinite(x):  # noqa: PLR0124 - nan
        return x + exponent
    return math.ldexp(x, int(max(-5000, min(5000, exponent))))


def _power(a: float, b: float) -> float:
    if a == 0 and b < 0:
        return math.inf
    return math.pow(a, b)


def _remainder(a: float, b: float) -> float:
    return math.nan if b == 0 or math.isinf(a) else math.remainder(a, b)


_rounding: dict[str, Callable[[float], int]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "round": _round_away,
    "trunc": math.trunc,
    "rint": round,
    "nearbyint": round,
}
_unary: dict[str, Unary] = {
    "cbrt": _cube_root,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "exp2": lambda x: math.pow(2, x),
    "exp10": lambda x: math.pow(10, x),
    "pow10": lambda x: math.pow(10, x),
    "expm1": math.expm1,
    "log": _logarithm(math.log),
    "log2": _logarithm(math.log2),
    "log10": _logarithm(math.log10),
    "log1p": math.log1p,
    "logb": _logb,
    "gamma": math.lgamma,
    "lgamma": math.lgamma,
    "tgamma": math.gamma,
    "significand": _significand,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "fabs": abs,
}
_binary: dict[str, Binary] = {
    "pow": _power,
    "atan2": math.atan2,
    "fmod": math.fmod,
    "fmin": min,
    "fmax": max,
    "hypot": math.hypot,
    "copysign": math.copysign,
    "drem": _remainder,
    "ldexp": _scale,
    "scalb": _scale,
    "scalbln": _scale,
    "nextafter": math.nextafter,
    "nexttoward": math.nextafter,
    "fdim": lambda a, b: max(a - b, 0.0) if a == a and b == b else math.nan,  # noqa: PLR0124 - nan
}
for _name, _rounded in _rounding.items():
    _keeps_whole(_name, _rounded)
for _name, _of_a in _unary.items():
    _of_one(_name, _of_a)
for _name, _of_a_and_b in _binary.items():
    _of_two(_name, _of_a_and_b)


@function("fma", 3)
def _fma(_run: Run, _x: JSON, a: JSON, b: JSON, c: JSON) -> JSON:
    return _computed(lambda x, y, z: x * y + z, _number(a), _number(b), _number(c))


@function("lgamma_r")
def _lgamma_r(_run: Run, x: JSON) -> JSON:
    value = as_double(_number(x))
    negative = value < 0 and math.isfinite(value) and math.floor(value) % 2 == 1
    return [_computed(math.lgamma, value), -1 if negative else 1]


@function("frexp")
def _frexp(_run: Run, x: JSON) -> JSON:
    fraction, exponent = math.frexp(as_double(_number(x)))
    return [settle(fraction) if math.isfinite(fraction) else fraction, exponent]


@function("modf")
def _modf(_run: Run, x: JSON) -> JSON:
    return [settle(part) if math.isfinite(part) else part for part in math.modf(as_double(_number(x)))]


@function("infinite")
def _infinite(_run: Run, _x: JSON) -> float:
    return math.inf


@function("nan")
def _nan(_run: Run, _x: JSON) -> float:
    return math.nan


@function("isinfinite")
def _isinfinite(_run: Run, x: JSON) -> bool:
    return type(x) is float and math.isinf(x)


@function("isnan")
def _isnan(_run: Run, x: JSON) -> bool:
    return type(x) is float and math.isnan(x)


@function("isnormal")
def _isnormal(_run: Run, x: JSON) -> bool:
    if type(x) is not int and type(x) is not float:
        return False
    value = as_double(x)
    return math.isfinite(value) and abs(value) >= sys.float_info.min
