"""The triple barrier: known answers, an independent recomputation, time, and bad input."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.fills import EXIT_NONE, EXIT_STOP, EXIT_TARGET, EXIT_TIME, Costs
from edgekeeper.labels import NEVER, Labels, TripleBarrier
from edgekeeper.types import LONG, SHORT

FREE = Costs(0, 0, 0)


def bars_of(closes, opens=None, high=None, low=None, symbol="A", time=None, **columns):
    closes = np.asarray(closes, dtype=float)
    opens = np.r_[closes[0], closes[:-1]] if opens is None else np.asarray(opens, dtype=float)
    return Bars.from_arrays(
        symbol=np.full(len(closes), symbol),
        event_time=np.arange(len(closes)) if time is None else time,
        open=opens,
        high=np.maximum(opens, closes) if high is None else np.asarray(high, dtype=float),
        low=np.minimum(opens, closes) if low is None else np.asarray(low, dtype=float),
        close=closes,
        **columns,
    )


def random_panel(seed, symbols=3, length=40):
    """A panel with gaps between bars, splits, and some bars missing."""
    rng = np.random.default_rng(seed)
    names, times, columns = [], [], []
    for s in range(symbols):
        close = 50 * np.exp(np.cumsum(rng.normal(0, 0.03, length)))
        open_ = np.r_[close[0], close[:-1]] * np.exp(rng.normal(0, 0.01, length))
        high = np.maximum(open_, close) * np.exp(rng.exponential(0.01, length))
        low = np.minimum(open_, close) * np.exp(-rng.exponential(0.01, length))
        adjustment = np.where(np.arange(length) >= rng.integers(length), 2.0, 1.0)
        keep = rng.random(length) > 0.15
        names.append(np.full(keep.sum(), f"S{s}"))
        times.append(np.arange(length)[keep] * 10)
        columns.append(np.stack([open_, high, low, close, adjustment])[:, keep])
    open_, high, low, close, adjustment = np.concatenate(columns, axis=1)
    price = {"open": open_, "high": high, "low": low, "close": close}
    return Bars.from_arrays(
        symbol=np.concatenate(names),
        event_time=np.concatenate(times),
        adjustment=adjustment,
        **{name: values / adjustment for name, values in price.items()},
    )


def by_hand(bars, vol, spec):
    """Plain restatement in words of the rules, one trade at a time."""
    out = np.full((len(bars), 2, 5), np.nan)  # net, reason, held, mfe, mae
    o, h, lo, c = (bars.adjusted(k) for k in ("open", "high", "low", "close"))
    for s in range(len(bars.symbols)):
        rows = np.flatnonzero(bars.symbol == s)
        for i, row in enumerate(rows):
            future = rows[i + 1 : i + 1 + spec.horizon]
            if not vol[row] > 0 or len(future) == 0:
                continue
            entry, width = o[future[0]], vol[row] * np.sqrt(spec.horizon)
            for side, sign in ((LONG, 1), (SHORT, -1)):
                stop = c[row] * (1 - sign * spec.stop * width)
                target = c[row] * (1 + sign * spec.target * width)
                seen = [0.0]
                for held, j in enumerate(future, start=1):
                    good, bad = (h[j], lo[j]) if sign > 0 else (lo[j], h[j])
                    before, reason, price = [o[j]], None, None
                    if sign * (o[j] - stop) <= 0:
                        reason, price = EXIT_STOP, o[j]
                    elif sign * (o[j] - target) >= 0:
                        reason, price = EXIT_TARGET, o[j]
                    elif sign * (bad - stop) <= 0:
                        reason, price = EXIT_STOP, stop
                    elif sign * (good - target) >= 0:
                        reason, price, before = EXIT_TARGET, target, [o[j], bad]
                    elif held == spec.horizon:
                        reason, price, before = EXIT_TIME, c[j], [good, bad]
                    else:
                        before = [good, bad]
                    seen += [sign * (p / entry - 1) for p in before]
                    if reason is not None:
                        gross = sign * (price / entry - 1)
                        seen.append(gross)
                        net = gross - spec.costs.side * (1 + price / entry)
                        out[row, side] = net, reason, held, max(seen), min(seen)
                        break
    return out


def test_known_answers_on_closes():
    # Advances in Financial Machine Learning enters at the decision's close and looks at closes
    # only. Bars that open at the last close and trade nowhere beyond open and close say the same,
    # except that a touch fills at the barrier instead of at the close beyond it.
    closes = [100, 101, 102.5, 99, 97, 103]
    spec = TripleBarrier(horizon=2, costs=FREE)
    labels = spec.label(bars_of(closes), np.full(6, 0.02 / np.sqrt(2)))
    touch = np.arange(6) + labels.bars_held[:, LONG]
    outcome = np.select(
        [labels.exit_reason[:, LONG] == EXIT_TARGET, labels.exit_reason[:, LONG] == EXIT_STOP],
        [1, -1],
    )
    assert touch[:5].tolist() == [2, 3, 3, 4, 5]
    assert outcome[:5].tolist() == [1, 0, -1, -1, 1]
    assert round(100 * labels.net_return[1, LONG], 2) == -1.98
    assert labels.exit_reason[1, LONG] == EXIT_TIME
    assert labels.gross_return[0, LONG] == pytest.approx(0.02)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    horizon=st.integers(1, 12),
    target=st.floats(0.05, 3),
    stop=st.floats(0.05, 3),
)
def test_equals_a_plain_restatement(seed, horizon, target, stop):
    bars = random_panel(seed)
    rng = np.random.default_rng(seed)
    vol = np.where(rng.random(len(bars)) < 0.1, np.nan, rng.uniform(0, 0.05, len(bars)))
    spec = TripleBarrier(horizon, target, stop, Costs(1, 2, 2))
    labels, expected = spec.label(bars, vol), by_hand(bars, vol, spec)
    np.testing.assert_allclose(labels.net_return, expected[..., 0], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(labels.exit_reason, np.nan_to_num(expected[..., 1]))
    np.testing.assert_array_equal(labels.bars_held, np.nan_to_num(expected[..., 2]))
    np.testing.assert_allclose(labels.mfe, expected[..., 3], rtol=0, atol=1e-12)
    np.testing.assert_allclose(labels.mae, expected[..., 4], rtol=0, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 400))
def test_what_is_known_never_changes_when_more_bars_come(seed, cut):
    bars = random_panel(seed)
    vol = np.full(len(bars), 0.02)
    spec = TripleBarrier(horizon=5)
    now = int(np.clip(cut, bars.event_time[0], None))
    early_bars = bars.until(now)
    early = spec.label(early_bars, vol[: len(early_bars)])
    late = spec.label(bars, vol)
    n = len(early)
    np.testing.assert_array_equal(early.known(now), late.known(now)[:n])
    assert not late.known(now)[n:].any()
    known = early.known(now)
    np.testing.assert_array_equal(early.net_return[known], late.net_return[:n][known])
    assert np.isnan(early.net_return[~known]).all()


def test_an_open_beyond_the_barrier_pays_both_costs_and_earns_nothing():
    bars = bars_of([100, 90, 91], opens=[100, 90, 90])
    labels = TripleBarrier(horizon=5, costs=Costs(5, 0, 0)).label(bars, np.full(3, 0.01))
    assert labels.exit_reason[0].tolist() == [EXIT_STOP, EXIT_TARGET]
    np.testing.assert_allclose(labels.net_return[0], -0.001)
    assert labels.gross_return[0].tolist() == [0.0, 0.0]
    assert labels.bars_held[0].tolist() == [1, 1]


def test_a_bar_touching_both_barriers_is_the_stop_and_its_high_is_no_excursion():
    bars = bars_of([100, 100], high=[100, 110], low=[100, 90])
    labels = TripleBarrier(horizon=1, costs=FREE).label(bars, np.full(2, 0.05))
    assert labels.exit_reason[0].tolist() == [EXIT_STOP, EXIT_STOP]
    np.testing.assert_allclose(labels.net_return[0], -0.05)
    assert labels.mfe[0].tolist() == [0.0, 0.0]


def test_borrow_is_paid_by_the_short_side_for_each_bar_held():
    day = 86_400 * 10**9
    time = np.array([0, 1, 2, 3]) * day  # Thursday to Sunday: a market of 365 days
    bars = bars_of([100.0] * 4, time=time)
    spec = TripleBarrier(horizon=3, costs=Costs(0, 0, 0, borrow_bps_year=365.25))
    labels = spec.label(bars, np.full(4, 0.1))
    assert labels.net_return[0, LONG] == 0.0
    assert labels.net_return[0, SHORT] == pytest.approx(-3 * 1e-4)


def test_infinite_distance_means_no_barrier():
    bars = bars_of([100, 50, 200, 100])
    spec = TripleBarrier(horizon=3, target=np.inf, stop=np.inf, costs=FREE)
    labels = spec.label(bars, np.full(4, 0.01))
    assert labels.exit_reason[0].tolist() == [EXIT_TIME, EXIT_TIME]
    np.testing.assert_allclose(labels.net_return[0], 0.0)


def test_a_split_is_no_loss():
    bars = bars_of([100, 50.5], opens=[100, 50], adjustment=np.array([1.0, 2.0]))
    labels = TripleBarrier(horizon=1, target=9, stop=9, costs=FREE).label(bars, np.full(2, 0.05))
    assert labels.net_return[0, LONG] == pytest.approx(0.01)


def test_late_bars_make_late_labels():
    bars = bars_of([100.0, 100, 100], known_time=np.array([0, 50, 2]))
    labels = TripleBarrier(horizon=2).label(bars, np.full(3, 0.5))
    assert labels.known_time[0].tolist() == [50, 50]


def test_unfinished_and_unscaled_rows_are_missing_not_zero():
    bars = bars_of([100.0] * 4)
    labels = TripleBarrier(horizon=2).label(bars, np.array([0.1, np.nan, 0.0, 0.1]))
    assert labels.known(2).tolist() == [[True, True], [False, False], [False, False], [False] * 2]
    for row in (1, 2, 3):
        assert np.isnan(labels.net_return[row]).all()
        assert np.isnan(labels.mfe[row]).all()
        assert (labels.exit_reason[row] == EXIT_NONE).all()
        assert (labels.known_time[row] == NEVER).all()
    assert labels.entry_time.tolist() == [1, 2, 3, NEVER]
    assert not labels.known(NEVER)[3].any()
    assert np.isnan(labels.long_better[1:]).all()
    assert labels.long_better[0] == 0.0
    assert labels.end_time[0] == 2


def test_symbols_do_not_touch_each_other():
    bars = random_panel(7)
    spec, vol = TripleBarrier(horizon=4), np.full(len(bars), 0.02)
    together = spec.label(bars, vol)
    for s, name in enumerate(bars.symbols):
        rows = np.flatnonzero(bars.symbol == s)
        alone = Bars.from_arrays(
            symbol=np.full(len(rows), name),
            **{
                column: getattr(bars, column)[rows]
                for column in ("event_time", "open", "high", "low", "close", "adjustment")
            },
        )
        np.testing.assert_array_equal(
            together.net_return[rows], spec.label(alone, vol[rows]).net_return
        )


@pytest.mark.parametrize("wrong", [-0.01, np.inf, -np.inf])
def test_impossible_volatility_is_refused(wrong):
    with pytest.raises(BadData, match="volatility: expected finite"):
        TripleBarrier().label(bars_of([1.0, 1.0]), np.array([0.1, wrong]))


@pytest.mark.parametrize("shape", [(0,), (3,), (2, 2)])
def test_volatility_of_the_wrong_shape_is_refused(shape):
    with pytest.raises(UsageError, match="one number for each of 2 bars"):
        TripleBarrier().label(bars_of([1.0, 1.0]), np.ones(shape))


@pytest.mark.parametrize(
    "settings", [{"horizon": 0}, {"horizon": -1}, {"target": 0}, {"stop": -1}, {"stop": np.nan}]
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UsageError, match="expected"):
        TripleBarrier(**settings)


def test_one_bar_and_huge_prices():
    single = TripleBarrier().label(bars_of([1.0]), np.array([0.1]))
    assert np.isnan(single.net_return).all()
    huge = TripleBarrier(horizon=1, costs=FREE).label(bars_of([1e300, 1e300]), np.full(2, 0.1))
    assert huge.gross_return[0].tolist() == [0.0, 0.0]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 5), st.integers(1, 12), st.data())
def test_outcomes_of_some_rows_are_those_of_all(seed, horizon, data):
    """Whichever rows are asked for, in whatever order, and however far the bars have come."""
    panel = random_panel(seed)
    panel = panel.rows(0, data.draw(st.integers(2, len(panel))))
    volatility = np.random.default_rng(seed).uniform(0.005, 0.03, len(panel))
    volatility[::7] = np.nan
    rows = data.draw(st.lists(st.integers(0, len(panel) - 1), unique=True))
    barrier = TripleBarrier(horizon=horizon, costs=Costs(borrow_bps_year=500.0))
    whole = barrier.label(panel, volatility).take(np.array(rows, dtype=np.int64))
    some = barrier.label_rows(panel, volatility, np.array(rows, dtype=np.int64))
    for one in fields(Labels):
        assert np.array_equal(getattr(some, one.name), getattr(whole, one.name), equal_nan=True)


def test_outcomes_of_a_few_rows_cost_the_same_after_a_long_history(monkeypatch):
    """Of 1,000 bars, no more are labelled than what follows the rows that are asked for."""
    panel = random_panel(1, length=400)
    seen, label = [], TripleBarrier.label
    monkeypatch.setattr(
        TripleBarrier,
        "label",
        lambda its, bars, sigma: seen.append(len(bars)) or label(its, bars, sigma),
    )
    TripleBarrier(horizon=4).label_rows(panel, np.full(len(panel), 0.01), np.array([2, 700]))
    assert seen == [2 * (1 + 4)]
