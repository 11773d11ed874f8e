"""Which conditions a trade was made under: UTC, dates without a time, bounds of durations."""

import polars as pl

from edgekeeper.market.trade_records.record import make_record
from edgekeeper.validate.trade_conditions import trade_conditions

HOUR = 3_600 * 10**9
DAY = 24 * HOUR
MONDAY = 19_723 * DAY  # 2024-01-01


def conditions(entry, exit_, **columns):
    rows = {"symbol": ["A"] * len(entry), "entry_time": entry, "exit_time": exit_,
            "profit": [1.0] * len(entry), **columns}  # fmt: skip
    return trade_conditions(make_record(pl.DataFrame(rows), net=True, origin="test"))


def test_hours_weekdays_and_durations():
    entry = [MONDAY, MONDAY + DAY + 13 * HOUR]
    found = conditions(entry, [MONDAY + 10**9, MONDAY + 9 * DAY])
    assert found == {
        "hour": ["00:00", "13:00"],
        "weekday": ["Mon", "Tue"],
        "held": ["under 15 min", "1 to 4 weeks"],
    }


def test_bare_dates_have_no_hour_and_their_own_weekday():
    entry = [MONDAY + DAY, MONDAY + 2 * DAY]  # dates 1 and 2 January, stored as their ends
    found = conditions(entry, [t + 3 * DAY for t in entry])
    assert found == {"weekday": ["Mon", "Tue"]}


def test_what_never_differs_is_no_condition():
    assert "side" not in conditions([MONDAY, MONDAY + DAY], [MONDAY + DAY, MONDAY + 2 * DAY])
    found = conditions([MONDAY, MONDAY + 1], [MONDAY + DAY] * 2, side=["long", "short"])
    assert found["side"] == ["long", "short"]


def test_confidence_in_either_scale_falls_into_tenths():
    entry, exit_ = [MONDAY] * 4, [MONDAY + DAY] * 4
    for scale in (1.0, 100.0):
        said = [0.05 * scale, 0.61 * scale, 1.0 * scale, None]
        found = conditions(entry, exit_, confidence=said)["confidence"]
        assert found == ["0-10%", "60-70%", "90-100%", "unknown"]
    assert "confidence" not in conditions(entry, exit_, confidence=[-3.0, 0.2, 0.5, 0.9])


def test_regime_and_component_are_read_from_a_table(tmp_path):
    from edgekeeper.market.trade_records import read_trades

    path = tmp_path / "trades.csv"
    pl.DataFrame(
        {
            "exit_time": ["2024-01-02T10:00", "2024-01-03T10:00"],
            "profit": [1.0, -1.0],
            "Market Regime": ["trending", "volatile"],
            "component": ["news", "technical"],
            "AI confidence": [0.7, 0.2],
        }
    ).write_csv(path)
    found = trade_conditions(read_trades(str(path)))
    assert found["regime"] == ["trending", "volatile"]
    assert found["component"] == ["news", "technical"]
    assert found["confidence"] == ["70-80%", "20-30%"]
