"""The main promises on markets whose truth is known. In full: ``benchmarks/worlds.py``."""

import numpy as np
import pytest

from edgekeeper.build import replay
from edgekeeper.config import Config, LineConfig, parse_config
from edgekeeper.splits import HoldOut
from edgekeeper.train import TrainingData, feature_set_of, train_candidate
from edgekeeper.worlds import make_world, seeds

ONE_LINE = {"lines": [{"name": "linear", "learner": "logistic"}]}
GUARDS_OFF = {"guards": {"account_drawdown": 1.0, "daily_loss": 1.0}}


def run(kind, seed, *, config=None, **options):
    world = make_world(kind, seed=seed, **options)
    return replay(world.bars, parse_config(config or ONE_LINE)).summary


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds("test", 4))
def test_noise_promotes_nothing(seed):
    summary = run("noise", seed, bars=1800)
    assert summary["promotions"] == []
    assert summary["lines"][0]["evidence"]["bars"] > 1000


@pytest.mark.slow
def test_a_clear_planted_edge_is_found_and_a_flip_is_retreated_from():
    found, retreated = 0, 0
    for seed in seeds("test", 3):
        world = make_world("flip", seed=seed, net_sharpe=9.0, bars=2000, flip_at=0.75)
        assert world.best_net_sharpe >= 3.0
        summary = replay(world.bars, parse_config(ONE_LINE | GUARDS_OFF)).summary
        flip = str(world.bars.instants[1500].astype("datetime64[ns]"))[:19]
        found += any(move["time"] < flip for move in summary["promotions"])
        end = str(world.bars.instants[1700].astype("datetime64[ns]"))[:19]
        moves = sorted(
            [(move["time"], name) for name in ("promotions", "retreats") for move in summary[name]]
        )
        standing = [name for time, name in moves if time <= end]
        retreated += bool(standing) and standing[-1] == "retreats"
    assert found >= 2
    assert retreated >= 2


@pytest.mark.slow
def test_a_column_that_knows_the_future_is_held_and_never_trades():
    world = make_world("leak", seed=1000, symbols=4, bars=900, declared="on_time")
    line = {"name": "leaky", "learner": "lightgbm", "extra_features": {"hint": "HINT.value"}}
    summary = replay(world.bars, parse_config({"lines": [line]})).summary
    assert summary["lines"][0]["stage"] == "candidate"
    assert "approval" in summary["lines"][0]["verdict"]
    assert summary["promotions"] == []
    assert {model["verdict"] for model in summary["models"]} == {"needs_approval"}


def test_random_entries_earn_no_more_than_their_exposure_on_noise():
    from edgekeeper.features import evaluate
    from edgekeeper.fills import Costs
    from edgekeeper.labels import TripleBarrier

    free = Costs(fee_bps=0, half_spread_bps=0, slippage_bps=0)
    for target, stop, horizon in ((1.0, 1.0, 10), (0.5, 2.0, 20), (3.0, 0.5, 5)):
        surplus = []
        for seed in seeds("test", 12):
            bars = make_world("noise", seed=seed, symbols=4, bars=800, drift_sharpe=0.0).bars
            volatility = evaluate("sqrt(ema(logret(close, 1) ** 2, 33))", bars)
            labels = TripleBarrier(horizon, target, stop, free).label(bars, volatility)
            known = np.isfinite(labels.gross_return).all(axis=1)
            surplus.append(labels.gross_return[known].mean())
        mean, error = np.mean(surplus), np.std(surplus, ddof=1) / np.sqrt(len(surplus))
        assert mean < 2.0 * error, (target, stop, horizon, mean, error)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "least", "most"), [("noise", 0.88, 0.92), ("flip", 0.86, 0.94)])
def test_intervals_cover_what_they_promise_on_rows_the_fit_never_saw(kind, least, most):
    """``flip``: the truth changes where the unseen rows begin. Full: ``interval_coverage.py``."""
    line = LineConfig(name="linear", learner="logistic")
    inside = []
    for seed in seeds("test", 6):
        options = {"net_sharpe": 6.0, "flip_at": 0.8} if kind == "flip" else {}
        bars = make_world(kind, seed=seed, bars=1500, **options).bars
        data = TrainingData.prepare(bars, feature_set_of(line, bars)[0], Config())
        found = train_candidate(
            data,
            line,
            Config(),
            now_ns=int(bars.event_time[-1]),
            seed=seed,
            hold_out=HoldOut(0.2),
        )
        rows = found.hold_out
        made = found.judged.forecast(data.matrix[rows], data.volatility[rows])
        outcome = data.labels.net_return[rows]
        inside.append(((outcome >= made.lower) & (outcome <= made.upper)).mean())
    assert least < np.mean(inside) < most
