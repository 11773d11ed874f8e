"""``BarSeries``: one symbol at one interval, bar after bar: features, brackets, outcomes."""

import bisect
import math
from array import array
from dataclasses import dataclass

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.features import FeatureSet
from edgekeeper.fills import EXIT_REASONS, Costs
from edgekeeper.labels.record import NEVER
from edgekeeper.labels.signal_barriers import label_signals
from edgekeeper.sidecar.market import Seen
from edgekeeper.sidecar.messages import Side
from edgekeeper.types import LONG, SHORT

__all__ = ["KEPT", "BarSeries", "Ended", "Ohlcv", "bar_features"]

Ohlcv = tuple[float, float, float, float, float]
"""Open, high, low, close, volume; NaN: not known."""

_VOLATILITY = "predicted_volatility"
_COLUMNS = ("open", "high", "low", "close", "volume")
KEPT = 4_000
"""Bars of a symbol that are kept at least, where so many have come."""

_SPARE = 1_000

_STALE_INTERVALS = 3
_CHOSEN = (
    "rsi_14", "macd_histogram", "ema_9_21", "sma_50_distance", "adx_14", "stoch_k", "cci_20",
    "bollinger_position", "bollinger_width", "realised_20", "volatility_ratio", "volume_ratio_20",
    "vwap_20_distance", "ret_1", "ret_5", "ret_20", "close_rank_20", "close_rank_60", "drawdown_60",
    "up_share_20",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """How bars say that a trade ended."""

    closed_ns: int
    net_return: float
    reason: str


def bar_features(config: Config) -> FeatureSet:
    """Return what a model is told of the bars before a signal, and the volatility of brackets."""
    every = FeatureSet.from_catalogue("technical", "volatility", "volume", "returns")
    chosen = FeatureSet({name: every.expressions[name] for name in _CHOSEN})
    return chosen.with_(_VOLATILITY, config.labels.volatility)


class BarSeries:
    """Bars of one symbol in the order of time, the newest few thousand of them.

    Parameters
    ----------
    symbol : str
    interval_ns : int
    features : FeatureSet
        Of :func:`bar_features`.
    config : Config
        Its ``labels`` and ``costs``.
    """

    def __init__(self, symbol: str, interval_ns: int, features: FeatureSet, config: Config) -> None:
        self.symbol, self.interval_ns, self._config = symbol, interval_ns, config
        self._stream = features.stream((symbol,))
        self._names = features.names
        # Numbers one after the other: a thousand bars as objects would be a megabyte.
        self._times: array[int] = array("q")
        self._bars: array[float] = array("d")
        self._rows: array[float] = array("d")

    @property
    def last_ns(self) -> int:
        """When its newest bar closed; 0: there is none."""
        return self._times[-1] if self._times else 0

    def add(self, time_ns: int, bar: Ohlcv) -> bool:
        """Take a bar after all others; return False for one that is not."""
        if time_ns <= self.last_ns:
            return False
        values = dict(zip(_COLUMNS, bar, strict=True))
        inputs = np.array([[values[name]] for name in self._stream.columns])
        self._times.append(time_ns)
        self._bars.extend(bar)
        self._rows.extend(self._stream.push(inputs)[0].tolist())
        if len(self._times) > KEPT + _SPARE:
            del self._times[:_SPARE]
            del self._bars[: _SPARE * len(_COLUMNS)]
            del self._rows[: _SPARE * len(self._names)]
        return True

    def before(self, time_ns: int) -> Seen:
        """Say what was known at the last close at or before an instant."""
        place = bisect.bisect_right(self._times, time_ns) - 1
        if place < 0 or time_ns - self._times[place] > _STALE_INTERVALS * self.interval_ns:
            return Seen()
        known = dict(zip(self._names, self._row(place), strict=True))
        volatility = known.pop(_VOLATILITY)
        features = {name: value for name, value in known.items() if not math.isnan(value)}
        if not volatility > 0.0:
            return Seen(features)
        labels = self._config.labels
        distance = volatility * math.sqrt(labels.horizon_bars)
        close = self._bars[place * len(_COLUMNS) + _COLUMNS.index("close")]
        stop, target = labels.stop * distance, labels.target * distance
        return Seen(features, True, close, stop, target)

    def _row(self, place: int) -> "array[float]":
        width = len(self._names)
        return self._rows[place * width : (place + 1) * width]

    def ended(self, time_ns: int, side: Side, *, by_time: bool) -> Ended | None:
        """Say how a trade that was decided at an instant ended; None: the bars do not say yet.

        Parameters
        ----------
        by_time : bool
            Only once its time barrier is past too.
        """
        place = bisect.bisect_right(self._times, time_ns) - 1
        seen = self.before(time_ns)
        horizon = self._config.labels.horizon_bars
        if place < 0 or seen.stop_distance is None or seen.target_distance is None:
            return None
        if by_time and len(self._times) - 1 - place < horizon:
            return None
        part = slice(place, place + horizon + 2)
        width = len(_COLUMNS)
        columns = np.array(self._bars[part.start * width : part.stop * width]).reshape(-1, width)
        bars = Bars.from_arrays(
            symbol=[self.symbol] * len(columns),
            event_time=np.array(self._times[part], dtype=np.int64),
            open=columns[:, 0],
            high=columns[:, 1],
            low=columns[:, 2],
            close=columns[:, 3],
        )
        found = label_signals(
            bars, np.array([0]), np.array([LONG if side == "long" else SHORT]),
            stop=np.array([seen.stop_distance]), target=np.array([seen.target_distance]),
            horizon=np.array([horizon]), costs=Costs(**self._config.costs.model_dump()),
        )  # fmt: skip
        if int(found.known_time[0]) >= NEVER:
            return None
        reason = EXIT_REASONS[int(found.exit_reason[0])]
        return Ended(int(found.known_time[0]), float(found.net_return[0]), reason)
