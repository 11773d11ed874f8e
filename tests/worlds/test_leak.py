"""The leaking column: the future under its false stamp, only the past under its honest one."""

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.worlds import make_world
from edgekeeper.worlds.leak import COLUMN

SYMBOLS, BARS, AHEAD = 3, 200, 5


def both():
    return [
        make_world("leak", seed=1_000, symbols=SYMBOLS, bars=BARS, declared=d, horizon=AHEAD)
        for d in ("on_time", "late")
    ]


def test_the_false_stamp_shows_the_future_and_the_honest_one_the_past():
    on_time, late = both()
    np.testing.assert_array_equal(on_time.bars.close, late.bars.close)
    close = on_time.bars.close.reshape(BARS, SYMBOLS)
    moved = close[AHEAD:] / close[:-AHEAD] - 1
    leaking = on_time.bars.context[COLUMN].reshape(BARS, SYMBOLS)
    honest = late.bars.context[COLUMN].reshape(BARS, SYMBOLS)
    np.testing.assert_array_equal(leaking[:-AHEAD], moved)
    np.testing.assert_array_equal(honest[AHEAD:], moved)
    assert np.isnan(leaking[-AHEAD:]).all()
    assert np.isnan(honest[:AHEAD]).all()


@pytest.mark.parametrize("stamp", ["known_time", "claimed_known_time"])
def test_facts_joined_by_a_stamp_give_the_column_of_that_declaration(stamp):
    on_time, late = both()
    world = late if stamp == "known_time" else on_time
    assert on_time.facts.equals(late.facts)
    facts = world.facts.sort(stamp)
    rows = world.bars.to_polars().select("symbol")
    rows = rows.with_columns(time=world.bars.event_time)
    import polars as pl

    joined = rows.join(
        facts.select(pl.col(stamp).alias("time"), "symbol", "value"),
        on=["time", "symbol"],
        how="left",
        maintain_order="left",
    )
    column = joined["value"].fill_null(float("nan")).to_numpy()
    np.testing.assert_array_equal(column, world.bars.context[COLUMN])


def test_the_honest_column_is_the_same_whatever_comes_later():
    _, late = both()
    facts = late.facts.filter(late.facts["known_time"] <= late.bars.instants[100])
    assert facts["event_time"].max() == late.bars.instants[100 - AHEAD]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"declared": "onn_time"}, "did you mean 'on_time'"),
        ({"declared": 1}, "declared: expected text"),
        ({"horizon": 0}, "horizon: expected 1 to"),
        ({"horizon": 1.5}, "horizon: expected 1 to"),
        ({"horizon": 10_000}, "horizon: expected 1 to"),
    ],
)
def test_impossible_options_are_refused(options, says):
    with pytest.raises(UsageError, match=says):
        make_world("leak", seed=1, **options)
