"""Error rates of the sequential evidence alone, on simulated books: no model, no market.

``python benchmarks/evidence.py [--runs 2000] [--json]`` answers three questions:

- How often does a bet reach its threshold at any of 5,040 bars although its null is true? At most
  as often as its level, whatever the gains look like within the design's worst bar: normal,
  heavy-tailed with clustered volatility, with jumps, and those of a seller of tails who gains a
  little almost always and loses almost everything the bet allows for once in a while.
- How often does an edge reach it within four years, and when?
- How soon does the harm detector retreat after an edge of Sharpe 3 turns round, and how long does
  it leave an unchanged edge alone?

Seeds 30000 and up, one a run, failures included.
"""

import argparse
import json
import math
import time
from collections.abc import Callable

import numpy as np

from edgekeeper.config import EvidenceConfig
from edgekeeper.stats.sequential import Bet, HarmDetector
from edgekeeper.worlds.processes import ar1

YEAR = 252
FOUR_YEARS = 4 * YEAR
LONG = 20 * YEAR
FIRST_SEED = 30_000
LEVELS = (0.05, 0.025)
EVIDENCE = EvidenceConfig()
Draw = Callable[[np.random.Generator, int], np.ndarray]


def normal(random: np.random.Generator, bars: int) -> np.ndarray:
    return random.standard_normal(bars)


def heavy(random: np.random.Generator, bars: int) -> np.ndarray:
    """Student-t with 4 degrees of freedom, in scales that miss slow waves of volatility."""
    slow = np.exp(0.3 * ar1(random.standard_normal((bars, 1)), 0.98)[:, 0] - 0.09)
    return slow * random.standard_t(4, bars) / math.sqrt(2.0)


def jumps(random: np.random.Generator, bars: int) -> np.ndarray:
    """Normal, and in one bar of a hundred a jump of six volatilities either way."""
    jump = (random.random(bars) < 0.01) * random.standard_normal(bars) * 6.0
    return (random.standard_normal(bars) + jump) / math.sqrt(1.36)


def tail_seller(loss: float) -> Draw:
    """Gains a tenth of a scale, and once in a while loses ``loss`` of them: worth nothing."""

    def draw(random: np.random.Generator, bars: int) -> np.ndarray:
        rare = random.random(bars) < 0.1 / (0.1 + loss)
        return np.where(rare, -loss, 0.1)

    return draw


NULLS: dict[str, Draw] = {
    "normal": normal,
    "heavy tails, clusters": heavy,
    "jumps": jumps,
    "seller of tails, 5 scales": tail_seller(5.0),
    "seller of tails, 12 scales": tail_seller(12.0),
    "seller of tails, 19.9 scales": tail_seller(19.9),
}


def false_evidence(runs: int) -> dict[str, dict[str, float]]:
    """Share of runs in which worthless gains reach the threshold of each level at any bar."""
    found: dict[str, dict[str, float]] = {}
    for name, draw in NULLS.items():
        highest = np.empty(runs)
        for run in range(runs):
            gains = draw(np.random.default_rng([FIRST_SEED + run, 0]), LONG)
            highest[run] = Bet(EVIDENCE.worst_bar).update(gains, np.ones(LONG)).max()
        found[name] = {
            f"{level:g}": float((highest >= -math.log(level)).mean()) for level in LEVELS
        }
    return found


def power(runs: int) -> dict[str, dict[str, float]]:
    """Share of edges found at 5 % within four years by one bet, and the median bars it took."""
    found = {}
    for sharpe in (1.0, 1.5, 2.0, 3.0, 4.0):
        waits = np.full(runs, math.inf)
        for run in range(runs):
            random = np.random.default_rng([FIRST_SEED + run, 1])
            gains = heavy(random, FOUR_YEARS) + sharpe / math.sqrt(YEAR)
            over = Bet(EVIDENCE.worst_bar).update(gains, np.ones(FOUR_YEARS)) >= -math.log(0.05)
            if over.any():
                waits[run] = np.argmax(over) + 1
        found[f"{sharpe:g}"] = {
            "found": float(np.isfinite(waits).mean()),
            "median_bars": float(np.median(waits)) if np.isfinite(waits).mean() > 0.5 else None,
        }
    return found


def detector(sharpe: float, bars_before: int) -> HarmDetector:
    """The detector of a line promoted after ``bars_before`` bars of an edge of this size."""
    mean = sharpe / math.sqrt(YEAR)
    shrunk = mean * bars_before / (bars_before + EVIDENCE.prior_bars)
    return HarmDetector(
        EVIDENCE.harm_fraction * shrunk, EVIDENCE.harm_clip, EVIDENCE.false_retreat_bars
    )


def delay_after_flip(runs: int, draw: Draw, sharpe: float, before: int = 500) -> dict[str, float]:
    """Bars from the flip to the retreat; retreats before the flip are counted apart."""
    mean, good = sharpe / math.sqrt(YEAR), FOUR_YEARS // 2
    waits, early = [], 0
    for run in range(runs):
        gains = draw(np.random.default_rng([FIRST_SEED + run, 2]), good + LONG // 4)
        gains += np.where(np.arange(len(gains)) < good, mean, -mean)
        watch = detector(sharpe, before)
        over = watch.update(gains) >= watch.threshold
        first = int(np.argmax(over)) if over.any() else len(gains)
        if first < good:
            early += 1
        else:
            waits.append(first - good + 1)
    return {
        "median": float(np.median(waits)),
        "four_in_five": float(np.quantile(waits, 0.8)),
        "retreated_before": early / runs,
    }


def run_length(runs: int, draw: Draw, mean: float, watch_for: float, longest: int) -> float:
    """Mean bars to a false retreat, runs that outlast ``longest`` counting as so many: a floor."""
    lengths = np.empty(runs)
    for run in range(runs):
        gains = draw(np.random.default_rng([FIRST_SEED + run, 3]), longest) + mean
        watch = HarmDetector(watch_for, EVIDENCE.harm_clip, EVIDENCE.false_retreat_bars)
        over = watch.update(gains) >= watch.threshold
        lengths[run] = np.argmax(over) + 1 if over.any() else longest
    return float(lengths.mean())


def harm(runs: int) -> dict[str, object]:
    """Delays and run lengths, for normal and for heavy-tailed books."""
    mean = 3.0 / math.sqrt(YEAR)
    reference = detector(3.0, 500).reference
    draws = {"normal": normal, "heavy tails, clusters": heavy, "jumps": jumps}
    return {
        "reference": reference,
        "flip_of_sharpe_3": {name: delay_after_flip(runs, d, 3.0) for name, d in draws.items()},
        "run_length_unchanged": {
            name: run_length(runs, d, mean, reference, 2 * LONG) for name, d in draws.items()
        },
        "run_length_at_the_reference": {
            name: run_length(runs, d, reference, reference, 4 * LONG) for name, d in draws.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    began = time.process_time()
    result = {
        "runs": arguments.runs,
        "false_evidence": false_evidence(arguments.runs),
        "power_of_one_bet": power(arguments.runs),
        "harm": harm(arguments.runs),
    }
    if not arguments.json:
        print(f"{time.process_time() - began:.0f} s of one core")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
