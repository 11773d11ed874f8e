import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from edgekeeper.trade.strategies import crossings, freqtrade_names

PAGE = (Path(__file__).parents[3] / "docs" / "strategies.md").read_text()
LINE = pd.Series([1.0, 2.0, 2.0, 3.0, 1.0])


@pytest.mark.parametrize("level", [2.0, 2, np.full(5, 2.0), pd.Series(np.full(5, 2.0))])
def test_crossings_by_hand(level):
    assert crossings.crossed_above(LINE, level).tolist() == [False, False, False, True, False]
    assert crossings.crossed_below(LINE, level).tolist() == [False, False, False, False, True]
    assert crossings.crossed(LINE, level).tolist() == [False, False, False, True, True]
    assert crossings.crossed(LINE, level, "below").sum() == 1
    assert crossings.crossed_above(LINE.to_numpy(), level).sum() == 1


def test_averaged_candles_by_hand():
    bars = pd.DataFrame(
        {"open": [1.0, 3.0], "high": [4.0, 5.0], "low": [1.0, 2.0], "close": [2.0, 2.0]}
    )
    found = crossings.heikinashi(bars)
    assert found["close"].tolist() == [2.0, 3.0]
    assert found["open"].tolist() == [1.5, 1.75]
    assert found["high"].tolist() == [4.0, 5.0]
    assert found["low"].tolist() == [1.0, 1.75]


def test_bands_take_the_deviation_of_a_sample():
    bands = crossings.bollinger_bands(LINE, window=3, stds=2)
    assert bands["upper"].iloc[-1] == pytest.approx(2.0 + 2.0)
    assert bands["lower"].iloc[-1] == pytest.approx(2.0 - 2.0)


def test_windows_and_means():
    assert crossings.rolling_max(LINE, 2).tolist()[1:] == [2.0, 2.0, 3.0, 3.0]
    assert crossings.rolling_min(LINE, 2).tolist()[1:] == [1.0, 2.0, 2.0, 1.0]
    assert crossings.sma(LINE, 5).iloc[-1] == pytest.approx(1.8)
    assert crossings.wma(LINE, 2).iloc[1] == pytest.approx((1 + 3 * 2) / 4)


def test_the_page_names_what_can_be_imported():
    (row,) = re.findall(r"\| There to import \| (.*) \|", PAGE)
    for name in crossings.__all__:
        assert f"`{name}`" in row, name
    with freqtrade_names.freqtrade_names():
        from freqtrade.strategy import (
            BooleanParameter,
            CategoricalParameter,
            DecimalParameter,
            IntParameter,
            IStrategy,
            RealParameter,
        )

        assert DecimalParameter(0, 1, default=0.12345, decimals=3).value == 0.123
        assert IntParameter(1, 9, default=3, space="buy").range == [3]
        assert CategoricalParameter(["a", "b"], default="b").value == "b"
        assert BooleanParameter(default=True).value is True
        assert RealParameter(0, 1, default=0.5).value == 0.5
        assert IStrategy().informative_pairs() == []
