"""``Plan``: programs one after the other, with comparisons of symbols between them."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.features.across import ACROSS, compare
from edgekeeper.features.graph import Graph
from edgekeeper.features.program import Program, flatten
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["Plan", "Stage", "make_plan"]


@dataclass(frozen=True)
class Stage:
    """One program, and what is compared over all symbols when it is done.

    Attributes
    ----------
    inputs : int64 [C]
        Where the program's columns are: positions in the plan's columns, or, from their number
        on, results of comparisons.
    comparisons : tuple of int
        What to do with each column of the output; see ``ACROSS``. Empty for the last stage, whose
        output are the features.
    """

    program: Program
    inputs: Int64Array
    comparisons: tuple[int, ...]

    def compare(self, values: Float64Array, offsets: Int64Array) -> list[Float64Array]:
        """Results of the comparisons of ``values [N, K]``, one float64 [N] each."""
        results = []
        for k, kind in enumerate(self.comparisons):
            result = np.empty(len(values))
            compare(kind, np.ascontiguousarray(values[:, k]), offsets, result)
            results.append(result)
        return results


@dataclass(frozen=True)
class Plan:
    """All stages of a feature set.

    Attributes
    ----------
    columns : tuple of str
        Columns of the bars that any stage needs.
    stages : tuple of Stage
    """

    columns: tuple[str, ...]
    stages: tuple[Stage, ...]

    @property
    def features(self) -> int:
        """Columns of the output."""
        return self.stages[-1].program.features

    @property
    def compared(self) -> int:
        """Results of comparisons in all."""
        return sum(len(stage.comparisons) for stage in self.stages)

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """float64 slots of memory a symbol needs in each stage."""
        return tuple(stage.program.state_size for stage in self.stages)


def make_plan(graph: Graph, outputs: tuple[int, ...]) -> Plan:
    """Cut a graph at its comparisons and turn the parts into programs; kernels are loaded here."""
    layers = _layers(graph, outputs)
    parts = [tuple(graph.nodes[p].inputs[0] for p in layer) for layer in layers]
    programs = [flatten(graph, part) for part in (*parts, outputs)]
    keys = {graph.nodes[p].key for layer in layers for p in layer}
    columns = tuple(dict.fromkeys(c for p in programs for c in p.columns if c not in keys))
    place = {name: k for k, name in enumerate(columns)}
    for layer in layers:
        for position in layer:
            place[graph.nodes[position].key] = len(place)
    return Plan(
        columns,
        tuple(
            Stage(
                program,
                np.array([place[name] for name in program.columns], dtype=np.int64),
                tuple(ACROSS[graph.nodes[p].op].kind for p in layer),
            )
            for program, layer in zip(programs, [*layers, []], strict=True)
        ),
    )


def _layers(graph: Graph, outputs: tuple[int, ...]) -> list[list[int]]:
    """Comparisons that outputs need, by how many others lie on the way to them."""
    wanted: set[int] = set()
    pending = list(outputs)
    while pending:
        position = pending.pop()
        if position not in wanted:
            wanted.add(position)
            pending.extend(graph.nodes[position].inputs)
    depth: dict[int, int] = {}
    layers: list[list[int]] = []
    # Inputs stand before what needs them, so one pass in order will do.
    for position in sorted(wanted):
        node = graph.nodes[position]
        depth[position] = max((depth[p] for p in node.inputs), default=0)
        if node.op in ACROSS:
            if depth[position] == len(layers):
                layers.append([])
            layers[depth[position]].append(position)
            depth[position] += 1
    return layers
