import polars as pl
import pytest

from edgekeeper.errors import BadData
from edgekeeper.market.columns import read_number, recognise

NEEDED = ("time", "open", "high", "low", "close")


@pytest.mark.parametrize(
    "names",
    [
        ("Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"),
        ("timestamp", "open", "high", "low", "close", "adjClose", "volume"),
        ("DATETIME", "OPEN", "HIGH", "LOW", "CLOSE", "ADJ_CLOSE", "VOL"),
        ("t", "o", "h", "l", "c", "adjusted_close", "v"),
        ("open_time", "open", "high", "low", "close", "Adj. Close", "volume"),
        ("", "Open", "High", "Low", "Close", "Adj Close", "Volume"),
    ],
)
def test_usual_names(names):
    table = pl.DataFrame({name: ["1"] for name in names})
    found, note = recognise(table, "file", NEEDED)
    assert found.columns == ["time", "open", "high", "low", "close", "adj_close", "volume"]
    assert note == ""


def test_date_and_time_apart_are_joined():
    table = pl.DataFrame({"Date": ["2024-01-02"], "Time": ["09:30"], "Close": ["1"]})
    assert recognise(table, "file", ("time",))[0]["time"].to_list() == ["2024-01-02 09:30"]


def test_a_missing_column_is_named_with_what_is_there():
    table = pl.DataFrame({"Date": ["x"], "Clse": ["1"]})
    with pytest.raises(BadData, match=r"'close'.*did you mean 'clse'"):
        recognise(table, "file", ("time", "close"))


def test_numbers_missing_values_and_text_are_told_apart():
    column = pl.Series([" 1.5 ", "1e3", "", "null", "NaN", ".", None, "abc", "1,5", "0x10"])
    values, is_text = read_number(column)
    assert values.to_list() == [1.5, 1000.0, *[None] * 8]
    assert is_text.to_list() == [False] * 7 + [True] * 3
