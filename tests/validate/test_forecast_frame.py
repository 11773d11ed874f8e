"""Anyone's forecasts: what is read, what is set aside, what is refused."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData
from edgekeeper.validate import read_forecasts
from edgekeeper.worlds import make_world

BARS = make_world("noise", seed=3, symbols=2, bars=60).bars


def frame(**columns):
    base = BARS.to_polars().select("timestamp", "symbol", side=pl.lit("long"))
    return base.with_columns(probability=pl.lit(0.6)).with_columns(**columns)


def test_rows_find_their_bars_in_any_order():
    rng = np.random.default_rng(0)
    given = frame(probability=pl.Series(rng.random(len(BARS))))
    straight, shuffled = (read_forecasts(f, BARS) for f in (given, given.sample(
        fraction=1.0, shuffle=True, seed=1)))  # fmt: skip
    np.testing.assert_array_equal(straight.probability, shuffled.probability)
    np.testing.assert_array_equal(straight.probability[:, 0], given["probability"].to_numpy())
    assert np.isnan(straight.probability[:, 1]).all()
    assert straight.first_ns == BARS.event_time[0]


@pytest.mark.parametrize("convert", [pl.DataFrame.to_pandas, pl.DataFrame.to_arrow])
def test_any_frame_will_do(convert):
    np.testing.assert_array_equal(
        read_forecasts(convert(frame()), BARS).probability,
        read_forecasts(frame(), BARS).probability,
    )


def test_another_zone_is_the_same_instant():
    there = frame().with_columns(pl.col("timestamp").dt.convert_time_zone("America/New_York"))
    np.testing.assert_array_equal(
        read_forecasts(there, BARS).probability, read_forecasts(frame(), BARS).probability
    )


@pytest.mark.parametrize("kind", [pl.Date, pl.String])
def test_a_bare_date_is_that_days_bar(kind):
    dated = frame().with_columns(pl.col("timestamp").dt.date().cast(kind))
    assert np.isfinite(read_forecasts(dated, BARS).probability[:, 0]).all()


def test_a_bare_date_beside_bars_of_midnight_is_refused():
    """The midnight that begins the day would be taken: a forecast judged on what it has seen."""
    moved = BARS.to_polars().drop("known_time")
    late = Bars.from_frame(moved.with_columns(pl.col("timestamp") + timedelta(hours=3)))
    dated = frame().with_columns(pl.col("timestamp").dt.date())
    with pytest.raises(BadData, match="does not say which one"):
        read_forecasts(dated, late)


def test_bars_and_forecasts_with_the_same_dates_agree():
    dated = frame().with_columns(pl.col("timestamp").dt.date())
    days = BARS.to_polars().drop("known_time").with_columns(pl.col("timestamp").dt.date())
    read = read_forecasts(dated, Bars.from_frame(days), dates_as_bars=True)
    assert np.isfinite(read.probability[:, 0]).all()


def test_a_missing_probability_abstains_and_is_said():
    given = frame(probability=pl.when(pl.int_range(pl.len()) < 10).then(None).otherwise(0.6))
    read = read_forecasts(given, BARS)
    assert np.isnan(read.probability[:, 0]).sum() == 10
    assert any("10 forecasts have no probability" in note for note in read.notes)


def test_a_few_rows_without_a_bar_are_set_aside_and_counted():
    stray = frame().head(5).with_columns(symbol=pl.lit("ELSEWHERE"))
    read = read_forecasts(pl.concat([frame(), stray]), BARS)
    assert any("5 of 125 forecasts were set aside" in note for note in read.notes)


def test_labels_of_their_own_come_along():
    read = read_forecasts(frame(component=pl.lit("news"), source=pl.lit("desk")), BARS)
    assert set(read.tags) == {"component", "source"}
    assert (read.tags["component"][:, 0] == "news").all()
    assert read.tags["component"][0, 1] is None


EARLIER = (pl.col("timestamp") - timedelta(hours=5)).alias("timestamp")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (frame().head(0), "empty frame"),
        (frame().drop("side"), "expected a column 'side'"),
        (frame().rename({"probability": "probabilty"}), "did you mean 'probabilty'"),
        (frame(probability=pl.lit(60.0)), "per cent have to be divided by 100"),
        (frame(probability=pl.lit(-0.01)), "from 0 to 1, got 120 outside"),
        (frame(probability=pl.lit(float("inf"))), "from 0 to 1"),
        (frame(probability=pl.lit("high")), "expected numbers in 'probability'"),
        (frame(probability=pl.lit(float("nan"))), "at least one forecast with a probability"),
        (frame(side=pl.lit("down")), "expected long or short"),
        (frame(side=pl.lit(None, dtype=pl.String)), "expected a side in every row"),
        (frame(symbol=pl.lit(None, dtype=pl.String)), "expected a symbol in every row"),
        (frame(timestamp=pl.lit(None, dtype=pl.Datetime("ns", "UTC"))), "time in every row"),
        (frame(timestamp=pl.lit(17)), "bare numbers"),
        (frame().with_columns(EARLIER), "5 h after: is it another time zone"),
        (frame(symbol=pl.lit("ELSEWHERE")), "120 of 120 that match none"),
        (pl.concat([frame(), frame()]), "120 sides with several"),
        (frame(known_time=pl.col("timestamp") + timedelta(minutes=1)), "120 known later"),
        (frame().lazy(), "collect a lazy one"),
        (None, "expected a Polars, pandas or Arrow frame"),
        ([0.5], "expected a Polars, pandas or Arrow frame"),
    ],
)
def test_what_cannot_be_a_forecast_is_refused(given, words):
    with pytest.raises(BadData, match=words):
        read_forecasts(given, BARS)


def test_a_revised_forecast_is_refused_even_if_only_one_row_has_it():
    revised = pl.concat([frame(), frame(probability=pl.lit(0.9)).head(1)])
    with pytest.raises(BadData, match=r"1 sides with several, first .* may have seen the outcome"):
        read_forecasts(revised, BARS)
