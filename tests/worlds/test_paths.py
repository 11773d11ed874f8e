"""Paths inside a bar: the known laws of Brownian motion, and fairness to resting orders."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from edgekeeper.worlds.paths import OVERNIGHT, draw_prices

BARS = 60_000
SD = 0.01


@pytest.fixture(scope="module")
def driftless():
    rng = np.random.Generator(np.random.PCG64(1_000))
    variance = np.full((BARS, 2), SD**2)
    prices = draw_prices(rng, variance, np.zeros(2), np.zeros((BARS, 2)))
    session_sd = SD * np.sqrt(1 - OVERNIGHT)
    logs = {name: np.log(column) for name, column in prices._asdict().items()}
    return {
        "up": ((logs["high"] - logs["open"]) / session_sd).ravel(),
        "down": ((logs["open"] - logs["low"]) / session_sd).ravel(),
        "move": ((logs["close"] - logs["open"]) / session_sd).ravel(),
        "night": np.diff(logs["close"], axis=0) - (logs["close"] - logs["open"])[1:],
        "raw": prices,
    }


def test_highs_and_lows_have_the_law_of_the_maximum_of_a_brownian_motion(driftless):
    # Reflection principle: the maximum over the session is |N(0, 1)|. Not a law that end points
    # of a few sub-steps would have: the mean of 16 of those is lower by 14 %.
    for side in ("up", "down"):
        sample = driftless[side][::2]
        assert sample.mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.01)
        assert kstest(sample, lambda x: 2 * norm.cdf(x) - 1).statistic < 0.01


def test_range_is_parkinsons(driftless):
    spread = driftless["up"] + driftless["down"]
    assert (spread**2).mean() / (4 * np.log(2)) == pytest.approx(1.0, abs=0.02)


def test_maximum_and_close_depend_on_each_other_as_they_should(driftless):
    # P(max >= m, close <= c) = P(close >= 2m - c): the joint law, again by reflection.
    for top, end in ((0.5, 0.0), (1.0, 0.5), (0.8, -0.3)):
        share = ((driftless["up"] >= top) & (driftless["move"] <= end)).mean()
        assert share == pytest.approx(norm.sf(2 * top - end), abs=0.005)


def test_night_and_session_share_the_variance(driftless):
    assert driftless["night"].var() == pytest.approx(OVERNIGHT * SD**2, rel=0.03)
    assert driftless["move"].var() == pytest.approx(1.0, rel=0.03)


def test_one_bar_brackets_are_fair(driftless):
    prices = driftless["raw"]
    for stop, target in ((0.3, 0.5), (1.0, 0.4), (0.5, 2.0)):
        down, up = 1 - stop * SD, 1 + target * SD
        low, high, close = (p / prices.open for p in (prices.low, prices.high, prices.close))
        result = np.where(low <= down, down, np.where(high >= up, up, close)) - 1
        error = result.std() / np.sqrt(BARS)  # two dependent symbols counted as one
        assert result.mean() < 3 * error
        # Counting a bar that touched both as the stop costs little, so it is not far below 0.
        assert result.mean() > -0.1 * SD


@pytest.mark.parametrize("variance", [1e-4, 0.09])
def test_simple_returns_have_exactly_the_mean_asked_for_whatever_the_variance(variance):
    rng, shape = np.random.Generator(np.random.PCG64(1_001)), (1_500, 40)
    prices = draw_prices(rng, np.full(shape, variance), np.full(40, 0.001), np.full(shape, 0.004))
    session = prices.close / prices.open
    night = prices.open[1:] / prices.close[:-1]
    for ratio, expected in (
        (session, 1.001 ** (1 - OVERNIGHT) * 1.004),
        (night, 1.001**OVERNIGHT),
    ):
        by_bar = ratio.mean(axis=1)  # symbols share a factor, bars share nothing
        error = by_bar.std() / np.sqrt(len(by_bar))
        assert abs(by_bar.mean() - expected) < 3.5 * error
        if ratio is session:
            # Forgetting that exp is convex would be seen where the variance is large.
            assert variance < 0.01 or error < 0.2 * variance * (1 - OVERNIGHT) / 2
