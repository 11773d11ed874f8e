"""``MarketFeed``: bars with what is needed to decide on them, cut into chunks of instants."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import IN_MEMORY, Bars, GrowingArray, GrowingBars, Rooms
from edgekeeper.errors import BadData, UsageError
from edgekeeper.simulator.chunk import CLOSE, Chunk, fixed
from edgekeeper.types import BoolArray, Float64Array, Forecasts, Int8Array, Int64Array

__all__ = ["MarketFeed"]

_T = TypeVar("_T", bound=np.generic)
_NO_VOTES: Mapping[str, Int8Array] = MappingProxyType({})
_NO_PAIRS, _NO_NUMBERS = fixed(np.empty((0, 2))), fixed(np.empty(0))


class MarketFeed:
    """Bars with what is needed to decide on them, cut into chunks of instants.

    A replay gives it the whole history at once; live, :meth:`extend` adds what came.

    Parameters
    ----------
    bars : Bars
    volatility : float64 [N]
        Predicted standard deviation of the next bar's log return; NaN while warming up.
    rule : int8 [N]
        The rules' signal: +1 long, -1 short, 0 none.
    max_age_ns : int
        Bars known later than this after their close lead to no new entries.
    latency_ms : float64 [T], optional
        Recorded prediction latency of each instant; 0 where nothing was recorded.
    votes : mapping of name to int8 [N], optional
        What each of several strategies behind the rules' signal said itself.
    rooms : Rooms
        Where everything lies once it grows.

    Raises
    ------
    BadData
        Not one number a bar (an instant, for latencies); a negative or infinite volatility; a rule
        other than -1, 0, 1.
    """

    def __init__(
        self,
        bars: Bars,
        volatility: Float64Array,
        rule: Int8Array,
        *,
        max_age_ns: int,
        latency_ms: Float64Array | None = None,
        votes: Mapping[str, Int8Array] = _NO_VOTES,
        rooms: Rooms = IN_MEMORY,
    ) -> None:
        self.max_age_ns = max_age_ns
        self._bars = GrowingBars(bars, rooms)
        latencies, volatility, rule = _checked(bars, latency_ms, volatility, rule)
        self._latency_ms = GrowingArray(latencies, rooms)
        self._volatility = GrowingArray(volatility, rooms)
        self._rule = GrowingArray(rule, rooms)
        self._votes = {name: GrowingArray(vote, rooms) for name, vote in votes.items()}
        self._fresh = GrowingArray(self._in_time(bars), rooms)
        self._prices = GrowingArray(_adjusted_prices(bars), rooms)
        self._keys = GrowingArray(_sorted_keys(bars, 0), rooms)
        self._ones = fixed(np.ones(0, dtype=np.int8))
        self._zeros = fixed(np.zeros(0, dtype=np.uint16))
        self._view()

    def extend(
        self,
        bars: Bars,
        volatility: Float64Array,
        rule: Int8Array,
        latency_ms: Float64Array | None = None,
        votes: Mapping[str, Int8Array] = _NO_VOTES,
    ) -> None:
        """Take bars of later instants, with the same beside them.

        Raises
        ------
        BadData
            As for a new feed; or bars that do not come after those that are there.
        """
        latencies, volatility, rule = _checked(bars, latency_ms, volatility, rule)
        self._bars.append(bars)
        self._latency_ms.extend(latencies)
        self._volatility.extend(volatility)
        self._rule.extend(rule)
        for name, vote in self._votes.items():
            vote.extend(votes[name])
        self._fresh.extend(self._in_time(bars))
        self._prices.extend(_adjusted_prices(bars))
        self._keys.extend(_sorted_keys(bars, len(self.instants)))
        self._view()

    def _view(self) -> None:
        """Show all that is there."""
        bars = self.bars = self._bars.bars
        self.offsets = bars.instant_offsets
        self.instants = fixed(bars.instants)
        self.symbol = fixed(bars.symbol)
        self.latency_ms = fixed(self._latency_ms.view)
        self.volatility = fixed(self._volatility.view)
        self.rule = fixed(self._rule.view)
        self.votes = {name: vote.view for name, vote in self._votes.items()}
        self.fresh = fixed(self._fresh.view)
        self.prices = fixed(self._prices.view)

    def _in_time(self, bars: Bars) -> Int8Array:
        return (bars.known_time - bars.event_time <= self.max_age_ns).astype(np.int8)

    def note_latency(self, latency_ms: float) -> None:
        """Note how long the forecasts of the newest instant took."""
        self._latency_ms.replace_last(_floats("latency_ms", np.array([latency_ms]), 1))
        self.latency_ms = fixed(self._latency_ms.view)

    def rows_of(self, times: Int64Array, symbols: NDArray[np.integer[Any]]) -> Int64Array:
        """Row of the bar of each (instant, symbol), all of which are there, int64 ``[n]``."""
        keys = np.searchsorted(self.instants, times) * len(self.bars.symbols) + symbols
        return np.searchsorted(self._keys.view, keys).astype(np.int64)

    @property
    def close(self) -> Float64Array:
        """Adjusted closes, [N]."""
        return self.prices[:, CLOSE]

    def chunk(
        self,
        first: int,
        last: int,
        forecasts: Forecasts | None = None,
        by_model: BoolArray | None = None,
        policy: NDArray[np.uint16] | None = None,
    ) -> Chunk:
        """Instants ``first:last``; ``forecasts`` covers exactly their rows, or is absent.

        ``by_model`` says which of the rows a model decides, by default all; ``policy`` by which
        of the book's policies it does, by default the first.

        Raises
        ------
        UsageError
            Instants that are not there.
        BadData
            Another number of forecasts than rows.
        """
        if not 0 <= first <= last <= len(self.instants):
            raise UsageError(f"expected instants within 0:{len(self.instants)}, got {first}:{last}")
        start, stop = int(self.offsets[first]), int(self.offsets[last])
        rows = slice(start, stop)
        probability, expected, novelty = _NO_PAIRS, _NO_PAIRS, _NO_NUMBERS
        if forecasts is not None:
            n = stop - start
            probability = _floats("probability", forecasts.probability, n, 2)
            expected = _floats("expected_return", forecasts.expected_return, n, 2)
            novelty = _floats("novelty", forecasts.novelty, n)
        return Chunk(
            symbols=len(self.bars.symbols),
            offsets=(self.offsets[first : last + 1] - start).astype(np.uint64),
            time=self.instants[first:last],
            latency_ms=self.latency_ms[first:last],
            symbol=self.symbol[rows],
            prices=self.prices[rows],
            volatility=self.volatility[rows],
            probability=probability,
            expected=expected,
            novelty=novelty,
            rule=self.rule[rows],
            fresh=self.fresh[rows],
            by_model=self._everyone(stop - start)
            if by_model is None
            else fixed(_numbers("by_model", by_model.astype(np.int8), stop - start)),
            policy=self._nothing(stop - start)
            if policy is None
            else fixed(_numbers("policy", policy.astype(np.uint16), stop - start)),
        )

    def _everyone(self, rows: int) -> Int8Array:
        """Ones, as many as rows; made once."""
        if rows > len(self._ones):
            self._ones = fixed(np.ones(2 * rows, dtype=np.int8))
        return self._ones[:rows]

    def _nothing(self, rows: int) -> NDArray[np.uint16]:
        """Zeros, as many as rows; made once."""
        if rows > len(self._zeros):
            self._zeros = fixed(np.zeros(2 * rows, dtype=np.uint16))
        return self._zeros[:rows]


def _numbers(name: str, values: NDArray[_T], *shape: int) -> NDArray[_T]:
    values = np.asarray(values)
    if values.shape != shape or values.dtype.kind not in "fiu":
        raise BadData(
            f"expected {name} to be numbers of shape {shape}, got {values.dtype} of shape "
            f"{values.shape}"
        )
    return values


def _floats(name: str, values: Float64Array, *shape: int) -> Float64Array:
    return fixed(_numbers(name, values, *shape).astype(np.float64, copy=False))


def _adjusted_prices(bars: Bars) -> Float64Array:
    """Open, high, low and close, ``[N, 4]``."""
    prices = np.empty((len(bars), 4))
    for column, name in enumerate(("open", "high", "low", "close")):
        np.multiply(getattr(bars, name), bars.adjustment, out=prices[:, column])
    return prices


def _sorted_keys(bars: Bars, instants: int) -> Int64Array:
    """Numbers that sort as rows do: by instant, of which so many came before, then symbol."""
    place = np.repeat(np.arange(len(bars.instants)), np.diff(bars.instant_offsets))
    keys: Int64Array = (place + instants) * len(bars.symbols) + bars.symbol
    return keys


def _checked(
    bars: Bars, latency_ms: Float64Array | None, volatility: Float64Array, rule: Int8Array
) -> tuple[Float64Array, Float64Array, Int8Array]:
    instants = len(bars.instants)
    if latency_ms is None:
        latency_ms = np.zeros(instants)
    return (
        _floats("latency_ms", latency_ms, instants),
        _checked_volatility(_numbers("volatility", volatility, len(bars))),
        _checked_rule(_numbers("rule", rule, len(bars))),
    )


def _checked_volatility(values: Float64Array) -> Float64Array:
    bad = (values < 0.0) | np.isinf(values)
    if bad.any():
        raise BadData(
            "expected volatility to be finite and not negative, or NaN while it warms up, got "
            f"{values[bad][0]}"
        )
    return fixed(values.astype(np.float64, copy=False))


def _checked_rule(values: Int8Array) -> Int8Array:
    if not ((values == 0) | (np.abs(values) == 1)).all():
        raise BadData(f"expected rule to be -1, 0 or 1, got {values.min()} to {values.max()}")
    return fixed(values.astype(np.int8, copy=False))
