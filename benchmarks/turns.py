"""Time several calls in turns, so that whatever a neighbour does meets all of them."""

import time
from collections.abc import Callable

__all__ = ["CPU", "WALL", "Best", "in_turns", "ns_a_row", "ratio"]

Best = dict[str, tuple[float, float]]
CPU, WALL = 0, 1


def in_turns(calls: dict[str, Callable[[], object]], rounds: int) -> Best:
    """Best CPU and wall time of each call, seconds, the calls taking turns."""
    best: Best = dict.fromkeys(calls, (float("inf"), float("inf")))
    for _ in range(rounds):
        for name, call in calls.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            best[name] = (min(best[name][CPU], cpu), min(best[name][WALL], wall))
    return best


def ratio(best: Best, theirs: str, ours: str, kind: int = CPU) -> float:
    """How many times as fast as ``theirs`` ours is."""
    return round(best[theirs][kind] / best[ours][kind], 2)


def ns_a_row(best: Best, rows: int, kind: int = CPU) -> dict[str, float]:
    """Nanoseconds a row of each call."""
    return {name: round(seconds[kind] / rows * 1e9, 1) for name, seconds in best.items()}
