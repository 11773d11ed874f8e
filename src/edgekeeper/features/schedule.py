"""In which order a program calculates, and what it calculates four at a time."""

from edgekeeper.features.graph import Graph
from edgekeeper.features.ops import OPS

__all__ = ["in_groups", "needed"]


def needed(graph: Graph, outputs: tuple[int, ...]) -> list[int]:
    """Nodes that outputs need, each after its inputs, depth first so that registers die young."""
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
            pending.extend((p, False) for p in reversed(graph.nodes[position].inputs))
    return order


def in_groups(graph: Graph, order: list[int]) -> list[tuple[int, ...]]:
    """Operations in order of calculation, alone or up to four of one kind together.

    Ops with a kernel for four are gathered by stage: how many of them lie on the way from the
    columns. Those of one stage never need each other.
    """
    stage: dict[int, int] = {}
    stages: dict[int, list[int]] = {}
    for position in order:
        node = graph.nodes[position]
        before = [stage[p] + (1 if _gathers(graph, p) else 0) for p in node.inputs]
        stage[position] = max(before, default=0)
        if node.op in OPS:
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
    return groups


def _gathers(graph: Graph, position: int) -> bool:
    op = OPS.get(graph.nodes[position].op)
    return op is not None and op.four is not None
