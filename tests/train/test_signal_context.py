"""Columns of signals, against a walk over the bars that keeps a list of what it knows."""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import LineConfig
from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.labels import TripleBarrier
from edgekeeper.train import join_signals, wants_signals
from edgekeeper.train.signal_context import CONFIRMATIONS
from edgekeeper.worlds import make_world

DAY = 86_400 * 10**9


def labelled(bars):
    return TripleBarrier(horizon=8).label(bars, np.full(len(bars), 0.015))


@pytest.fixture(scope="module")
def market():
    """Bars with holes, signals on a tenth of them, a source that says how sure it is."""
    bars = make_world("noise", seed=5, symbols=4, bars=400).bars
    rng = np.random.default_rng(2)
    keep = rng.random(len(bars)) > 0.1
    said = np.where(rng.random(len(bars)) < 0.2, np.nan, rng.random(len(bars)))
    bars = Bars.from_arrays(
        symbol=np.asarray(bars.symbols)[bars.symbol][keep],
        event_time=bars.event_time[keep],
        context={"signal.confidence": said[keep]},
        **{n: getattr(bars, n)[keep] for n in ("open", "high", "low", "close", "volume")},
    )
    side = rng.choice([-1, 0, 1], len(bars), p=[0.05, 0.9, 0.05]).astype(np.int8)
    return bars, side, labelled(bars)


def mean(values):
    return np.mean(values) if len(values) else np.nan


def walked(bars, side, labels):
    """The same columns, bar by bar, from lists of what has been seen."""
    given, newest, rows = [], {}, []
    confirm = [evaluate(text, bars) for text in CONFIRMATIONS]
    said = bars.context["signal.confidence"]
    for t, (first, stop) in enumerate(
        zip(bars.instant_offsets, bars.instant_offsets[1:], strict=False)
    ):
        now = int(bars.instants[t])
        for row in range(first, stop):
            if side[row]:
                newest[bars.symbol[row]] = row
                given.append(row)
        out = [(labels.known_time[r, int(side[r] < 0)], r) for r in given]
        known = [(when, r) for when, r in sorted(out) if when <= now]
        net = [(when, labels.net_return[r, int(side[r] < 0)], said[r]) for when, r in known]
        stated = [said[r] for r in given if np.isfinite(said[r])]
        wrong = [s - (x > 0) for _, x, s in net if np.isfinite(s)]
        for row in range(first, stop):
            last = newest.get(bars.symbol[row])
            signs = np.array([c[row] for c in confirm])
            agree = np.nan if np.isnan(signs).any() else (signs == side[last or 0]).sum()
            rows.append(
                {
                    "is_long": np.nan if last is None else float(side[last] > 0),
                    "confirmations": np.nan if last is None else agree,
                    "age_days": np.nan if last is None else (now - bars.event_time[last]) / DAY,
                    "win_rate_7d": mean([x > 0 for when, x, _ in net if when > now - 7 * DAY]),
                    "win_rate_20": mean([x > 0 for _, x, _ in net[-20:]]),
                    "net_return_20": mean([x for _, x, _ in net[-20:]]),
                    "forecast_mean_20": mean(stated[-20:]),
                    "forecast_error_20": mean(wrong[-20:]),
                }
            )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def test_equals_a_walk_that_knows_only_what_was_known(market):
    got = join_signals(*market).context
    want = walked(*market)
    assert {f"signal.{name}" for name in want} | {"signal.confidence"} == set(got)
    for name, values in want.items():
        np.testing.assert_allclose(got[f"signal.{name}"], values, rtol=1e-12, atol=1e-15)
        assert np.isfinite(values).sum() > 1_000


@pytest.mark.parametrize("cut", [50, 611, 1_200])
def test_what_comes_later_changes_no_bit(market, cut):
    bars, side, labels = market
    whole = join_signals(bars, side, labels).context
    cut = int(bars.instant_offsets[np.searchsorted(bars.instant_offsets, cut)])
    short = bars.rows(0, cut)
    part = join_signals(short, side[:cut], labelled(short)).context
    for name, values in part.items():
        np.testing.assert_array_equal(values, whole[name][:cut])


def test_features_of_signals_are_the_same_live(market):
    bars = join_signals(*market)
    features, left_out = FeatureSet.from_catalogue("signal_context").available(bars)
    assert set(left_out) == {"ai_confidence", "sector_performance"}
    assert features.check(bars).streamed_rows > 0


def test_what_the_data_bring_along_is_kept(market):
    bars, side, labels = market
    mine = np.full(len(bars), 3.0)
    context = {**bars.context, "signal.confirmations": mine}
    joined = join_signals(replace(bars, context=context), side, labels)
    assert (joined.context["signal.confirmations"] == 3.0).all()


def test_no_signal_no_record(market):
    bars, side, labels = market
    joined = join_signals(bars, np.zeros_like(side), labels)
    for name in ("is_long", "win_rate_7d", "net_return_20", "forecast_mean_20"):
        assert np.isnan(joined.context[f"signal.{name}"]).all()
    with pytest.raises(UsageError, match="one side for each"):
        join_signals(bars, side[:-1], labels)


def test_only_recipes_that_ask_are_given_them():
    assert wants_signals(LineConfig(name="a", features=("signal_context",)))
    own = {"x": "signal.win_rate_7d - 0.5"}
    assert wants_signals(LineConfig(name="a", features=(), extra_features=own))
    assert not wants_signals(LineConfig(name="a"))
