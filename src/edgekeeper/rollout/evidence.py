"""Evidence of a line: its virtual book against three nulls, and against its own past.

All three must fall before a line may risk capital, each by its own bet at the line's level:

``cash``       the book earns nothing;
``exposure``   it earns no more than its own average exposure to each symbol over the last year,
               held passively (else a rising market would pass for skill);
``incumbent``  it earns no more than the book of the line that trades now (first: the rules).

A bar's scale, the unit in which gains count, comes from positions and market alone, never from
past profits: this bar's predicted volatility, but at least half of its average over the last year,
so that a nearly flat book cannot win or lose a fortune on a rounding error.

Exposure is what a book holds after a bar's open. What it carries into the bar would miss every
position's first day, and all of a book that holds for one bar: then cash and exposure were one
null, and a rising market passed for skill.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from edgekeeper.config import EvidenceConfig
from edgekeeper.errors import BadData
from edgekeeper.stats.sequential import Bet, HarmDetector
from edgekeeper.types import Float64Array

__all__ = ["NULLS", "BookBars", "EvidenceBars", "LineEvidence"]

NULLS = ("cash", "exposure", "incumbent")


@dataclass(frozen=True, slots=True)
class BookBars:
    """What a virtual book did over ``t`` bars.

    Attributes
    ----------
    gain : float64 [t]
        Change in value, costs included, in volatility units.
    held, opened : float64 [t, S]
        Signed value of positions carried into the bar, and after its open; both at prices known
        before the bar, so that no scale can depend on it.
    """

    gain: Float64Array
    held: Float64Array
    opened: Float64Array


@dataclass(frozen=True, slots=True)
class EvidenceBars:
    """Evidence after each of ``t`` bars; logarithms of wealth, natural base."""

    gain: Float64Array
    passive_gain: Float64Array
    incumbent_gain: Float64Array
    scale: Float64Array
    log_cash: Float64Array
    log_exposure: Float64Array
    log_incumbent: Float64Array
    harm: Float64Array

    @property
    def log_least(self) -> Float64Array:
        """The weakest of the three, which decides."""
        return np.minimum(np.minimum(self.log_cash, self.log_exposure), self.log_incumbent)


@njit(cache=True)
def _trailing_mean(values: Float64Array, ring: Float64Array, seen: int, path: Float64Array) -> int:
    """Mean of each column's last values, this one included, up to the ring's length.

    Summed afresh each time: a running sum would keep the rounding errors of what has left it.
    """
    window = ring.shape[0]
    for t in range(values.shape[0]):
        for s in range(values.shape[1]):
            ring[seen % window, s] = values[t, s]
            path[t, s] = 0.0
        seen += 1
        count = min(seen, window)
        for k in range(count):
            for s in range(values.shape[1]):
                path[t, s] += ring[k, s]
        for s in range(values.shape[1]):
            path[t, s] /= count
    return seen


@njit(cache=True)
def _held_passively(exposure: Float64Array, returns: Float64Array) -> Float64Array:
    """Gain of each bar of holding ``exposure``; a symbol without a bar earns nothing, ``[t]``."""
    gain = np.zeros(returns.shape[0])
    for t in range(returns.shape[0]):
        for s in range(returns.shape[1]):
            if not math.isnan(returns[t, s]):
                gain[t] += exposure[t, s] * returns[t, s]
    return gain


@njit(cache=True)
def _volatility(held: Float64Array, opened: Float64Array, covariance: Float64Array) -> Float64Array:
    """Larger of the volatilities predicted for the two position sets of each bar, ``[t]``."""
    bars, symbols = held.shape
    result = np.empty(bars)
    for t in range(bars):
        before, after = 0.0, 0.0
        for i in range(symbols):
            for j in range(symbols):
                c = covariance[t, i, j]
                before += held[t, i] * c * held[t, j]
                after += opened[t, i] * c * opened[t, j]
        result[t] = math.sqrt(max(before, after, 0.0))
    return result


class _Scale:
    """A bar's volatility, at least ``floor`` times its average over the last ``window`` bars."""

    def __init__(self, window: int, floor: float) -> None:
        self.floor = floor
        self.ring = np.zeros((window, 1))
        self.seen = 0

    def update(self, volatility: Float64Array) -> Float64Array:
        average = np.empty((len(volatility), 1))
        self.seen = _trailing_mean(volatility.reshape(-1, 1), self.ring, self.seen, average)
        return np.maximum(volatility, self.floor * average[:, 0])


class LineEvidence:
    """The three bets and the harm detector of one line, from its registration (or restart) on.

    Parameters
    ----------
    symbols : int
    config : EvidenceConfig
    """

    def __init__(self, symbols: int, config: EvidenceConfig) -> None:
        self.config = config
        self._ring = np.zeros((config.exposure_window, symbols))
        self._seen = 0
        self.bets = {name: Bet(config.worst_bar) for name in NULLS}
        self._scales = {name: self._fresh_scale() for name in NULLS}
        self.bars = 0
        self.sum_gain = 0.0
        self.harm: HarmDetector | None = None

    def _fresh_scale(self) -> _Scale:
        return _Scale(self.config.exposure_window, self.config.scale_floor)

    def restart(self) -> None:
        """Begin a fresh body of evidence on the same book.

        What is known of the book's usual exposure and scale is kept: it is no evidence, and
        without it the first bars of a book that already holds positions would have no scale.
        """
        self.bets = {name: Bet(self.config.worst_bar) for name in NULLS}
        self.bars = 0
        self.sum_gain = 0.0
        self.harm = None

    @property
    def log_least(self) -> float:
        """Logarithm of the smallest of the three wealths."""
        return min(bet.log_wealth for bet in self.bets.values())

    @property
    def weakest(self) -> str:
        """Name of the null that stands firmest."""
        return min(self.bets, key=lambda name: self.bets[name].log_wealth)

    @property
    def ruined(self) -> bool:
        """Whether a loss beyond the worst bar closed the line."""
        return any(bet.ruined for bet in self.bets.values())

    @property
    def shrunk_mean(self) -> float:
        """Mean gain a bar in scales, shrunk towards zero by ``prior_bars`` bars of nothing."""
        return self.sum_gain / (self.bars + self.config.prior_bars) if self.bars else 0.0

    def watch_for_harm(self) -> None:
        """Start the harm detector: called at the promotion, with what was earned until then."""
        reference = self.config.harm_fraction * max(self.shrunk_mean, 0.0)
        self.harm = HarmDetector(reference, self.config.harm_clip, self.config.false_retreat_bars)

    def new_incumbent(self) -> None:
        """Start the bet against the incumbent afresh: having beaten another one proves nothing."""
        self.bets["incumbent"] = Bet(self.config.worst_bar)
        self._scales["incumbent"] = self._fresh_scale()

    def update(
        self,
        book: BookBars,
        incumbent: BookBars,
        returns: Float64Array,
        covariance: Float64Array,
    ) -> EvidenceBars:
        """Take ``t`` bars of the line's book, the incumbent's book and the market.

        Parameters
        ----------
        returns : float64 [t, S]
            Simple close-to-close returns, NaN where a symbol had no bar.
        covariance : float64 [t, S, S]
            Predicted before each bar, see ``MarketRisk``.

        Raises
        ------
        BadData
            Shapes that do not fit together.
        """
        self._check(book, incumbent, returns, covariance)
        passive = np.empty(returns.shape)
        self._seen = _trailing_mean(book.opened, self._ring, self._seen, passive)
        passive_gain = _held_passively(passive, returns)
        difference = {
            "cash": (book.gain, book.held, book.opened),
            "exposure": (
                book.gain - passive_gain,
                book.held - passive,
                book.opened - passive,
            ),
            "incumbent": (
                book.gain - incumbent.gain,
                book.held - incumbent.held,
                book.opened - incumbent.opened,
            ),
        }
        logs, scales = {}, {}
        for name, (gain, held, opened) in difference.items():
            volatility = _volatility(held, opened, covariance)
            scales[name] = self._scales[name].update(volatility)
            logs[name] = self.bets[name].update(gain, scales[name])
        scale = scales["cash"]
        standard = np.divide(book.gain, scale, out=np.zeros_like(scale), where=~(scale <= 0))
        self.bars += len(standard)
        # One bar after the other, so that the sum does not depend on how bars come in chunks.
        self.sum_gain = float(np.cumsum(np.append(self.sum_gain, standard))[-1])
        harm = np.full(len(standard), math.nan)
        if self.harm is not None:
            harm = self.harm.update(standard)
        return EvidenceBars(
            gain=book.gain,
            passive_gain=passive_gain,
            incumbent_gain=incumbent.gain,
            scale=scale,
            log_cash=logs["cash"],
            log_exposure=logs["exposure"],
            log_incumbent=logs["incumbent"],
            harm=harm,
        )

    def _check(
        self, book: BookBars, incumbent: BookBars, returns: Float64Array, covariance: Float64Array
    ) -> None:
        """Refuse shapes that compiled loops would read beyond."""
        bars, symbols = len(book.gain), self._ring.shape[1]
        arrays = (book.held, book.opened, incumbent.held, incumbent.opened, returns)
        if (
            incumbent.gain.shape != (bars,)
            or any(array.shape != (bars, symbols) for array in arrays)
            or covariance.shape != (bars, symbols, symbols)
        ):
            shapes = [array.shape for array in (book.gain, incumbent.gain, *arrays, covariance)]
            raise BadData(
                f"expected evidence of {bars} bars and {symbols} symbols from books, returns and "
                f"covariance, got shapes {shapes}"
            )
