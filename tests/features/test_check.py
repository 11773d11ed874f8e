import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData
from edgekeeper.features import CATALOGUES, OPS, FeatureSet, Op
from edgekeeper.worlds import make_world


def tomorrow(n, x, out, params, state):
    for i in range(n):
        out[i] = x[i + 1] if i + 1 < n else x[i]


def total(n, x, out, params, state):
    for i in range(n):
        state[0] += x[i]
        out[i] = state[0]


def test_all_catalogues_are_clean(bars_of, all_context):
    bars = bars_of(3, 1_100, gaps=0.05, minutes=360, context=all_context)
    report = FeatureSet.from_catalogue(*CATALOGUES).check(bars)
    assert report.rows == len(bars)
    assert report.features >= 400
    assert report.truncated_rows > 0.5 * len(bars)
    assert report.streamed_rows == len(bars)
    assert report.late_values > 10_000
    assert report.unsteady_values == 0


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (Op("tomorrow", tomorrow, 1), r"'leak' changes by cutting off the future.*1 of 2"),
        (Op("total", total, 1, state_size=lambda p: 1), "'leak' changes by beginning later"),
    ],
)
def test_the_column_that_leaks_is_named(bars, monkeypatch, op, message):
    monkeypatch.setitem(OPS, op.name, op)
    features = FeatureSet({"fine": "ema(close, 9)", "leak": f"{op.name}(close)"})
    with pytest.raises(BadData, match=message):
        features.check(bars)


def shows_the_next(n, x, out, params, state):
    """Leaks a little: only where the next value is many times as large."""
    for i in range(n):
        out[i] = 1.0 if i + 1 < n and x[i + 1] > 100 * x[i] else 0.0


def test_a_leak_that_only_shows_when_the_future_is_multiplied_is_found(bars, monkeypatch):
    op = Op("shows_the_next", shows_the_next, 1)
    monkeypatch.setitem(OPS, op.name, op)
    with pytest.raises(BadData, match="'leak' changes by multiplying the future"):
        FeatureSet({"fine": "close", "leak": "shows_the_next(close)"}).check(bars)


@pytest.mark.parametrize(
    ("declared", "ahead"), [("on_time", 10), ("on_time", 1), ("on_time", 3), ("late", 10)]
)
def test_a_context_column_that_knows_later_bars_is_named(declared, ahead):
    bars = make_world("leak", seed=1, symbols=3, bars=900, declared=declared, horizon=ahead).bars
    features = FeatureSet({"trend": "ema(close, 9) / close", "hint": "mean(HINT.value, 3)"})
    if declared == "late":
        assert features.check(bars).context_columns == 1
        return
    with pytest.raises(BadData, match=r"'HINT.value' knows the future.*known_time"):
        features.check(bars)
    assert features.without("hint").check(bars).context_columns == 0


def test_a_strong_honest_predictor_is_no_leak():
    """What predicts as well as the strongest planted edge stays far from being called a leak."""
    from dataclasses import replace

    world = make_world("planted", seed=2, symbols=4, bars=900, net_sharpe=8.0)
    bars = replace(world.bars, context={"OWN.hint": world.state})
    assert FeatureSet({"x": "OWN.hint"}).check(bars).context_columns == 1


@pytest.mark.parametrize("seed", range(4))
def test_prices_in_coarse_ticks_with_quiet_hours_raise_no_false_alarm(seed):
    rng = np.random.default_rng(seed)
    instants, tick = 900, (0.01, 0.1)[seed % 2]
    moves = rng.standard_normal((instants, 2)) * 0.005 * (rng.random((instants, 2)) < 0.3)
    close = np.round(50 * np.exp(moves.cumsum(axis=0)) / tick) * tick
    open_ = np.vstack([close[:1], close[:-1]])
    volume = np.round(rng.random((instants, 2)) * 5) * 100
    start = np.datetime64("2022-01-03", "ns").astype(np.int64)
    bars = Bars.from_arrays(
        symbol=np.tile(["A", "B"], instants),
        event_time=start + np.repeat(np.arange(instants), 2) * 3_600 * 10**9,
        open=open_.ravel(),
        high=np.maximum(open_, close).ravel(),
        low=np.minimum(open_, close).ravel(),
        close=close.ravel(),
        volume=volume.ravel(),
        context={"SPY.close": np.repeat(close[:, 0], 2), "VIX.close": volume.ravel() + 1},
    )
    report = FeatureSet.from_catalogue(*CATALOGUES).available(bars)[0].check(bars)
    assert report.late_values > 30_000
    assert report.unsteady_values < 0.001 * report.late_values


def test_a_short_history_says_that_it_cannot_tell(bars_of):
    report = FeatureSet({"x": "ema(close, 50)"}).check(bars_of(2, 30).to_polars())
    assert report.late_values == 0
    report = FeatureSet({"x": "close"}).check(bars_of(1, 1))
    assert report.rows == 1


def test_later_start_changes_nothing_after_the_stated_warm_up(bars_of):
    """The claim behind ``warm_up``, feature by feature, at several starts."""
    bars = bars_of(1, 1_400, seed=3)
    features = FeatureSet.from_catalogue(*CATALOGUES).available(bars)[0]
    exact = features.matrix(bars, np.float64)
    warm = np.array(features.warm_ups_at(bars.interval_ns))
    assert np.median(warm) < 200
    for first in (1, 33, 500):
        late = features.matrix(bars.rows(first, len(bars)), np.float64)
        early = exact[first:]
        size = np.maximum(np.abs(early), np.nanmedian(np.abs(early), axis=0))
        ready = np.arange(len(late))[:, None] >= warm
        assert (np.abs(late - early) <= 1e-6 * size)[ready].all()
        lookback = np.array(features.lookbacks_at(bars.interval_ns))
        assert not np.isnan(late)[np.arange(len(late))[:, None] >= lookback].any()
