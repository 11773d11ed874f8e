"""The graph behind expressions: every distinct calculation once, each with a stable hash."""

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.features.ops import OPS

__all__ = ["MAX_NODES", "Graph", "Node"]

MAX_NODES = 20_000


@dataclass(frozen=True, slots=True)
class Node:
    """One calculation.

    Attributes
    ----------
    op : str
        Name of an op, or ``"column"`` or ``"constant"``.
    inputs : tuple of int
        Positions in the graph.
    params : tuple of float
        Numbers of the op; the value of a constant.
    column : str
        Name of a column.
    key : str
        Hash over name, version, parameters and the keys of the inputs.
    lookback, warm_up : int
        Rows before the first value, and until the start no longer matters, inputs included.
    """

    op: str
    inputs: tuple[int, ...]
    params: tuple[float, ...]
    column: str
    key: str
    lookback: int
    warm_up: int


@dataclass
class Graph:
    """Nodes in an order in which inputs come first; equal calculations share one node.

    Examples
    --------
    >>> graph = Graph()
    >>> close = graph.column("close")
    >>> graph.apply("add", (close, close)) == graph.apply("add", (close, close))
    True
    >>> graph.nodes[graph.apply("add", (graph.constant(1), graph.constant(2)))].params
    (3.0,)
    """

    nodes: list[Node] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)

    def column(self, name: str) -> int:
        """Position of an input column."""
        return self._add("column", (), (), name, 0, 0)

    def constant(self, value: float) -> int:
        """Position of a number. NaN stands for a constant that cannot be computed."""
        return self._add("constant", (), (float(value) + 0.0,), "", 0, 0)

    def value(self, position: int) -> float | None:
        """Return the number a node stands for, or None where it is a series."""
        node = self.nodes[position]
        return node.params[0] if node.op == "constant" else None

    def apply(self, name: str, inputs: tuple[int, ...], params: tuple[float, ...] = ()) -> int:
        """Position of an op applied to nodes; computed at once where all inputs are constants."""
        op = OPS[name]
        numbers = [self.value(i) for i in inputs]
        if not op.stateful and all(number is not None for number in numbers):
            return self.constant(_evaluate(name, [n for n in numbers if n is not None], params))
        nodes = [self.nodes[i] for i in inputs]
        lookback = op.lookback(params) + max(node.lookback for node in nodes)
        warm_up = op.memory(params) + max(node.warm_up for node in nodes)
        return self._add(name, inputs, params, "", lookback, warm_up)

    def _add(
        self,
        op: str,
        inputs: tuple[int, ...],
        params: tuple[float, ...],
        column: str,
        lookback: int,
        warm_up: int,
    ) -> int:
        version = OPS[op].version if op in OPS else 0
        numbers = ",".join(value.hex() for value in map(float, params))
        parts = [op, str(version), numbers, column, *(self.nodes[i].key for i in inputs)]
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        if key not in self._known:
            if len(self.nodes) >= MAX_NODES:
                raise UsageError(
                    f"expected at most {MAX_NODES} distinct calculations in a feature set, got "
                    "more: split the set"
                )
            self._known[key] = len(self.nodes)
            self.nodes.append(Node(op, inputs, params, column, key, lookback, warm_up))
        return self._known[key]


def _evaluate(name: str, inputs: list[float], params: tuple[float, ...]) -> float:
    """One value of an op without memory, by its own kernel run as plain Python."""
    op = OPS[name]
    arrays = [np.array([value]) for value in inputs]
    out = np.empty(1)
    constants = np.array([*op.constants(params), 0.0])
    try:
        with np.errstate(all="ignore"):
            op.kernel(1, *arrays, out, constants, np.zeros(1))
    except (OverflowError, ValueError, ZeroDivisionError):
        return math.nan
    return float(out[0])
