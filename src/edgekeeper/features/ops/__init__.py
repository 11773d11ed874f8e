"""The operators of the feature language: one compiled kernel each, in families, by name.

A new operator is a kernel and an ``Op`` in one of the files here, or one of a user's own put in
with :func:`register`.
"""

from edgekeeper.errors import UsageError
from edgekeeper.features.across import ACROSS
from edgekeeper.features.ops.averages import AVERAGES
from edgekeeper.features.ops.delay import DELAY
from edgekeeper.features.ops.deviation import DEVIATION
from edgekeeper.features.ops.elementwise import ELEMENTWISE
from edgekeeper.features.ops.entropy import ENTROPY
from edgekeeper.features.ops.events import EVENTS
from edgekeeper.features.ops.extremes import EXTREMES
from edgekeeper.features.ops.higher import HIGHER
from edgekeeper.features.ops.line import LINE
from edgekeeper.features.ops.markov import MARKOV
from edgekeeper.features.ops.moments import MOMENTS
from edgekeeper.features.ops.op import HUGE, Op, Param, window
from edgekeeper.features.ops.order import ORDER
from edgekeeper.features.ops.pairs import PAIRS
from edgekeeper.features.ops.profile import PROFILE
from edgekeeper.features.ops.refits import REFITS
from edgekeeper.features.ops.sessions import SESSIONS
from edgekeeper.features.ops.sums import SUMS
from edgekeeper.features.ops.trailing import TRAILING

__all__ = ["HUGE", "OPS", "Op", "Param", "find_op", "register", "window"]

OPS: dict[str, Op] = {
    **ELEMENTWISE,
    **DELAY,
    **SUMS,
    **DEVIATION,
    **EXTREMES,
    **MOMENTS,
    **LINE,
    **ORDER,
    **AVERAGES,
    **PAIRS,
    **EVENTS,
    **SESSIONS,
    **TRAILING,
    **REFITS,
    **MARKOV,
    **PROFILE,
    **ENTROPY,
}

_TAKEN = frozenset(("tf", "column", *ACROSS))


def find_op(name: str) -> Op | None:
    """Return the op behind a node of the graph, or None for columns, constants, comparisons."""
    return OPS.get(name) or HIGHER.get(name)


def register(op: Op) -> Op:
    """Add a user's own operator to the language, and return it.

    Raises
    ------
    UsageError
        The name is taken by another operator, or cannot be written in an expression.
    """
    if not (op.name.isascii() and op.name.isidentifier()) or op.name.startswith("_"):
        raise UsageError(f"expected a plain name for an op such as 'my_range', got {op.name!r}")
    if (find_op(op.name) or op) != op or op.name in _TAKEN:
        raise UsageError(f"op {op.name!r} exists already: choose another name")
    OPS[op.name] = op
    return op
