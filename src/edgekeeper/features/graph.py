"""The graph behind expressions: every distinct calculation once, each with a stable hash."""

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.features.across import ACROSS
from edgekeeper.features.calendar import DAY_NS, KEY_NS, SECONDS
from edgekeeper.features.ops import OPS, find_op
from edgekeeper.features.ops.higher import anchor_seconds, collect_kind

__all__ = ["MAX_NODES", "Graph", "Node", "version_of"]

MAX_NODES = 20_000
_SECOND_NS = 10**9


@dataclass(frozen=True, slots=True)
class Node:
    """One calculation.

    Attributes
    ----------
    op : str
        Name of an op or comparison, or ``"column"`` or ``"constant"``.
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
    wait_ns, settle_ns : int
        Time that comes on top of these rows, where longer bars or sessions take part.
    bars_s : int
        Length of the bars it runs over, in seconds; 0: the bars that come.
    """

    op: str
    inputs: tuple[int, ...]
    params: tuple[float, ...]
    column: str
    key: str
    lookback: int = 0
    warm_up: int = 0
    wait_ns: int = 0
    settle_ns: int = 0
    bars_s: int = 0


@dataclass(frozen=True, slots=True)
class _Memory:
    """How far back a calculation reaches: the last four fields of a node."""

    lookback: int = 0
    warm_up: int = 0
    wait_ns: int = 0
    settle_ns: int = 0


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

    def column(self, name: str, bars_s: int = 0) -> int:
        """Position of an input column; of longer bars, if ``bars_s`` says how long."""
        here = self._add("column", column=name)
        if not bars_s:
            return here
        kind = (collect_kind(name),)
        return self._add("collect", (here, self._bucket(bars_s)), kind, bars_s=bars_s)

    def constant(self, value: float) -> int:
        """Position of a number. NaN stands for a constant that cannot be computed."""
        return self._add("constant", params=(float(value) + 0.0,))

    def value(self, position: int) -> float | None:
        """Return the number a node stands for, or None where it is a series."""
        node = self.nodes[position]
        return node.params[0] if node.op == "constant" else None

    def apply(self, name: str, inputs: tuple[int, ...], params: tuple[float, ...] = ()) -> int:
        """Position of an op applied to nodes; computed at once where all inputs are constants.

        Raises
        ------
        UsageError
            Inputs that run over bars of different lengths.
        """
        op = OPS[name]
        numbers = [self.value(i) for i in inputs]
        if not op.stateful and all(number is not None for number in numbers):
            return self.constant(_evaluate(name, [n for n in numbers if n is not None], params))
        extra = 0
        if op.keyed:
            key = self.nodes[inputs[-1]]
            column = self.nodes[key.inputs[0]].column if key.op == "collect" else key.column
            extra = KEY_NS.get(column, DAY_NS)
        before = self._reach(inputs)
        memory = _Memory(
            before.lookback + op.lookback(params),
            before.warm_up + op.memory(params),
            before.wait_ns + extra,
            before.settle_ns + extra,
        )
        return self._add(name, inputs, params, memory=memory, bars_s=self._bars(inputs))

    def compare(self, name: str, series: int) -> int:
        """Position of a comparison of all symbols at each instant."""
        if self.nodes[series].bars_s:
            raise UsageError(f"expected {name} outside of tf, got it within: write {name}(tf(...))")
        return self._add(name, (series,), memory=self._reach((series,)))

    def hold(self, inner: int) -> int:
        """Position of a series of longer bars, spread over the bars that come."""
        node = self.nodes[inner]
        length = node.bars_s * _SECOND_NS
        # One row a longer bar at least, and as many as fit into it.
        memory = _Memory(
            node.lookback + 2,
            node.warm_up + 2,
            node.wait_ns + (node.lookback + 2) * length,
            node.settle_ns + (node.warm_up + 2) * length,
        )
        return self._add("hold", (inner, self._bucket(node.bars_s)), memory=memory)

    def _bucket(self, bars_s: int) -> int:
        params = (float(bars_s), float(anchor_seconds(bars_s)))
        return self._add("bucket", (self._add("column", column=SECONDS),), params)

    def _bars(self, inputs: tuple[int, ...]) -> int:
        """Length of the bars of some nodes; constants go with any."""
        lengths = {self.nodes[i].bars_s for i in inputs if self.nodes[i].op != "constant"}
        if len(lengths) > 1:
            raise UsageError("expected series of bars of one length, got several: use one tf(...)")
        return lengths.pop() if lengths else 0

    def _reach(self, inputs: tuple[int, ...]) -> _Memory:
        nodes = [self.nodes[i] for i in inputs]
        return _Memory(
            max(node.lookback for node in nodes),
            max(node.warm_up for node in nodes),
            max(node.wait_ns for node in nodes),
            max(node.settle_ns for node in nodes),
        )

    def _add(
        self,
        op: str,
        inputs: tuple[int, ...] = (),
        params: tuple[float, ...] = (),
        column: str = "",
        memory: _Memory | None = None,
        bars_s: int = 0,
    ) -> int:
        numbers = ",".join(value.hex() for value in map(float, params))
        parts = [op, str(version_of(op)), numbers, column, *(self.nodes[i].key for i in inputs)]
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        if key not in self._known:
            if len(self.nodes) >= MAX_NODES:
                raise UsageError(
                    f"expected at most {MAX_NODES} distinct calculations in a feature set, got "
                    "more: split the set"
                )
            self._known[key] = len(self.nodes)
            memory = memory or _Memory()
            reach = (memory.lookback, memory.warm_up, memory.wait_ns, memory.settle_ns)
            self.nodes.append(Node(op, inputs, params, column, key, *reach, bars_s))
        return self._known[key]


def version_of(name: str) -> int:
    """Semantic version of an op or comparison; 0 for columns and constants."""
    op = find_op(name)
    if op is not None:
        return op.version
    return ACROSS[name].version if name in ACROSS else 0


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
