"""Ops without memory: arithmetic, comparison, logic. Loops are simple, so that LLVM vectorises.

A result that is not a number stays missing: dividing by zero, the logarithm of nothing and the root
of a negative number give NaN. Comparison and logic give 1.0 or 0.0, and NaN where an input is NaN.
"""

import math

from edgekeeper.features.ops.op import Kernel, Op, Param
from edgekeeper.types import Float64Array

__all__ = ["ELEMENTWISE"]

_A = Float64Array
NAN = math.nan


def add(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x + y``."""
    for i in range(n):
        out[i] = x[i] + y[i]


def subtract(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x - y``."""
    for i in range(n):
        out[i] = x[i] - y[i]


def multiply(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x * y``."""
    for i in range(n):
        out[i] = x[i] * y[i]


def divide(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x / y``; NaN where ``y`` is zero."""
    for i in range(n):
        out[i] = x[i] / y[i] if y[i] != 0.0 else NAN


def ratio(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x / y``; NaN where ``y`` is smaller than a constant, and may be rounding only."""
    least = params[0]
    for i in range(n):
        out[i] = x[i] / y[i] if abs(y[i]) > least else NAN


def negate(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """``-x``."""
    for i in range(n):
        out[i] = -x[i]


def absolute(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Size without sign."""
    for i in range(n):
        out[i] = abs(x[i])


def square_root(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Square root; NaN below zero."""
    for i in range(n):
        out[i] = math.sqrt(x[i]) if x[i] >= 0.0 else NAN


def logarithm(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Natural logarithm; NaN at and below zero."""
    for i in range(n):
        out[i] = math.log(x[i]) if x[i] > 0.0 else NAN


def exponential(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """``e ** x``."""
    for i in range(n):
        out[i] = math.exp(x[i])


def hyperbolic_tangent(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Squash into (-1, 1)."""
    for i in range(n):
        out[i] = math.tanh(x[i])


def sine(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Sine of radians; NaN for what is not finite."""
    for i in range(n):
        out[i] = math.sin(x[i]) if abs(x[i]) < math.inf else NAN


def cosine(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Cosine of radians; NaN for what is not finite."""
    for i in range(n):
        out[i] = math.cos(x[i]) if abs(x[i]) < math.inf else NAN


def sign(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """-1, 0 or 1."""
    for i in range(n):
        v = x[i]
        out[i] = 1.0 if v > 0.0 else (-1.0 if v < 0.0 else (0.0 if v == 0.0 else NAN))


def power(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """``x ** c`` for a constant; NaN where the result is not a real number."""
    c = params[0]
    if c == 2.0:
        for i in range(n):
            out[i] = x[i] * x[i]
    else:
        whole = c == math.floor(c)
        for i in range(n):
            v = x[i]
            if v > 0.0 or (v < 0.0 and whole) or (v == 0.0 and c > 0.0):
                out[i] = math.pow(v, c)
            else:
                out[i] = NAN


def clip(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Hold ``x`` within two constants."""
    low, high = params[0], params[1]
    for i in range(n):
        v = x[i]
        out[i] = low if v < low else (high if v > high else v)


def significant(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """``x`` to so many significant bits, so that what differs by rounding only is a tie.

    Dekker (1971): multiplying by 2 ** s + 1 and subtracting leaves the upper 53 - s bits.
    """
    factor = 2.0 ** (53.0 - params[0]) + 1.0
    for i in range(n):
        wide = factor * x[i]
        out[i] = wide - (wide - x[i])


def minimum(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """Return the smaller of two."""
    for i in range(n):
        out[i] = x[i] if x[i] < y[i] else (y[i] if y[i] <= x[i] else NAN)


def maximum(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """Return the larger of two."""
    for i in range(n):
        out[i] = x[i] if x[i] > y[i] else (y[i] if y[i] >= x[i] else NAN)


def where(n: int, c: _A, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x`` where ``c`` is true, else ``y``; the other side may be missing."""
    for i in range(n):
        # Both sides are read in any case: a read that may not happen keeps LLVM from vectorising.
        test, this, that = c[i], x[i], y[i]
        chosen = this if test != 0.0 else that
        out[i] = chosen if test == test else NAN


def fill(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x``, or ``y`` where ``x`` is missing."""
    for i in range(n):
        this, that = x[i], y[i]
        out[i] = this if this == this else that


def less(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x < y``."""
    for i in range(n):
        out[i] = 1.0 if x[i] < y[i] else (0.0 if x[i] >= y[i] else NAN)


def less_equal(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x <= y``."""
    for i in range(n):
        out[i] = 1.0 if x[i] <= y[i] else (0.0 if x[i] > y[i] else NAN)


def equal(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x == y``."""
    for i in range(n):
        known = x[i] == x[i] and y[i] == y[i]
        out[i] = (1.0 if x[i] == y[i] else 0.0) if known else NAN


def negation(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """``not x``."""
    for i in range(n):
        out[i] = NAN if x[i] != x[i] else (1.0 if x[i] == 0.0 else 0.0)


def conjunction(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x and y``."""
    for i in range(n):
        known = x[i] == x[i] and y[i] == y[i]
        out[i] = (1.0 if x[i] != 0.0 and y[i] != 0.0 else 0.0) if known else NAN


def disjunction(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """``x or y``."""
    for i in range(n):
        known = x[i] == x[i] and y[i] == y[i]
        out[i] = (1.0 if x[i] != 0.0 or y[i] != 0.0 else 0.0) if known else NAN


def _op(name: str, kernel: Kernel, inputs: int, *params: Param, reads_missing: bool = False) -> Op:
    meaning = (kernel.__doc__ or "").strip().partition("\n")[0]
    return Op(name, kernel, inputs, params, meaning=meaning, reads_missing=reads_missing)


_ANY = 1e12
_OPS = (
    _op("add", add, 2),
    _op("subtract", subtract, 2),
    _op("multiply", multiply, 2),
    _op("divide", divide, 2),
    _op("ratio", ratio, 2, Param("least", 0, _ANY, False)),
    _op("negate", negate, 1),
    _op("abs", absolute, 1),
    _op("sqrt", square_root, 1),
    _op("log", logarithm, 1),
    _op("exp", exponential, 1),
    _op("tanh", hyperbolic_tangent, 1),
    _op("sin", sine, 1),
    _op("cos", cosine, 1),
    _op("sign", sign, 1),
    _op("power", power, 1, Param("exponent", -64, 64, whole=False)),
    _op("clip", clip, 1, Param("low", -_ANY, _ANY, False), Param("high", -_ANY, _ANY, False)),
    _op("significant", significant, 1, Param("bits", 8, 50, default=36)),
    _op("minimum", minimum, 2),
    _op("maximum", maximum, 2),
    _op("where", where, 3, reads_missing=True),
    _op("fill", fill, 2, reads_missing=True),
    _op("less", less, 2),
    _op("less_equal", less_equal, 2),
    _op("equal", equal, 2),
    _op("negation", negation, 1),
    _op("conjunction", conjunction, 2),
    _op("disjunction", disjunction, 2),
)
ELEMENTWISE: dict[str, Op] = {op.name: op for op in _OPS}
