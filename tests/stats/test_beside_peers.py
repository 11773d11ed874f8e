"""Our statistics beside independent implementations, on real and random returns.

``docs/agreement.md`` says where ours differ on purpose.
"""

import math

import numpy as np
import pytest

from edgekeeper.market import load_bars
from edgekeeper.stats.conformal import conformal_quantile
from edgekeeper.stats.overfitting import overfitting
from edgekeeper.stats.performance import measure
from edgekeeper.stats.sharpe import (
    ReturnShape,
    deflated_sharpe,
    minimum_track_record,
    probabilistic_sharpe,
    return_shape,
)
from edgekeeper.stats.trials import minimum_backtest_years

pytestmark = pytest.mark.filterwarnings("ignore")  # the peers' own
CLOSE = 1e-9


@pytest.fixture(scope="module", params=["IBM", "SP500", "random"])
def returns(request):
    if request.param == "random":
        return 0.01 * np.random.default_rng(0).standard_t(4, 1_500) + 4e-4
    bars = load_bars("bundled", [request.param]).bars
    close = bars.close * bars.adjustment
    return np.diff(close) / close[:-1]


def test_performance_beside_quantstats(returns):
    pandas = pytest.importorskip("pandas")
    peer = pytest.importorskip("quantstats").stats
    series = pandas.Series(returns, index=pandas.date_range("2000-01-01", periods=len(returns)))
    ours = measure(np.concatenate(([1.0], np.cumprod(1.0 + returns))), 252.0)
    assert peer.sharpe(series) == pytest.approx(ours.sharpe, rel=CLOSE)
    assert peer.sortino(series) == pytest.approx(ours.sortino, rel=CLOSE)
    assert -peer.max_drawdown(series) == pytest.approx(ours.max_drawdown, rel=CLOSE)
    assert peer.volatility(series) == pytest.approx(ours.annual_volatility, rel=CLOSE)
    assert peer.comp(series) == pytest.approx(ours.total_return, rel=CLOSE)
    assert peer.cagr(series, periods=252) == pytest.approx(ours.annual_return, rel=CLOSE)


def estimated_as_purgedcv(returns):
    """Ratio over the plain deviation, moments corrected for bias: ours is the other way round."""
    stats = pytest.importorskip("scipy.stats")
    ratio = returns.mean() / returns.std()
    shape = ReturnShape(
        skew=float(stats.skew(returns, bias=False)),
        kurtosis=float(stats.kurtosis(returns, bias=False, fisher=False)),
    )
    ours = return_shape(returns)
    assert ours[0] == pytest.approx(ratio, rel=1e-3)
    assert ours[1].skew == pytest.approx(shape.skew, rel=0.01)
    assert ours[1].kurtosis == pytest.approx(shape.kurtosis, rel=0.01)
    return ratio, shape


@pytest.mark.parametrize("benchmark", [0.0, 0.02])
def test_probabilistic_sharpe_beside_purgedcv(returns, benchmark):
    peer = pytest.importorskip("purgedcv")
    ratio, shape = estimated_as_purgedcv(returns)
    ours = probabilistic_sharpe(ratio, benchmark, len(returns), shape, definition="2012/2014")
    theirs = peer.probabilistic_sharpe_ratio(returns, benchmark)
    assert theirs == pytest.approx(ours, rel=CLOSE)


@pytest.mark.parametrize("trials", [2, 10, 200])
def test_deflated_sharpe_beside_purgedcv(returns, trials):
    peer = pytest.importorskip("purgedcv")
    ratio, shape = estimated_as_purgedcv(returns)
    ours = deflated_sharpe(
        ratio,
        len(returns),
        shape,
        trials=trials,
        trial_variance=4e-4,
        definition="2012/2014",
    )
    theirs = peer.deflated_sharpe_ratio(returns, trials, 4e-4)
    assert theirs == pytest.approx(ours, rel=CLOSE)


def test_minimum_track_record_beside_purgedcv(returns):
    peer = pytest.importorskip("purgedcv")
    _, shape = return_shape(returns)
    ours = minimum_track_record(0.12, 0.03, shape, definition="2012/2014")
    theirs = peer.min_track_record_length(0.12, 0.03, 0.05, shape.skew, shape.kurtosis)
    assert theirs == 1 + math.ceil(ours - 1.0)  # whole periods


@pytest.mark.parametrize("trials", [5, 45, 1_000])
def test_minimum_backtest_length_beside_purgedcv(trials):
    peer = pytest.importorskip("purgedcv")
    assert peer.minimum_backtest_length(trials) == pytest.approx(
        minimum_backtest_years(trials), rel=CLOSE
    )


@pytest.mark.parametrize(("seed", "blocks", "edge"), [(0, 10, 0.0), (1, 8, 0.1), (2, 6, 0.0)])
def test_overfitting_beside_purgedcv(seed, blocks, edge):
    peer = pytest.importorskip("purgedcv")
    returns = np.random.default_rng(seed).standard_normal((blocks * 60, 40))
    returns[:, 0] += edge
    ours = overfitting(returns, blocks=blocks)
    theirs = peer.probability_of_backtest_overfitting(returns.T, blocks)
    assert sorted(theirs.logits) == pytest.approx(sorted(ours.logits), rel=CLOSE)
    assert theirs.slope == pytest.approx(ours.slope, rel=CLOSE)
    assert theirs.pbo <= ours.probability  # a median rank does not count as overfitted there


@pytest.mark.parametrize("rows", [19, 200, 1_001])
def test_conformal_quantile_beside_mapie(rows):
    peer = pytest.importorskip("mapie.regression")
    dummy = pytest.importorskip("sklearn.dummy")
    outcomes = np.random.default_rng(rows).standard_t(5, rows)
    always_zero = dummy.DummyRegressor(strategy="constant", constant=0.0)
    always_zero.fit(np.zeros((rows, 1)), outcomes)
    conformal = peer.SplitConformalRegressor(always_zero, confidence_level=0.9, prefit=True)
    conformal.conformalize(np.zeros((rows, 1)), outcomes)
    upper = conformal.predict_interval(np.zeros((1, 1)))[1][0, 1, 0]
    assert upper == pytest.approx(conformal_quantile(np.abs(outcomes), 0.9), rel=CLOSE)
