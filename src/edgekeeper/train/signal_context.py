"""What was known of the signals when a bar closed: columns ``signal.*`` from labels by known time.

A signal is what the rules propose. Every one has an outcome, taken or not, and an outcome enters
at the instant it could first be read. Nothing here looks at an account, so training, replay and a
server that is fed the same bars see the same numbers.
"""

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import LineConfig
from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet
from edgekeeper.labels import Labels
from edgekeeper.types import LONG, SHORT, Float64Array, Int8Array, Int64Array

__all__ = ["CONFIRMATIONS", "join_signals", "wants_signals"]

CONFIRMATIONS = (
    "sign(rsi(close, 14) - 50)",
    "sign(macd_histogram())",
    "sign(plus_di(14) - minus_di(14))",
    "sign(ema(close, 9) - ema(close, 21))",
    "sign(close - sma(close, 50))",
)
"""Each agrees with a signal where it has the signal's sign."""

_CONFIDENCE = "signal.confidence"
_DAY_NS = 86_400 * 10**9
_RECENT = 20


def wants_signals(line: LineConfig) -> bool:
    """Whether a recipe reads columns ``signal.*``."""
    own = any("signal." in text for text in line.extra_features.values())
    return own or "signal_context" in line.features


def join_signals(bars: Bars, side: Int8Array, labels: Labels) -> Bars:
    """Add columns ``signal.*``; those that the bars bring along are kept as they are.

    - ``is_long``: 1 if the symbol's newest signal is long, 0 if it is short.
    - ``confirmations``: how many of :data:`CONFIRMATIONS` agree with it now.
    - ``age_days``: days since it was given.
    - ``win_rate_7d``: share that earned money, after costs, of all symbols' signals whose outcome
      became known in the last seven days.
    - ``win_rate_20``, ``net_return_20``: the same share, and the mean net return, of the last 20
      whose outcome is known.
    - ``forecast_mean_20``, ``forecast_error_20``, where the bars bring ``signal.confidence``, the
      chance that the source itself states: its mean over the last 20 signals, and its mean excess
      over what became of the last 20 whose outcome is known.

    NaN where there is none yet.

    Parameters
    ----------
    bars : Bars
    side : int8 [N]
        Signals: 1 long, -1 short, 0 none.
    labels : Labels
        Outcomes of both sides of these bars.

    Raises
    ------
    UsageError
        Not one side a bar.
    """
    if side.shape != (len(bars),):
        raise UsageError(f"expected one side for each of {len(bars)} bars, got {side.shape}")
    newest = _newest_signal(bars, side)
    given = newest >= 0
    now = side[newest].astype(np.float64)
    age = (bars.event_time - bars.event_time[newest]) / _DAY_NS
    agreeing = FeatureSet({f"c{k}": text for k, text in enumerate(CONFIRMATIONS)})
    signs = agreeing.matrix(bars, np.float64)
    confirmed = np.where(np.isnan(signs).any(axis=1), np.nan, (signs == now[:, None]).sum(axis=1))
    columns = {
        "signal.is_long": np.where(given, (now > 0.0).astype(np.float64), np.nan),
        "signal.confirmations": np.where(given, confirmed, np.nan),
        "signal.age_days": np.where(given, age, np.nan),
        **_track_record(bars, side, labels),
    }
    return replace(bars, context=MappingProxyType({**columns, **bars.context}))


def _newest_signal(bars: Bars, side: Int8Array) -> Int64Array:
    """Row of each symbol's newest signal up to each row; -1 before the first."""
    order = bars.by_symbol
    place = np.where(side[order] != 0, np.arange(len(order)), -1)
    newest = np.maximum.accumulate(place)
    first = bars.symbol_offsets[bars.symbol[order]]
    rows = np.empty(len(bars), dtype=np.int64)
    rows[order] = np.where(newest >= first, order[newest], -1)
    return rows


def _track_record(bars: Bars, side: Int8Array, labels: Labels) -> dict[str, Float64Array]:
    """What the signals came to, as known at each bar's close."""
    rows = np.flatnonzero(side != 0)
    column = np.where(side[rows] > 0, LONG, SHORT)
    net, known = labels.net_return[rows, column], labels.known_time[rows, column]
    order = np.argsort(known, kind="stable")  # of one instant, those decided first come first
    order = order[np.isfinite(net[order])]
    net, known = net[order], known[order]
    stop = np.searchsorted(known, bars.event_time, side="right")
    week = np.searchsorted(known, bars.event_time - 7 * _DAY_NS, side="right")
    wins = (net > 0.0).astype(np.float64)
    found = {
        "signal.win_rate_7d": _share_between(wins, week, stop),
        "signal.win_rate_20": _mean_of_last(wins, stop),
        "signal.net_return_20": _mean_of_last(net, stop),
    }
    if _CONFIDENCE in bars.context:
        said = bars.context[_CONFIDENCE][rows]
        spoken = np.isfinite(said)
        so_far = np.searchsorted(bars.event_time[rows[spoken]], bars.event_time, side="right")
        found["signal.forecast_mean_20"] = _mean_of_last(said[spoken], so_far)
        error = said[order] - wins
        checked = np.isfinite(error)
        by_then = np.searchsorted(known[checked], bars.event_time, side="right")
        found["signal.forecast_error_20"] = _mean_of_last(error[checked], by_then)
    return found


def _share_between(values: Float64Array, first: Int64Array, stop: Int64Array) -> Float64Array:
    """Mean of whole numbers ``first:stop`` for each pair, exact; NaN of none."""
    total = np.concatenate(([0.0], np.cumsum(values)))
    count = stop - first
    found: Float64Array = np.full(len(stop), np.nan)
    some = count > 0
    found[some] = (total[stop[some]] - total[first[some]]) / count[some]
    return found


def _mean_of_last(values: Float64Array, stop: Int64Array) -> Float64Array:
    """Mean of the last 20 before each ``stop``, each added up anew: the start leaves no trace."""
    padded = np.concatenate((np.zeros(_RECENT), values))
    total = np.zeros(len(values) + 1)
    for age in range(_RECENT):
        total += padded[age : age + len(total)]
    means = total / np.clip(np.arange(len(total)), 1, _RECENT)
    found: Float64Array = np.where(stop > 0, means[stop], np.nan)
    return found
