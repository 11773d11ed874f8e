"""Rolling statistics against NumPy in long double, on hard and on easy data."""

import numpy as np
import pytest

from edgekeeper.features import OPS
from edgekeeper.testing.ops import run_op

LONG = np.longdouble
RNG = np.random.default_rng(5)
WALK = 100 * np.exp((RNG.standard_normal(900) * 0.01).cumsum())
SERIES = {
    "walk": WALK,
    "returns": np.diff(np.log(WALK), prepend=np.log(100.0)),
    "far_from_zero": 1e9 + RNG.standard_normal(900),
    "jump": np.where(np.arange(900) < 450, 1.0, 1e6) + RNG.standard_normal(900) * 1e-3,
    "spikes": np.where(RNG.random(900) < 0.02, 1e8, 0.0) + RNG.standard_normal(900),
    "tiny": RNG.standard_normal(900) * 1e-30,
}


def exact_moments(window):
    x = window.astype(LONG)
    d = x - x.mean()
    return [(d**k).mean() for k in (2, 3, 4)]


def line(window):
    x = window.astype(LONG)
    t = np.arange(len(x), dtype=LONG) - LONG(len(x) - 1) / 2
    d = x - x.mean()
    slope = (t * d).sum() / (t * t).sum()
    return slope, (t * d).sum() ** 2 / ((t * t).sum() * (d * d).sum()), d[-1] - slope * t[-1]


# Name: parameters after the window, reference, tolerance relative to the reference's size.
REFERENCES = {
    "sum": ((), lambda w: w.astype(LONG).sum(), 1e-14),
    "var": ((1,), lambda w: w.astype(LONG).var(ddof=1), 1e-11),
    "skew": ((), lambda w: (m := exact_moments(w))[1] / m[0] ** LONG(1.5), 1e-8),
    "kurt": ((), lambda w: (m := exact_moments(w))[2] / m[0] ** 2 - 3, 1e-8),
    "slope": ((), lambda w: line(w)[0], 1e-9),
    "rsquare": ((), lambda w: line(w)[1], 1e-9),
    "resid": ((), lambda w: line(w)[2], 1e-9),
    "mad": ((), lambda w: np.abs(w.astype(LONG) - w.astype(LONG).mean()).mean(), 1e-9),
    "wma": ((), lambda w: np.average(w.astype(LONG), weights=np.arange(1, len(w) + 1)), 1e-13),
    "min": ((), np.min, 0.0),
    "max": ((), np.max, 0.0),
    "argmin": ((), lambda w: len(w) - 1 - np.flatnonzero(w == w.min())[-1], 0.0),
    "argmax": ((), lambda w: len(w) - 1 - np.flatnonzero(w == w.max())[-1], 0.0),
    "median": ((), np.median, 1e-15),
    "quantile": ((0.3,), lambda w: np.quantile(w, 0.3), 1e-12),
    "rank": (
        (),
        lambda w: ((w < w[-1]).sum() + ((w == w[-1]).sum() + 1) / 2) / len(w),
        1e-15,
    ),
}


@pytest.mark.parametrize("size", [5, 20, 61])
@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("name", REFERENCES)
def test_single_series(name, series, size):
    extra, reference, tolerance = REFERENCES[name]
    x = SERIES[series]
    got = run_op(OPS[name], [x], (float(size), *extra))
    windows = np.lib.stride_tricks.sliding_window_view(x, size)[::7]
    want = np.array([float(reference(w)) for w in windows])
    assert np.isnan(got[: size - 1]).all()
    got = got[size - 1 :: 7]
    # Relative to the value, or to what one rounding of the input is worth.
    floor = 0.0
    if name in ("slope", "resid", "mad", "sum", "wma", "median", "quantile"):
        floor = 4e-16 * size * np.abs(windows).max(axis=1)
    if name == "var":
        floor = 1e-15 * np.abs(windows).max(axis=1) * np.sqrt(want)
    if name in ("skew", "kurt", "rsquare"):
        spread = windows.std(axis=1) / np.abs(windows).max(axis=1)
        floor = 1e-14 / np.maximum(spread, 1e-9)
    assert (np.abs(got - want) <= tolerance * np.abs(want) + floor).all()


@pytest.mark.parametrize("size", [5, 20, 61])
@pytest.mark.parametrize(("name", "extra"), [("cov", (1.0,)), ("corr", ()), ("beta", ())])
@pytest.mark.parametrize("pair", [("walk", "returns"), ("far_from_zero", "walk"), ("jump", "walk")])
def test_two_series(name, extra, pair, size):
    x, y = SERIES[pair[0]], SERIES[pair[1]]
    got = run_op(OPS[name], [x, y], (float(size), *extra))
    for end in range(size, len(x), 11):
        u, v = x[end - size : end].astype(LONG), y[end - size : end].astype(LONG)
        du, dv = u - u.mean(), v - v.mean()
        cross, uu, vv = (du * dv).sum(), (du * du).sum(), (dv * dv).sum()
        want = {"cov": cross / (size - 1), "beta": cross / vv, "corr": cross / np.sqrt(uu * vv)}
        scale = {"cov": np.sqrt(uu * vv) / size, "beta": np.sqrt(uu / vv), "corr": 1.0}
        # What rounding the inputs themselves is worth, beside a relative 1e-10.
        given = sum(np.abs(w).max() / w.std() for w in (x[end - size : end], y[end - size : end]))
        tolerance = 1e-10 + 1e-15 * given
        assert abs(got[end - 1] - want[name]) <= tolerance * float(scale[name])


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e9 + 0.1, 5e-324])
def test_a_constant_series_has_no_spread_at_all(value):
    x = np.full(300, value)
    assert (run_op(OPS["var"], [x], (20.0, 1.0))[19:] == 0.0).all()
    assert (run_op(OPS["slope"], [x], (20.0,))[19:] == 0.0).all()
    for name in ("skew", "kurt", "rsquare"):
        assert np.isnan(run_op(OPS[name], [x], (20.0,))).all()
    assert np.isnan(run_op(OPS["corr"], [x, x], (20.0,))).all()
    assert np.isnan(run_op(OPS["beta"], [x, x], (20.0,))).all()


def test_constant_after_a_jump_has_no_spread_once_the_jump_is_out_of_the_window():
    x = np.where(np.arange(200) < 55, 3.7, 1e6 + 0.1)
    variance = run_op(OPS["var"], [x], (20.0, 1.0))
    assert (variance[55 + 19 :] == 0.0).all()
    assert (variance[55 : 55 + 19] > 0.0).all()


def test_the_cost_of_a_window_does_not_show_in_its_result():
    x = SERIES["walk"]
    assert run_op(OPS["sum"], [x], (1.0,)).tolist() == x.tolist()
    assert run_op(OPS["ema"], [x], (1.0,)).tolist() == x.tolist()
    assert run_op(OPS["lag"], [x], (3.0,)).tolist()[3:] == x.tolist()[:-3]
