"""What the market looked like when a trade was decided, in the indicators people know by name.

For reading only: no model sees these columns. They are those of the default technical set-up,
whatever features the models of a run were given.
"""

from functools import cached_property

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.features import FeatureSet
from edgekeeper.ledger import Transaction
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
_IN_PRICE = ("macd", "macd_signal", "ema9", "ema21")
_VIX = ("VIX.close", "VIX")
_HOUR_NS = 3600 * 10**9


class KnownTerms:
    """Indicators of all bars, computed when the first trade closes.

    Parameters
    ----------
    bars : Bars
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars

    @cached_property
    def _values(self) -> Float64Array:
        values: Float64Array = FeatureSet(_EXPRESSIONS).matrix(self._bars, np.float64)
        return values

    def write(
        self, tx: Transaction, account: str, rows: Int64Array, exits: Int64Array, sides: object
    ) -> None:
        """Append one row for each closed trade.

        Parameters
        ----------
        rows : int64 [n]
            Bars that the trades were decided on, in canonical order of the bars.
        exits : int64 [n]
            When each ended, nanoseconds UTC.
        sides : object [n]
        """
        bars = self._bars
        decided = bars.event_time[rows]
        terms = dict(zip(_EXPRESSIONS, self._values[rows].T, strict=True))
        for name in _IN_PRICE:
            terms[name] = terms[name] / bars.adjustment[rows]  # as quoted then
        vix = next((bars.context[name] for name in _VIX if name in bars.context), None)
        tx.append(
            "trade_features",
            {
                "decision_time_ns": decided,
                "exit_time_ns": exits,
                "account": account,
                "symbol": np.array(bars.symbols, dtype=object)[bars.symbol[rows]],
                "side": sides,
                **terms,
                "vix_level": None if vix is None else vix[rows],
                "time_of_day": decided % (24 * _HOUR_NS) / _HOUR_NS,
                "day_of_week": (decided // (24 * _HOUR_NS) + 3) % 7,
            },
        )
