"""Worlds by name: the same bits again, valid bars, independence, and clear refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.worlds import KINDS, make_world, seeds
from edgekeeper.worlds.oracle import calibrate

COLUMNS = ("open", "high", "low", "close", "volume")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bits(kind):
    first = make_world(kind, seed=1_000, symbols=3, bars=120)
    make_world("planted", seed=5, symbols=2, bars=50, net_sharpe=7.0)
    calibrate.cache_clear()
    again = make_world(kind, seed=1_000, symbols=3, bars=120)
    for name in COLUMNS:
        assert getattr(first.bars, name).tobytes() == getattr(again.bars, name).tobytes()
    for name in ("state", "alpha", "drift"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()
    assert (first.best_net_sharpe, first.drift_sharpe) == (
        again.best_net_sharpe,
        again.drift_sharpe,
    )


def test_kinds_and_seeds_share_nothing():
    returns = [
        np.diff(np.log(make_world(kind, seed=seed, symbols=1).bars.close))
        for kind in KINDS
        for seed in (1_000, 1_001)
    ]
    correlation = np.corrcoef(returns) - np.eye(len(returns))
    assert np.abs(correlation).max() < 0.1


@settings(max_examples=20, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    seed=st.integers(0, 2**63 - 1),
    symbols=st.integers(1, 5),
    bars=st.integers(30, 200),
    drift_sharpe=st.none() | st.floats(-3, 3),
)
def test_every_world_is_made_of_valid_bars(kind, seed, symbols, bars, drift_sharpe):
    world = make_world(kind, seed=seed, symbols=symbols, bars=bars, drift_sharpe=drift_sharpe)
    again = Bars.from_frame(world.bars.to_polars())  # checks all that bars promise
    assert len(again) == symbols * bars
    assert world.bars.symbols == tuple(sorted(world.bars.symbols))
    for name in ("state", "alpha", "drift", "expected"):
        values = getattr(world, name)
        assert values.shape == (len(again),)
        assert np.isfinite(values).all()
    assert np.isfinite(world.best_net_sharpe)
    assert (world.bars.volume > 0).all()
    assert world.notes


def test_bars_close_on_business_days_at_nine_in_the_evening_utc():
    times = make_world("noise", seed=1, symbols=2, bars=300).bars.instants
    stamps = times.astype("datetime64[ns]")
    assert stamps[0] == np.datetime64("2010-01-04T21:00")
    assert np.is_busday(stamps.astype("datetime64[D]")).all()
    assert len(np.unique(stamps.astype("datetime64[D]"))) == 300
    assert make_world("noise", seed=1, symbols=2, bars=300).bars.periods_per_year == 252.0


@pytest.mark.parametrize(
    ("kind", "arguments", "says"),
    [
        ("planned", {}, "did you mean 'planted'"),
        ("", {}, "kind: expected one of"),
        ("noise", {"net_sharpe": 4}, "options of a noise world among drift_sharpe"),
        ("planted", {"net_sharp": 4}, "did you mean 'net_sharpe'"),
        ("planted", {"setting": 4}, "options of a planted world"),
        ("noise", {"seed": -1}, "seed: expected a whole number"),
        ("noise", {"seed": 1.5}, "seed: expected a whole number"),
        ("noise", {"symbols": 0}, "symbols: expected a whole number from 1"),
        ("noise", {"symbols": True}, "symbols: expected a whole number from 1"),
        ("noise", {"bars": 29}, "bars: expected a whole number from 30"),
        ("noise", {"bars": 10**9}, "bars: expected a whole number from 30"),
        ("noise", {"drift_sharpe": np.inf}, "drift_sharpe: expected a finite number"),
        ("noise", {"drift_sharpe": 99}, "drift_sharpe: expected -10 to 10"),
    ],
)
def test_wrong_arguments_are_refused(kind, arguments, says):
    with pytest.raises(UsageError, match=says):
        make_world(kind, **{"seed": 1, **arguments})


def test_seeds_are_written_ranges_that_do_not_overlap():
    used = [seeds(purpose, 900) for purpose in ("development", "test", "benchmark")]
    assert len(set().union(*used)) == 3 * 900
    assert seeds("benchmark", 300) == range(10_000, 10_300)
    with pytest.raises(UsageError, match="count: expected 1 to 1000"):
        seeds("test", 1_001)
    with pytest.raises(UsageError, match="purpose: expected one of"):
        seeds("lucky", 3)
