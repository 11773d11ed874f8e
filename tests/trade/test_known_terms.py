import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.ledger import Ledger
from edgekeeper.simulator import MarketFeed
from edgekeeper.trade.known_terms import KnownTerms


def terms_of(close, context=None):
    """Trade features as if a trade had been decided at every bar."""
    close = np.asarray(close, float)
    days = np.datetime64("2024-01-01", "ns") + np.arange(len(close)) * np.timedelta64(1, "D")
    bars = Bars.from_arrays(
        symbol=["A"] * len(close),
        event_time=days.astype(np.int64),
        open=close,
        high=close * 1.001,
        low=close * 0.999,
        close=close,
        volume=np.full(len(close), 1e3),
        context=context,
    )
    with Ledger.open("sqlite://") as ledger:
        rows, sides = np.arange(len(bars)), ["long"] * len(bars)
        nothing = np.zeros(len(bars), np.int8)
        feed = MarketFeed(bars, np.full(len(bars), 0.01), nothing, max_age_ns=10**12)
        terms = KnownTerms(feed)
        ledger.gather("trade", lambda drafts, _: terms.write(
            drafts, "bot", rows, bars.event_time, sides, [len(bars)])).put(1, None)  # fmt: skip
        return ledger.read("trade_features")


def test_the_regime_is_named_once_it_is_known():
    """Quiet noise ranges, a steady climb trends, and a burst against a calm past is volatile."""
    noise = np.random.default_rng(3).standard_normal(400) * 0.002
    climb = np.where(np.arange(400) < 250, 0.0, 0.01)
    burst = np.where(np.arange(400) >= 370, 8.0, 1.0)
    ranging = terms_of(100 * np.exp(np.cumsum(noise) * 0 + noise))["market_regime"]
    assert ranging[:100].null_count() == 100
    assert ranging[101:].null_count() == 0
    assert set(ranging[150:].value_counts().sort("count", descending=True)[:1].to_series()) == {
        "ranging"
    }
    trending = terms_of(100 * np.exp(np.cumsum(noise + climb)))["market_regime"]
    assert set(trending[360:]) == {"trending"}
    volatile = terms_of(100 * np.exp(np.cumsum(noise * burst)))["market_regime"]
    assert set(volatile[385:]) == {"volatile"}


@pytest.mark.parametrize("name", ["SPY", "SPY.close"])
def test_spy_is_bullish_above_its_averages_and_unknown_without_it(name):
    close = 100 + np.sin(np.arange(200.0))
    spy = np.concatenate([np.linspace(400, 500, 100), np.linspace(500, 400, 100)])
    trend = terms_of(close, {name: spy})["spy_trend"]
    assert trend[:49].null_count() == 49
    assert set(trend[60:100]) == {"bullish"}
    assert set(trend[160:]) == {"bearish"}
    assert "neutral" in set(trend[100:160])
    assert terms_of(close)["spy_trend"].null_count() == 200
