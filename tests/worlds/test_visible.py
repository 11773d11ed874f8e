"""What bars show of the hidden state: the filter keeps its word, and nobody beats it with bars."""

import dataclasses

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.worlds import make_world, seeds, visible_state
from edgekeeper.worlds.range_noise import log_range_volatility, range_noise, tail_noise

EDGE = {"net_sharpe": 6.0}


def panel(world, values):
    return values.reshape(-1, len(world.bars.symbols))


@pytest.fixture(scope="module")
def drifting():
    found = [make_world("slow_drift", seed=seed, **EDGE) for seed in seeds("test", 4)]
    return [(world, visible_state(world)) for world in found]


def test_surprises_are_white_and_as_large_as_expected(drifting):
    """Returns, ranges and volumes of 80,000 bars; what they are given for is told by a constant."""
    surprise = np.concatenate([sight.surprise[1:] for _, sight in drifting])
    assert np.isfinite(surprise).all()
    assert np.abs(surprise.mean(axis=(0, 2))).max() < 0.02
    assert surprise.var(axis=(0, 2)) == pytest.approx([1.0, 1.0, 1.0], abs=0.07)
    for kind in range(3):
        of = surprise[:, kind]
        for lag in (1, 2, 5, 20):
            assert abs(float((of[lag:] * of[:-lag]).mean())) < 0.03, (kind, lag)
        between = np.corrcoef(of, rowvar=False)
        assert np.abs(between[~np.eye(8, dtype=bool)]).max() < 0.05


def test_errors_are_as_large_as_stated_and_forecasts_are_not_too_bold(drifting):
    """In each quarter of the history, while the carrier turns from volume to range.

    Over 60 worlds squared errors were 1.045 times what was stated (standard error .005): what is
    linear here is not quite in truth. Slow volume errs for hundreds of bars, so that a quarter of
    32 series has a chance error of .07 beside that, and all quarters of .02.
    """
    scaled, slopes = [], []
    for begin in range(0, 2_500, 625):
        part = slice(begin + 50, begin + 625)
        state, mean, variance = (
            np.concatenate([panel(world, values(world, sight))[part] for world, sight in drifting])
            for values in (
                lambda world, sight: world.state,
                lambda world, sight: sight.mean,
                lambda world, sight: sight.variance,
            )
        )
        scaled.append(float(((state - mean) ** 2 / variance).mean()))
        slopes.append(float((state * mean).sum() / (mean**2).sum()))
    assert np.mean(slopes) == pytest.approx(1.0, abs=0.04)
    assert np.abs(np.array(slopes) - 1.0).max() < 0.1
    assert np.mean(scaled) == pytest.approx(1.045, abs=0.06)
    assert np.abs(np.array(scaled) - 1.0).max() < 0.25


def test_no_learner_of_bars_that_is_told_the_state_itself_comes_near(drifting):
    """Least squares on 40 views of range, volume and return, fitted to the truth where judged."""
    for world, sight in drifting[:2]:
        bars = world.bars
        views = [
            np.log(panel(world, bars.volume)),
            log_range_volatility(
                *(panel(world, each) for each in (bars.open, bars.high, bars.low, bars.close))
            ),
            np.log(panel(world, bars.close / bars.open)),
        ]
        columns = []
        for view in views:
            for span in (1, 3, 10, 30):
                smooth = _ema(view, span)
                columns += [smooth - _ema(view, 120), smooth - smooth.mean(axis=1, keepdims=True)]
        turn = np.linspace(0.0, 1.0, 2_500)[:, None]
        columns += [column * turn for column in columns[:16]]
        state = panel(world, world.state)[120:].ravel()
        x = np.stack([column[120:].ravel() for column in columns], axis=1)
        fitted = x @ np.linalg.lstsq(x, state, rcond=None)[0]
        best = np.corrcoef(panel(world, sight.mean)[120:].ravel(), state)[0, 1]
        assert np.corrcoef(fitted, state)[0, 1] < best - 0.02
        assert best > 0.8


def _ema(values, span):
    smooth, share = np.empty_like(values), 2.0 / (span + 1.0)
    held = values[0]
    for t, row in enumerate(values):
        held = held + share * (row - held)
        smooth[t] = held
    return smooth


def test_the_future_is_not_seen(drifting):
    world, sight = drifting[0]
    bars = world.bars
    cut = 8 * 1_000
    shorter = dataclasses.replace(
        world,
        bars=bars.rows(0, cut),
        state=np.full(cut, np.nan),
        alpha=np.full(cut, np.nan),
    )
    assert np.array_equal(visible_state(shorter).mean, sight.mean[:cut])


def test_a_flip_changes_what_the_state_means_and_not_what_shows_it():
    world = make_world("flip", seed=seeds("test", 1)[0], symbols=4, bars=600, **EDGE)
    mean = panel(world, visible_state(world).mean)
    state = panel(world, world.state)
    for part in (slice(50, 360), slice(360, 600)):
        assert np.corrcoef(mean[part].ravel(), state[part].ravel())[0, 1] > 0.85


def test_noises_are_those_of_the_processes():
    own = np.random.default_rng(1).standard_normal((4, 100_000, 2))
    shared = np.random.default_rng(2).standard_normal((4, 100_000, 1))
    logs = 0.5 * np.log(2.0 / ((own + shared) ** 2 / 2.0).sum(axis=0))
    tail = tail_noise()
    assert logs.mean() == pytest.approx(tail.mean, abs=0.005)
    found = np.cov(logs, rowvar=False)
    assert found[0, 0] == pytest.approx(tail.variance, rel=0.02)
    assert found[0, 1] == pytest.approx(tail.shared, rel=0.06)
    spread = range_noise()
    # A range without its open and close is off by .29 (Alizadeh, Brandt and Diebold 2002).
    assert 0.22 < spread.variance**0.5 < 0.29
    assert 0.0 < spread.shared < 0.3 * spread.variance


def test_what_cannot_be_filtered_is_refused():
    with pytest.raises(UsageError, match="world with an edge"):
        visible_state(make_world("noise", seed=1, symbols=1, bars=50))
    with pytest.raises(UsageError, match="at most 100 symbols"):
        visible_state(make_world("planted", seed=1, symbols=101, bars=30))
