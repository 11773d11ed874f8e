"""``Program``: a graph flattened into arrays that the compiled walk understands."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.features.across import ACROSS
from edgekeeper.features.calls import (
    CODE_WIDTH,
    ENTER,
    LEAVE,
    MOST_IN_A_LANE,
    PADDING,
    TARGET,
)
from edgekeeper.features.graph import Graph, Node
from edgekeeper.features.ops import Op, find_op
from edgekeeper.features.ops.lanes import EIGHT
from edgekeeper.features.ops.op import EIGHT_INPUTS
from edgekeeper.features.schedule import Region, needed, schedule
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["MAX_STATE", "Program", "check_memory", "flatten"]

_LINE = 8
"""float64 in a cache line: registers begin with one, so that no vector lies across two."""

MAX_STATE = 1 << 24
"""float64 slots of memory a symbol may need (128 MB)."""


@dataclass(frozen=True)
class Program:
    """Instructions in an order in which inputs come first.

    Attributes
    ----------
    columns : tuple of str
        Input columns, and keys of comparisons made before; they fill registers 0 .. C-1.
    constants : float64 [K]
        Numbers; they stand in registers C .. C+K-1.
    registers : int
        Registers of a symbol.
    scratch : int
        Registers besides, work space of kernels, that all symbols share.
    code : int64 [I, 24]
        One row an instruction, see ``calls``. Addresses are those of this process.
    params : float64 [P]
        Parameters of all instructions.
    state_size : int
        float64 slots of memory a symbol needs.
    outputs : int64 [F]
        Which register holds each feature when all is done.
    longer_bars : bool
        Whether it collects longer bars, so that rows in and rows out may differ.
    """

    columns: tuple[str, ...]
    constants: Float64Array
    registers: int
    scratch: int
    code: Int64Array
    params: Float64Array
    state_size: int
    outputs: Int64Array
    longer_bars: bool

    @property
    def features(self) -> int:
        """Columns of the output."""
        return len(self.outputs)

    def workspace(self, chunk: int, symbols: int = 1) -> Float64Array:
        """Registers for chunks of so many rows: float64 ``[scratch + symbols * registers, W]``.

        Those of constants are filled.
        """
        width, count = chunk + PADDING, self.scratch + symbols * self.registers
        flat = np.empty(count * width + _LINE)
        start = -flat.ctypes.data // 8 % _LINE
        space = flat[start : start + count * width].reshape(count, width)
        each = space[self.scratch :].reshape(symbols, self.registers, width)
        first = len(self.columns)
        each[:, first : first + len(self.constants)] = self.constants[:, None]
        return space


def check_memory(graph: Graph, outputs: tuple[int, ...]) -> None:
    """Refuse outputs whose windows need too much memory, before anything is compiled.

    Raises
    ------
    UsageError
        More than ``MAX_STATE``: windows too long, or too many of them.
    """
    total = 0
    for node in (graph.nodes[position] for position in needed(graph, outputs)):
        op = find_op(node.op)
        total += op.state_size(node.params) if op is not None else 0
    if total > MAX_STATE:
        raise UsageError(
            f"expected windows that need at most {MAX_STATE * 8 // 2**20} MB a symbol, got "
            f"{total * 8 // 2**20} MB: shorten them or split the set"
        )


def flatten(graph: Graph, outputs: tuple[int, ...]) -> Program:
    """Turn the part of the graph that ``outputs`` need into a program; kernels are loaded here."""
    return _Writer(graph, outputs, needed(graph, outputs)).program()


class _Writer:
    """Writes instructions; a register is free again when its last use is past.

    Outputs keep theirs to the end, where all are written out at once.
    """

    def __init__(self, graph: Graph, outputs: tuple[int, ...], order: list[int]) -> None:
        self._nodes = graph.nodes
        self._regions = schedule(graph, order)
        self._columns = [p for p in order if _is_input(graph.nodes[p])]
        self._constants = [p for p in order if graph.nodes[p].op == "constant"]
        fixed = [*self._columns, *self._constants]
        self._register = {position: k for k, position in enumerate(fixed)}
        # Work space of kernels, one register after the other, the same for all.
        ops = [find_op(graph.nodes[p].op) for p in order]
        self._scratch = max((op.scratch for op in ops if op is not None), default=0)
        self._registers = len(fixed)
        self._free: list[int] = []
        self._uses = dict.fromkeys(order, 0)
        for region in self._regions:
            for source in (s for g in region.groups for p in g for s in set(graph.nodes[p].inputs)):
                self._uses[source] += 1
        for position in outputs:
            self._uses[position] += 1
        self._outputs = outputs
        self._longer_bars = any(graph.nodes[p].op == "bucket" for p in order)
        self._code: list[list[int]] = []
        self._params: list[float] = []
        self._state = 0

    def program(self) -> Program:
        """Write everything."""
        for region in self._regions:
            self._write_region(region)
        return Program(
            columns=tuple(self._nodes[p].column or self._nodes[p].key for p in self._columns),
            constants=np.array([self._nodes[p].params[0] for p in self._constants], np.float64),
            registers=self._registers,
            scratch=self._scratch,
            code=np.array(self._code, dtype=np.int64).reshape(-1, CODE_WIDTH),
            params=np.array([*self._params, 0.0], dtype=np.float64),
            state_size=max(self._state, 1),
            outputs=np.array([self._register[p] for p in self._outputs], dtype=np.int64),
            longer_bars=self._longer_bars,
        )

    def _write_region(self, region: Region) -> None:
        """Write groups; those over longer bars between two marks that change how many rows."""
        if region.bucket is None:
            for group in region.groups:
                self._write(group)
            return
        enter = [ENTER, 1, self._register[region.bucket], *([0] * (CODE_WIDTH - 3))]
        self._code.append(enter)
        for group in region.groups:
            self._write(group)
        self._code.append([LEAVE, *([0] * (CODE_WIDTH - 1))])
        enter[TARGET] = len(self._code)

    def _op(self, node: Node) -> Op:
        op = find_op(node.op)
        if op is None:
            raise UsageError(f"expected an op of the language, got {node.op!r}: register it again")
        return op

    def _write(self, group: tuple[int, ...]) -> None:
        """One instruction: one op, or up to eight of a kind at once."""
        nodes = [self._nodes[p] for p in group]
        op = self._op(nodes[0])
        # A target is never an input of its own instruction: kernels may write before they read.
        targets = [self._target(p) for p in group]
        sources = [self._register[s] for node in nodes for s in node.inputs]
        lanes = nodes
        if len(group) == 1:
            head = [op.address(), op.pointers]
            if op.scratch:
                sources.append(-self._scratch)
        else:
            head = [op.address_of_eight(), EIGHT_INPUTS]
        if 1 < len(group) < EIGHT:
            # Lanes without work repeat the first, into a register and a state nobody reads.
            idle = EIGHT - len(group)
            spare = self._fresh()
            self._free.append(spare)
            sources += sources[:1] * idle
            targets += [spare] * idle
            lanes = nodes + nodes[:1] * idle
        slots = [*sources, *targets[:-1]]
        slots += [0] * (EIGHT_INPUTS - len(slots))
        remembers = any(op.state_size(node.params) for node in lanes)
        place = self._state if remembers else -1
        start = [targets[-1], len(self._params), place]
        self._code.append([*head, *slots, *start, *self._side_by_side(op, nodes)])
        for node in lanes:
            self._params.extend(self._op(node).constants(node.params))
            self._state += self._op(node).state_size(node.params)
        for position, node in zip(group, nodes, strict=True):
            for source in set(node.inputs):
                self._uses[source] -= 1
                self._release(source)
            self._release(position)

    def _side_by_side(self, op: Op, nodes: list[Node]) -> list[int]:
        """How eight symbols do an instruction at once: the end of its row in the code."""
        if op.eight is None or op.pointers != 1:
            return [0] * 4
        params = {len(self._op(node).constants(node.params)) for node in nodes}
        state = {self._op(node).state_size(node.params) for node in nodes}
        if len(params) > 1 or len(state) > 1 or max(*params, *state) > MOST_IN_A_LANE:
            return [0] * 4
        return [op.address_of_eight(), len(nodes), *params, *state]

    def _fresh(self) -> int:
        """Return a register that holds nothing of use."""
        if self._free:
            return self._free.pop()
        self._registers += 1
        return self._registers - 1

    def _target(self, position: int) -> int:
        self._register[position] = self._fresh()
        return self._register[position]

    def _release(self, position: int) -> None:
        if self._uses[position] == 0 and find_op(self._nodes[position].op) is not None:
            self._free.append(self._register[position])


def _is_input(node: Node) -> bool:
    return node.op == "column" or node.op in ACROSS
