"""In which order a program calculates, and what it calculates four at a time."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgekeeper.features.across import ACROSS
from edgekeeper.features.graph import Graph
from edgekeeper.features.ops import OPS, find_op

__all__ = ["Region", "needed", "schedule"]


@dataclass(frozen=True, slots=True)
class Region:
    """Operations over one kind of bars, in order, alone or up to four of one kind together.

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


def _in_groups(graph: Graph, order: Iterable[int]) -> tuple[tuple[int, ...], ...]:
    """Operations of one region.

    Ops with a kernel for four are gathered by stage: how many of them lie on the way from the
    columns. Those of one stage never need each other.
    """
    stage: dict[int, int] = {}
    stages: dict[int, list[int]] = {}
    for position in order:
        node = graph.nodes[position]
        before = [stage[p] + (1 if _gathers(graph, p) else 0) for p in node.inputs if p in stage]
        stage[position] = max(before, default=0)
        if find_op(node.op) is not None:
            stages.setdefault(stage[position], []).append(position)
    groups: list[tuple[int, ...]] = []
    for number in sorted(stages):
        waiting: dict[object, list[int]] = {}
        for position in stages[number]:
            if not _gathers(graph, position):
                groups.append((position,))
                continue
            same = waiting.setdefault(OPS[graph.nodes[position].op].four, [])
            same.append(position)
        for same in waiting.values():
            groups.extend(tuple(same[k : k + 4]) for k in range(0, len(same), 4))
    return tuple(groups)


def _gathers(graph: Graph, position: int) -> bool:
    op = OPS.get(graph.nodes[position].op)
    return op is not None and op.four is not None
