"""Do the 90 % intervals cover 90 %, also where the truth changes? Prequential, from the ledger.

    python benchmarks/interval_coverage.py [--worlds N]

Every forecast a replay recorded, each made before its outcome was known, on worlds whose truth
stays (noise, planted), drifts, or flips at 60 %. Prints the share of outcomes inside, overall and
the lowest and highest half-year.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from edgekeeper.build import replay
from edgekeeper.config import parse_config
from edgekeeper.features import evaluate
from edgekeeper.ledger import Ledger
from edgekeeper.train import barrier_of
from edgekeeper.worlds import make_world, seeds

HALF_YEAR = 126
KINDS = {
    "noise": {},
    "planted": {"net_sharpe": 6.0},
    "slow_drift": {"net_sharpe": 6.0},
    "flip": {"net_sharpe": 6.0, "flip_at": 0.6},
}
CONFIG = parse_config({"guards": {"account_drawdown": 1.0, "daily_loss": 1.0}})
ENDS = ("lower_long", "lower_short", "upper_long", "upper_short")


def covered(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each outcome fell inside its interval (NaN: not known), and the bar it was asked."""
    bars = make_world(kind, seed=seed, symbols=8, bars=2_000, **KINDS[kind]).bars
    with tempfile.TemporaryDirectory() as folder:
        replay(bars, CONFIG, out=Path(folder) / "run")
        with Ledger.open(next(Path(folder).rglob("ledger.sqlite"))) as ledger:
            made = ledger.read("forecasts", ["event_time_ns", "symbol", *ENDS])
    volatility = evaluate(CONFIG.labels.volatility, bars)
    labels = barrier_of(CONFIG).label(bars, volatility)
    index = {name: i for i, name in enumerate(bars.symbols)}
    symbol = np.array([index[name] for name in made["symbol"].to_list()])
    instant = np.searchsorted(bars.instants, made["event_time_ns"].to_numpy())
    span = len(bars.symbols)
    key = np.searchsorted(bars.instants, bars.event_time) * span + bars.symbol
    outcome = labels.net_return[np.searchsorted(key, instant * span + symbol)]
    ends = made.select(ENDS).to_numpy().astype(float)
    inside = (outcome >= ends[:, :2]) & (outcome <= ends[:, 2:])
    known = np.isfinite(outcome) & np.isfinite(ends[:, :2])
    return np.where(known, inside, np.nan), instant


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=4)
    options = parser.parse_args()
    for kind in KINDS:
        shares, halves = [], []
        for seed in seeds("benchmark", options.worlds):
            inside, instant = covered(kind, seed)
            shares.append(np.nanmean(inside))
            for half in np.unique(instant // HALF_YEAR):
                part = inside[instant // HALF_YEAR == half]
                if np.isfinite(part).sum() > 1_000:
                    halves.append(np.nanmean(part))
        print(
            f"{kind:10} {np.mean(shares):.1%} of outcomes inside (worlds: {min(shares):.1%} to "
            f"{max(shares):.1%}; half-years: {min(halves):.1%} to {max(halves):.1%})"
        )


if __name__ == "__main__":
    main()
