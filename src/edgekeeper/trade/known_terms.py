"""What the market looked like when a trade was decided, in the indicators people know by name.

For reading only: no model sees these columns. They are those of the default technical set-up,
whatever features the models of a run were given.
"""

from collections.abc import Sequence

import numpy as np

from edgekeeper.features import FeatureSet, GrowingMatrix
from edgekeeper.ledger import Drafts
from edgekeeper.simulator import MarketFeed
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["KnownTerms"]

_EXPRESSIONS = {
    "rsi": "rsi(close, 14)",
    "macd": "macd()",
    "macd_signal": "macd_signal()",
    "adx": "adx(14)",
    "volume_ratio": "volume / mean(volume, 20)",
    "vwap_distance": "close / vwap(20) - 1",
    "ema9": "ema(close, 9)",
    "ema21": "ema(close, 21)",
}
_SWING = "std(logret(close), 20) / std(logret(close), 100)"
_SPY = ("SPY.close", "SPY")
_VOLATILE, _TRENDING = 1.3, 25.0  # swing against its own usual one; ADX
_IN_PRICE = ("macd", "macd_signal", "ema9", "ema21")
_VIX = ("VIX.close", "VIX")
_HOUR_NS = 3600 * 10**9


class KnownTerms:
    """Indicators of all bars, computed when a trade closes.

    Parameters
    ----------
    feed : MarketFeed
    keep : int, optional
        Newest rows that stay in memory; None: all. Those of a trade that was open for longer are
        computed again.
    """

    def __init__(self, feed: MarketFeed, keep: int | None = None) -> None:
        self._feed = feed
        expressions = {**_EXPRESSIONS, "swing": _SWING}
        spy = next((name for name in _SPY if name in feed.bars.context), None)
        if spy is not None:
            price = f'column("{spy}")'
            expressions |= {"spy": f"{price} + 0"}
            expressions |= {f"spy{bars}": f"mean({price}, {bars})" for bars in (20, 50)}
        self._matrix = GrowingMatrix(FeatureSet(expressions), np.float64, keep)

    def _known(self, rows: Int64Array) -> dict[str, Float64Array]:
        values = self._matrix.of(self._feed.bars)[rows]
        return dict(zip(self._matrix.features.names, values.T, strict=True))

    def write(
        self,
        drafts: Drafts,
        account: str,
        rows: Int64Array,
        exits: Int64Array,
        sides: Sequence[str],
        counts: Sequence[int],
    ) -> None:
        """Append one row for each closed trade.

        Parameters
        ----------
        rows : int64 [n]
            Bars that the trades were decided on, in canonical order of the bars.
        exits : int64 [n]
            When each ended, nanoseconds UTC.
        sides : sequence of str, [n]
        counts : sequence of int
            Trades of each link.
        """
        bars = self._feed.bars
        decided = bars.event_time[rows]
        known = self._known(rows)
        terms = {name: known[name] for name in _EXPRESSIONS}
        for name in _IN_PRICE:
            terms[name] = terms[name] / bars.adjustment[rows]  # as quoted then
        vix = next((bars.context[name] for name in _VIX if name in bars.context), None)
        drafts.append(
            "trade_features",
            {
                "decision_time_ns": decided,
                "exit_time_ns": exits,
                "account": [account] * len(rows),
                "symbol": [bars.symbols[symbol] for symbol in bars.symbol[rows].tolist()],
                "side": sides,
                **terms,
                "spy_trend": _trend(known) if "spy" in known else None,
                "vix_level": None if vix is None else vix[rows],
                "market_regime": [
                    _regime(swing, adx)
                    for swing, adx in zip(known["swing"], known["adx"], strict=True)
                ],
                "time_of_day": decided % (24 * _HOUR_NS) / _HOUR_NS,
                "day_of_week": (decided // (24 * _HOUR_NS) + 3) % 7,
            },
            counts,
        )


def _trend(known: dict[str, Float64Array]) -> list[str | None]:
    """Say on which side of its averages of 20 and 50 bars SPY is, if both agree."""
    words: list[str | None] = []
    for now, short, long in zip(known["spy"], known["spy20"], known["spy50"], strict=True):
        if not np.isfinite([now, short, long]).all():
            words.append(None)
        else:
            words.append(
                "bullish" if now > short > long else "bearish" if now < short < long else "neutral"
            )
    return words


def _regime(swing: float, adx: float) -> str | None:
    """Name what a market did: swung more than it uses to, went somewhere, or neither."""
    if not np.isfinite([swing, adx]).all():
        return None
    return "volatile" if swing > _VOLATILE else "trending" if adx > _TRENDING else "ranging"
