"""In which order a program calculates, and what it calculates eight at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgekeeper.features.across import ACROSS
from edgekeeper.features.graph import Graph
from edgekeeper.features.ops import OPS, find_op
from edgekeeper.features.ops.lanes import EIGHT

__all__ = ["Region", "needed", "schedule"]


@dataclass(frozen=True, slots=True)
class Region:
    """Operations over one kind of bars, in order, alone or up to eight of one kind together.

    Attributes
    ----------
    bucket : int or None
        Node that says which longer bars are complete; None: the bars that come.
    groups : tuple of tuple of int
    """

    bucket: int | None
    groups: tuple[tuple[int, ...], ...]


def needed(graph: Graph, outputs: tuple[int, ...]) -> list[int]:
    """Nodes that outputs need, each after its inputs, depth first so that registers die young.

    Comparisons of symbols are where it stops: to a program they are inputs, as columns are.
    """
    seen: set[int] = set()
    order: list[int] = []
    for output in outputs:
        pending: list[tuple[int, bool]] = [(output, False)]
        while pending:
            position, ready = pending.pop()
            if ready:
                order.append(position)
                continue
            if position in seen:
                continue
            seen.add(position)
            pending.append((position, True))
            node = graph.nodes[position]
            if node.op not in ACROSS:
                pending.extend((p, False) for p in reversed(node.inputs))
    return order


def schedule(graph: Graph, order: list[int]) -> list[Region]:
    """Return what to calculate, longer bars first: they need nothing but columns."""
    lengths = sorted({graph.nodes[p].bars_s for p in order} - {0})
    collected = [p for p in order if graph.nodes[p].op in ("bucket", "collect")]
    regions = [Region(None, tuple((p,) for p in collected))] if collected else []
    for length in lengths:
        bucket = next(
            p
            for p in collected
            if graph.nodes[p].op == "bucket" and graph.nodes[p].params[0] == length
        )
        inner = [p for p in order if graph.nodes[p].bars_s == length and p not in collected]
        if inner:
            regions.append(Region(bucket, _in_groups(graph, inner)))
    rest = [p for p in order if not graph.nodes[p].bars_s and p not in collected]
    return [*regions, Region(None, _in_groups(graph, rest))]


def _in_groups(graph: Graph, order: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Operations of one region; those with a kernel for eight, which no other of a group needs."""
    turns = _turns(graph, order)
    stage: dict[int, int] = {}
    stages: dict[int, list[int]] = {}
    for position in order:
        before = [
            stage[p] + (1 if p in turns else 0) for p in graph.nodes[position].inputs if p in stage
        ]
        stage[position] = turns.get(position, max(before, default=0))
        if find_op(graph.nodes[position].op) is not None:
            stages.setdefault(stage[position], []).append(position)
    groups: list[tuple[int, ...]] = []
    for number in sorted(stages):
        waiting: dict[object, list[int]] = {}
        for position in stages[number]:
            if position not in turns:
                groups.append((position,))
                continue
            same = waiting.setdefault(OPS[graph.nodes[position].op].eight, [])
            same.append(position)
        for same in waiting.values():
            groups.extend(tuple(same[k : k + EIGHT]) for k in range(0, len(same), EIGHT))
    return tuple(groups)


def _turns(graph: Graph, order: Sequence[int]) -> dict[int, int]:
    """When ops with a kernel for eight have their turn.

    Those that most others wait for first; what would fill no eight waits for the next turn, as long
    as there is one.
    """
    height = dict.fromkeys(order, 0)
    for position in reversed(order):
        on_top = height[position] + (1 if _gathers(graph, position) else 0)
        for source in graph.nodes[position].inputs:
            if source in height:
                height[source] = max(height[source], on_top)
    turns: dict[int, int] = {}
    left = [p for p in order if _gathers(graph, p)]
    number = 0
    while left:
        ready = _ready(graph, order, turns)
        kinds: dict[object, list[int]] = {}
        for position in sorted(ready, key=lambda p: -height[p]):
            kinds.setdefault(OPS[graph.nodes[position].op].eight, []).append(position)
        for same in kinds.values():
            full = len(same) - len(same) % EIGHT
            turns.update(dict.fromkeys(same[: full or len(same)], number))
        left = [p for p in left if p not in turns]
        number += 1
    return turns


def _ready(graph: Graph, order: Sequence[int], turns: dict[int, int]) -> list[int]:
    """Ops with a kernel for eight whose inputs are there, once those in ``turns`` are done."""
    ready = []
    known = dict.fromkeys(order, False)
    for position in order:
        inputs = all(known.get(p, True) for p in graph.nodes[position].inputs)
        if not _gathers(graph, position):
            known[position] = inputs
        elif position in turns:
            known[position] = True
        elif inputs:
            ready.append(position)
    return ready


def _gathers(graph: Graph, position: int) -> bool:
    op = OPS.get(graph.nodes[position].op)
    return op is not None and op.eight is not None
