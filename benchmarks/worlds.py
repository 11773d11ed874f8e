"""False promotions and power, measured on worlds whose truth is known. Resumable.

``python benchmarks/worlds.py --kind noise --markets 50`` replays that many markets (seeds from the
written benchmark range, failures included), appends one line a market to
``benchmarks/results/worlds-KIND.jsonl`` and prints the rates. A second call skips what is done.
"""

import argparse
import json
import math
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PLANTED = {"net_sharpe": 6.0}
RETREAT_WITHIN = 200


def run_market(kind: str, seed: int) -> dict[str, Any]:
    """Replay one market and keep what the rates need."""
    from edgekeeper.build import replay
    from edgekeeper.config import parse_config
    from edgekeeper.worlds import make_world

    options = {} if kind == "noise" else PLANTED
    world = make_world(kind, seed=seed, **options)
    # With the drawdown guard on, a halt would hide how fast the evidence alone retreats.
    config = parse_config({"guards": {"account_drawdown": 1.0, "daily_loss": 1.0}})
    run = replay(world.bars, config).summary
    stamps = {str(stamp)[:19]: i for i, stamp in enumerate(world.bars.instants.astype("M8[ns]"))}
    moves = sorted(
        [(stamps[m["time"][:19]], kind_) for kind_ in ("promotions", "retreats", "refusals")
         for m in run[kind_]]
    )  # fmt: skip
    return {
        "kind": kind,
        "seed": seed,
        "best_net_sharpe": world.best_net_sharpe,
        "drift_sharpe": world.drift_sharpe,
        "moves": moves,
        "champion_at_end": any(line["stage"] == "production" for line in run["lines"]),
        "least": [line["evidence"]["least"] for line in run["lines"]],
        "sharpe": run["sharpe"],
        "always_newest": run["always_newest"]["sharpe"],
        "seconds": run["wall_seconds"],
    }


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a rate."""
    z = 1.96
    p, d = hits / n, 1 + z * z / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (p + z * z / (2 * n) - half) / d, (p + z * z / (2 * n) + half) / d


def champion_at(moves: list[tuple[int, str]], bar: int) -> bool:
    """Whether a promoted line traded at a bar (promotions replace each other)."""
    state = False
    for when, kind in moves:
        if when <= bar and kind in ("promotions", "retreats"):
            state = kind == "promotions"
    return state


def report(rows: list[dict[str, Any]], kind: str) -> None:
    promoted = [row for row in rows if any(k == "promotions" for _, k in row["moves"])]
    low, high = wilson(len(promoted), len(rows))
    print(f"{kind}: {len(promoted)} of {len(rows)} promoted ({low:.1%} to {high:.1%})")
    if promoted:
        first = sorted(min(t for t, k in r["moves"] if k == "promotions") for r in promoted)
        print(f"  first promotion at bar: median {first[len(first) // 2]}, all {first}")
    if kind == "flip":
        flip = 1500
        held = [row for row in rows if champion_at(row["moves"], flip)]
        waits = []
        for row in held:
            gone = [t for t, k in row["moves"] if t > flip and k == "retreats"]
            waits.append(gone[0] - flip if gone else math.inf)
        good = sum(w <= RETREAT_WITHIN for w in waits)
        print(f"  champions at the flip {len(held)}; gone within {RETREAT_WITHIN}: {good}")
        print(f"  bars to retreat: {sorted(waits)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", default="noise", choices=("noise", "planted", "flip"))
    parser.add_argument("--markets", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    from edgekeeper.worlds import seeds

    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"worlds-{arguments.kind}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    wanted = list(seeds("benchmark", arguments.markets))
    rows = [row for row in rows if row["seed"] in wanted]
    todo = [seed for seed in wanted if seed not in {row["seed"] for row in rows}]
    with ProcessPoolExecutor(arguments.workers) as pool, path.open("a") as file:
        for row in pool.map(run_market, [arguments.kind] * len(todo), todo):
            file.write(json.dumps(row) + "\n")
            file.flush()
            rows.append(row)
            print(f"{len(rows)}/{len(wanted)} seed {row['seed']}: {row['moves']}", flush=True)
    report(rows, arguments.kind)


if __name__ == "__main__":
    main()
