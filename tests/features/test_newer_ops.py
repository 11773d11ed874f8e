"""Profile, entropy, SuperTrend, Hurst and fitted ops against loops, SciPy and known truths."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

from edgekeeper.features import OPS, evaluate
from edgekeeper.testing.ops import check_op, run_op

# What the tests below compare with; docs/features.md is written from it.
REFERENCES = {
    "profile_peak": "NumPy, a window at a time",
    "value_area_low": "NumPy, a window at a time",
    "value_area_high": "NumPy, a window at a time",
    "entropy": "NumPy, a window at a time",
    "supertrend": "plain loop",
    "supertrend_side": "plain loop",
    "ratchet": "plain loop",
    "hurst": "fractional noise of a known exponent",
    "garch_fit": "SciPy's optimum",
    "mixture": "two known normals",
    "tf": "bars resampled by hand",
    "cov": "NumPy, long double",
}

RNG = np.random.default_rng(8)
WALK = 50 * np.exp((RNG.standard_normal(1_500) * 0.01).cumsum())
VOLUME = np.round(np.exp(RNG.standard_normal(1_500)) * 1_000)


def profile(prices, volumes, bins):
    """Steidlmayer's value area: from the fullest bin towards the fuller neighbour, up to 70 %."""
    counts, edges = np.histogram(prices, bins=bins, weights=volumes)
    first = last = int(np.argmax(counts))
    while counts[first : last + 1].sum() < 0.7 * counts.sum():
        below = counts[first - 1] if first else -1
        above = counts[last + 1] if last < bins - 1 else -1
        first, last = (first, last + 1) if above >= below else (first - 1, last)
    peak = int(np.argmax(counts))
    return (edges[peak] + edges[peak + 1]) / 2, edges[first], edges[last + 1]


@pytest.mark.parametrize(("size", "bins"), [(60, 24), (13, 5), (200, 50)])
def test_volume_profile(size, bins):
    names = ("profile_peak", "value_area_low", "value_area_high")
    got = [run_op(OPS[name], [WALK, VOLUME], (size, bins)) for name in names]
    for row in range(size - 1, len(WALK), 17):
        part = slice(row - size + 1, row + 1)
        want = profile(WALK[part], VOLUME[part], bins)
        np.testing.assert_allclose([values[row] for values in got], want, rtol=1e-12)


def test_a_profile_without_volume_or_range():
    assert np.isnan(run_op(OPS["profile_peak"], [WALK, WALK * 0], (10.0, 8.0))).all()
    flat = np.full(50, 7.0)
    for name in ("profile_peak", "value_area_low", "value_area_high"):
        assert (run_op(OPS[name], [flat, VOLUME[:50]], (10.0, 8.0))[9:] == 7.0).all()


def test_permutation_entropy():
    x = np.round(WALK, 1)
    got = run_op(OPS["entropy"], [x], (40.0,))
    orders = list(itertools.permutations(range(3)))
    for row in range(39, 1_500, 13):
        window = x[row - 39 : row + 1]
        places = [tuple(np.argsort(window[k : k + 3], kind="stable")) for k in range(38)]
        share = np.array([places.count(order) for order in orders]) / 38
        share = share[share > 0]
        want = -(share * np.log(share)).sum() / np.log(6)
        assert got[row] == pytest.approx(want, abs=1e-12)
    assert (run_op(OPS["entropy"], [np.arange(100.0)], (40.0,))[39:] == 0.0).all()
    noise = run_op(OPS["entropy"], [RNG.standard_normal(5_000)], (2_000.0,))
    assert noise[-1] == pytest.approx(1.0, abs=0.005)


def test_supertrend(bars_of):
    """The published rules, row by row."""
    bars = bars_of(1, 800)
    high, low, close = bars.high, bars.low, bars.close
    width = 3 * evaluate("atr(10)", bars)
    got, side = evaluate("supertrend(10, 3)", bars), evaluate("supertrend_side(10, 3)", bars)
    upper, lower, up = np.nan, np.nan, None
    for row in range(800):
        middle = (high[row] + low[row]) / 2
        if np.isnan(width[row]):
            assert np.isnan(got[row])
            continue
        new_upper, new_lower = middle + width[row], middle - width[row]
        if up is None:
            upper, lower, up = new_upper, new_lower, close[row] >= middle
        else:
            upper = new_upper if new_upper < upper or close[row - 1] > upper else upper
            lower = new_lower if new_lower > lower or close[row - 1] < lower else lower
            up = (close[row] >= lower) if up else (close[row] > upper)
        assert got[row] == (lower if up else upper)
        assert side[row] == (1 if up else -1)


@pytest.mark.parametrize(("h", "seed"), [(0.3, 0), (0.5, 1), (0.75, 2)])
def test_hurst_finds_the_exponent_of_fractional_noise(h, seed, bars_of):
    n = 4_000
    lags = np.arange(n)
    covariance = 0.5 * (
        np.abs(lags + 1.0) ** (2 * h) - 2 * np.abs(lags * 1.0) ** (2 * h)
        + np.abs(lags - 1.0) ** (2 * h)
    )  # fmt: skip
    ring = np.concatenate([covariance, [0.0], covariance[:0:-1]])
    power = np.sqrt(np.maximum(np.fft.fft(ring).real, 0))
    rng = np.random.default_rng(seed)
    noise = np.fft.fft(power * (rng.standard_normal(2 * n) + 1j * rng.standard_normal(2 * n)))
    path = (noise.real[:n] / np.sqrt(2 * n)).cumsum()
    bars = bars_of(1, n, context=False)
    object.__setattr__(bars, "context", {"own.path": path})
    assert evaluate("hurst(own.path, 3000)", bars)[-1] == pytest.approx(h, abs=0.05)


def garch_path(alpha, beta, n, seed):
    rng = np.random.default_rng(seed)
    variance, out, true = 1e-4, np.empty(n), np.empty(n)
    for t in range(n):
        true[t] = np.sqrt(variance)
        out[t] = true[t] * rng.standard_normal()
        variance = 1e-4 * (1 - alpha - beta) + alpha * out[t] ** 2 + beta * variance
    return out, true


def likelihood(alpha, beta, x):
    level = (x * x).mean()
    variance, loss = level, 0.0
    for square in x * x:
        loss += np.log(variance) + square / variance
        variance = level * (1 - alpha - beta) + alpha * square + beta * variance
    return loss / len(x), variance


def test_garch_is_at_the_optimum_and_follows_volatility():
    x, true = garch_path(0.08, 0.9, 4_001, 3)
    key = np.where(np.arange(4_001) < 4_000, 0.0, 1.0)
    got = run_op(OPS["garch_fit"], [x, key], (4_000.0,))
    assert np.isnan(got[:-1]).all()
    fit = minimize(
        lambda p: likelihood(*p, x[:-1])[0] if min(p) > 0 and sum(p) < 0.999 else 9e9,
        [0.05, 0.9],
        method="Nelder-Mead",
    )
    alpha, beta = fit.x
    level, variance = (x[:-1] ** 2).mean(), likelihood(alpha, beta, x[:-1])[1]
    want = np.sqrt(level * (1 - alpha - beta) + alpha * x[-1] ** 2 + beta * variance)
    assert got[-1] == pytest.approx(want, rel=0.02)
    quarters = np.arange(4_001) // 250
    live = run_op(OPS["garch_fit"], [x, quarters.astype(float)], (1_000.0,))
    later = slice(1_500, 4_000)
    assert np.corrcoef(live[later], true[1_501:])[0, 1] > 0.9


@pytest.mark.parametrize("size", [50.0, 300.0])
@pytest.mark.parametrize("name", ["garch_fit", "mixture"])
def test_fits_keep_the_promises_with_long_windows(name, size):
    check_op(OPS[name], (size,), seed=4)


def test_a_mixture_tells_two_kinds_apart():
    rng = np.random.default_rng(0)
    upper = rng.random(2_000) < 0.3
    x = np.where(upper, rng.normal(2.0, 0.5, 2_000), rng.normal(0.0, 0.4, 2_000))
    got = run_op(OPS["mixture"], [x, (np.arange(2_000) // 100).astype(float)], (500.0,))
    assert np.isnan(got[:500]).all()
    known = ~np.isnan(got)
    assert known[600:].all()
    assert ((got[known] > 0.5) == upper[known]).mean() > 0.97
    assert ((got[known] >= 0) & (got[known] <= 1)).all()


def test_fits_of_what_does_not_move_are_missing_or_still():
    key = (np.arange(400) // 50).astype(float)
    assert np.isnan(run_op(OPS["mixture"], [np.full(400, 3.0), key], (100.0,))).all()
    assert (run_op(OPS["garch_fit"], [np.zeros(400), key], (100.0,))[150:] == 0.0).all()


def test_the_future_of_a_fit_changes_nothing(bars_of):
    bars = bars_of(1, 900, seed=2)
    for text in ("garch(logret(close), 100)", "regime(100)", "regime_trending(100)"):
        whole = evaluate(text, bars)
        part = evaluate(text, bars.rows(0, 700))
        np.testing.assert_array_equal(whole[:700], part)
    labels = evaluate("regime(100)", bars)
    assert set(labels[~np.isnan(labels)]) <= {0.0, 1.0, 2.0}
