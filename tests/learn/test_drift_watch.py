import numpy as np
import pytest

from edgekeeper.config import DriftConfig
from edgekeeper.errors import BadData
from edgekeeper.learn.drift_watch import DriftWatch
from edgekeeper.validate.drift_table import DriftTable

CONFIG = DriftConfig(horizon_bars=400, recent_bars=60)
NAMES = ("x", "y")


def inputs(n, seed, first=0, shift=0.0):
    values = np.random.default_rng(seed).standard_normal((2 * n, 2))
    values[:, 0] += shift
    return DriftTable(NAMES, values, np.repeat(np.arange(first, first + n), 2))


def forecasts(n, seed, skill=2.0, lean=0.0):
    """Chances of two symbols an instant, and how they came out; ``lean`` is not forecast."""
    rng = np.random.default_rng(seed)
    score = skill * rng.standard_normal(2 * n)
    won = rng.random(2 * n) < 1 / (1 + np.exp(-(score + lean)))
    return 1 / (1 + np.exp(-score)), won.astype(float)


def live(first=0, n=700, break_at=None, seed=1):
    """A watch that read ``n`` instants; from ``break_at`` on inputs, and later losses, drift."""
    watch = DriftWatch("trees", inputs(400, 0), CONFIG)
    for start in range(first, first + n, 50):
        broken = break_at is not None and start >= break_at
        said, won = forecasts(50, seed + start)
        if broken and start >= break_at + 100:
            won = 1.0 - won
        table = inputs(50, seed + 999 + start, start, 1.0 if broken else 0.0)
        watch.read(table, said)
        watch.read_outcomes(table.instant, said, won)
    return watch


def test_nothing_changes_nothing_is_asked():
    assert live().requests == ()


def test_inputs_then_losses_and_the_lead_is_told():
    asked = live(break_at=400).requests
    assert asked[0].reason == "inputs"
    assert "the level of x rose" in asked[0].sentence
    assert 300 < asked[0].since_ns <= 405 <= asked[0].time_ns < 450
    late = [r for r in asked if r.reason in ("calibration", "loss", "performance")]
    assert late
    assert late[0].lead_bars == late[0].time_ns - asked[0].time_ns > 30
    assert "announced" in late[0].sentence
    assert "performance" in {r.reason for r in asked}


def test_a_reason_is_given_once():
    reasons = [r.reason for r in live(break_at=350, n=900).requests]
    assert len(reasons) == len(set(reasons))


def test_the_same_rows_give_the_same_requests():
    assert live(break_at=400).requests == live(break_at=400).requests


def test_smaller_losses_are_no_reason():
    watch = DriftWatch("trees", inputs(400, 0), CONFIG)
    for start in range(0, 700, 50):
        said, won = forecasts(50, start)
        if start >= 400:
            won = (said > 0.5).astype(float)
        watch.read_outcomes(np.repeat(np.arange(start, start + 50), 2), said, won)
    assert {r.reason for r in watch.requests} <= {"calibration"}


def test_other_features_and_old_rows_are_refused():
    watch = DriftWatch("trees", inputs(200, 0), CONFIG)
    watch.read(inputs(5, 1, first=10), np.full(10, 0.5))
    with pytest.raises(BadData, match="newer"):
        watch.read(inputs(5, 1, first=12), np.full(10, 0.5))
    with pytest.raises(BadData, match="features"):
        watch.read(DriftTable(("z",), np.ones((1, 1)), np.array([99])), np.array([0.5]))
    with pytest.raises(BadData, match="100 rows"):
        DriftWatch("trees", inputs(20, 0), CONFIG)
