"""Columns of an exchange's sessions, against its calendar read day by day."""

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet, catalogue
from edgekeeper.market import HOURS, join_hours


def at(*stamps, symbol="IBM", place="auto"):
    """Bars of one symbol that close at these instants, with the columns of its hours."""
    times = np.array(stamps, dtype="datetime64[ns]").astype(np.int64)
    ones = np.ones(len(times))
    bars = Bars.from_arrays(
        symbol=[symbol] * len(times), event_time=times, open=ones, high=ones, low=ones, close=ones
    )
    return join_hours(bars, place)


def column(bars, name):
    return bars.context[f"venue.{name}"].tolist()


def test_half_days_close_early_and_say_so():
    day, eve = "2024-11-27T", "2024-11-29T"  # New York is five hours behind UTC
    bars = at(f"{day}15:30", f"{day}21:00", f"{eve}15:30", f"{eve}18:00")
    assert column(bars, "half_day") == [0, 0, 1, 1]
    assert column(bars, "minutes_to_close") == [330, 0, 150, 0]
    assert column(bars, "session_part") == pytest.approx([60 / 390, 1, 60 / 210, 1])


def test_holidays_before_and_after():
    bars = at("2024-12-23T21:00", "2024-12-24T18:00", "2024-12-26T21:00", "2024-12-31T21:00")
    assert column(bars, "days_to_holiday") == [2, 1, 6, 1]
    assert column(bars, "days_after_holiday") == [25, 26, 1, 6]  # Thanksgiving, Christmas


def test_a_closing_nobody_could_foresee_is_known_only_afterwards():
    bars = at("2001-09-10T20:00", "2001-09-17T20:00", "2012-10-26T20:00", "2012-10-31T20:00")
    assert column(bars, "days_to_holiday") == [73, 66, 27, 22]  # Thanksgiving each time
    assert column(bars, "days_after_holiday")[1::2] == [3, 1]


def test_bars_outside_the_session_belong_to_one():
    bars = at("2024-07-01T12:00", "2024-07-01T13:30", "2024-07-01T22:00", "2024-07-02T09:00")
    number = column(bars, "session")
    assert number[1] == number[2] == number[0]
    assert number[3] == number[0] + 1
    assert column(bars, "session_part") == [0, 0, 1, 0]
    assert column(bars, "minutes_to_close") == [390, 390, 0, 390]


def test_a_session_that_crosses_midnight_in_utc_stays_one():
    """Sydney in summer trades from 23:00 to 05:00 UTC."""
    bars = at("2024-01-10T23:30", "2024-01-11T01:00", "2024-01-11T05:00", symbol="IOZ.AX")
    assert len(set(column(bars, "session"))) == 1
    assert column(bars, "minutes_to_close") == [330, 240, 0]


@pytest.mark.parametrize(("symbol", "minutes"), [("BTC/USD", 360), ("EURUSD", 180 + 2 * 1440)])
def test_round_the_clock(symbol, minutes):
    bars = at("2024-01-10T18:00", "2024-01-13T00:00", symbol=symbol)
    assert column(bars, "minutes_to_close")[0] == minutes + (symbol == "EURUSD") * 60
    assert column(bars, "half_day") == [0, 0]
    assert np.isnan(column(bars, "days_to_holiday")).all()
    session = column(bars, "session")
    assert session[1] == session[0] + 2  # what closes at midnight belongs to the day that ends


def test_every_symbol_has_its_own_exchange():
    times = np.array(["2024-07-04T15:00"] * 2, dtype="datetime64[ns]").astype(np.int64)
    ones = np.ones(2)
    bars = Bars.from_arrays(
        symbol=["BTC/USD", "IBM"], event_time=times, open=ones, high=ones, low=ones, close=ones
    )
    holiday = join_hours(bars)
    assert column(holiday, "minutes_to_close") == [540, 390]  # the next session's, before it
    assert join_hours(bars, "24/7").context["venue.minutes_to_close"].tolist() == [540, 540]
    with pytest.raises(UsageError, match="is there already"):
        join_hours(holiday)
    with pytest.raises(UsageError, match="did you mean"):
        join_hours(bars, "XNYX")


def test_the_future_of_the_bars_changes_nothing():
    stamps = np.arange("2023-11-01T15:00", "2024-02-01T15:00", 90, dtype="datetime64[m]")
    whole, part = at(*stamps, place="XNYS"), at(*stamps[:700], place="XNYS")
    for name in HOURS:
        assert column(whole, name)[:700] == column(part, name)


def test_features_of_the_exchange_and_their_key():
    stamps = np.arange("2024-11-25T15:00", "2024-12-04T22:00", 30, dtype="datetime64[m]")
    bars = at(*stamps, place="XNYS")
    features = FeatureSet.from_catalogue("venue")
    assert len(features) == len(catalogue("venue"))
    table = features.matrix(bars)
    assert not np.isnan(table[-40:, :6]).any()
    assert features.check(bars).rows == len(bars)
