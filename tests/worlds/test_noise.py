"""Noise worlds look like markets, and pay nothing but exposure to drift."""

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.fills import Costs
from edgekeeper.labels import TripleBarrier
from edgekeeper.worlds import make_world, seeds

SYMBOLS = 8


def panel(world, name):
    return getattr(world.bars, name).reshape(-1, len(world.bars.symbols))


@pytest.fixture(scope="module")
def worlds():
    return [make_world("noise", seed=seed) for seed in seeds("test", 20)]


@pytest.fixture(scope="module")
def returns(worlds):
    return [np.diff(np.log(panel(world, "close")), axis=0) for world in worlds]


def autocorrelation(values):
    centred = values - values.mean(axis=0)
    return (centred[1:] * centred[:-1]).mean() / (centred**2).mean()


def test_tails_are_fat(returns):
    kurtosis = [((r / r.std(axis=0)) ** 4).mean() for r in returns]
    assert np.median(kurtosis) > 8


def test_volatility_clusters_and_returns_do_not(returns):
    assert 0.1 < np.mean([autocorrelation(np.abs(r)) for r in returns]) < 0.35
    assert abs(np.mean([autocorrelation(r) for r in returns])) < 0.01


def test_one_factor_moves_all(returns):
    pairs = ~np.eye(SYMBOLS, dtype=bool)
    correlation = np.mean([np.corrcoef(r.T)[pairs].mean() for r in returns])
    assert 0.34 < correlation < 0.46


def test_a_fifth_of_the_variance_falls_overnight(worlds, returns):
    nights = [np.log(panel(w, "open")[1:] / panel(w, "close")[:-1]) for w in worlds]
    share = [night.var() / r.var() for night, r in zip(nights, returns, strict=True)]
    assert np.mean(share) == pytest.approx(0.2, abs=0.02)


def test_holding_everything_earns_the_stated_sharpe_ratio(worlds, returns):
    gaps = []
    for world, r in zip(worlds, returns, strict=True):
        profit = (np.expm1(r) / r.std(axis=0)).mean(axis=1)
        gaps.append(np.sqrt(252) * profit.mean() / profit.std() - world.drift_sharpe)
    # Ten years each: a standard error of .32 a world.
    assert abs(np.mean(gaps)) < 3 * 0.32 / np.sqrt(len(gaps))
    assert all(0 <= world.drift_sharpe <= 1.5 for world in worlds)


def test_volume_says_nothing_about_the_next_bar(worlds, returns):
    correlations = []
    for world, r in zip(worlds, returns, strict=True):
        volume = np.log(panel(world, "volume"))[:-1]
        fresh = volume - volume.mean(axis=0)
        correlations.append(np.corrcoef(fresh.ravel(), (r / r.std(axis=0)).ravel())[0, 1])
        move = np.abs(np.log(panel(world, "close") / panel(world, "open")))[:-1] / r.std(axis=0)
        assert np.corrcoef(fresh.ravel(), move.ravel())[0, 1] > 0.1
    assert abs(np.mean(correlations)) < 0.01


def test_nothing_is_to_be_known(worlds):
    for world in worlds:
        assert world.best_net_sharpe == 0.0
        assert not world.alpha.any()
        np.testing.assert_array_equal(world.expected, world.drift)


BRACKETS = [(1, 0.5, 0.5), (3, 0.3, 2.0), (10, 1.0, 1.0), (10, 2.0, 0.2)]


@pytest.mark.parametrize(("horizon", "target", "stop"), BRACKETS)
def test_without_drift_no_bracket_earns_anything_gross(horizon, target, stop):
    bracket = TripleBarrier(horizon, target, stop, Costs(0, 0, 0))
    earned = []
    for seed in seeds("test", 20):
        world = make_world("noise", seed=seed, drift_sharpe=0.0)
        labels = bracket.label(world.bars, np.full(len(world.bars), 0.016))
        earned.append(np.nanmean(labels.gross_return, axis=0))
    earned = np.array(earned)
    # The mean of both sides is free of the market's luck, so it is measured far more sharply.
    for sample in (earned[:, 0], earned[:, 1], earned.mean(axis=1)):
        error = sample.std(ddof=1) / np.sqrt(len(sample))
        assert sample.mean() < 3 * error
    assert error < 1e-4


@pytest.mark.parametrize(("horizon", "target", "stop"), BRACKETS)
def test_with_drift_no_bracket_earns_more_gross_than_its_exposure_does(horizon, target, stop):
    bracket = TripleBarrier(horizon, target, stop, Costs(0, 0, 0))
    excess = []
    for seed in seeds("test", 20):
        world = make_world("noise", seed=seed, drift_sharpe=1.5)
        labels = bracket.label(world.bars, np.full(len(world.bars), 0.016))
        exposure = world.drift * labels.bars_held[:, 0]
        excess.append(np.nanmean(labels.gross_return[:, 0] - exposure))
    assert np.mean(excess) < 3 * np.std(excess, ddof=1) / np.sqrt(len(excess))


def test_the_fairness_test_would_see_a_high_that_is_not_of_the_path(worlds):
    # The same bars with highs and lows drawn from elsewhere: brackets with a near target "earn".
    world, rng = worlds[0], np.random.default_rng(0)
    b = world.bars
    wide = b.close * (1 + np.abs(rng.normal(0, 0.016, len(b))))
    fake = Bars.from_arrays(
        symbol=np.asarray(b.symbols)[b.symbol],
        event_time=b.event_time,
        open=b.open,
        high=np.maximum(wide, np.maximum(b.open, b.close)),
        low=np.minimum(b.open, b.close),
        close=b.close,
    )
    labels = TripleBarrier(3, 0.3, 2.0, Costs(0, 0, 0)).label(fake, np.full(len(b), 0.016))
    assert np.nanmean(labels.gross_return[:, 0] - world.drift * labels.bars_held[:, 0]) > 1e-3


@pytest.mark.parametrize("nature", ["gaussian", "fat_tailed", "jumps"])
def test_each_nature_has_its_tails_and_clusters_and_the_same_factor(nature):
    made = [make_world("noise", seed=seed, nature=nature) for seed in seeds("test", 8)]
    returns = [np.diff(np.log(panel(world, "close")), axis=0) for world in made]
    kurtosis = np.median([((r / r.std(axis=0)) ** 4).mean() for r in returns])
    clusters = np.mean([autocorrelation(np.abs(r)) for r in returns])
    night = np.mean(
        [
            np.log(panel(w, "open")[1:] / panel(w, "close")[:-1]).var() / r.var()
            for w, r in zip(made, returns, strict=True)
        ]
    )
    expected = {"gaussian": (2.9, 3.1), "fat_tailed": (8, 60), "jumps": (10, 60)}[nature]
    assert expected[0] < kurtosis < expected[1]
    assert (abs(clusters) < 0.01) if nature == "gaussian" else (0.05 < clusters < 0.35)
    assert night == pytest.approx(0.2 + 0.8 * (nature == "jumps") / 3.0, abs=0.03)
    pairs = ~np.eye(SYMBOLS, dtype=bool)
    assert 0.34 < np.mean([np.corrcoef(r.T)[pairs].mean() for r in returns]) < 0.52


def test_an_unknown_nature_is_refused():
    with pytest.raises(UsageError, match="did you mean 'jumps'"):
        make_world("noise", seed=1, nature="jump", symbols=1, bars=30)
