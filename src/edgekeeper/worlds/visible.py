"""What bars show of a hidden state: a filter that knows how bars are made, and sees only bars.

Hidden are the state itself, each symbol's slow volume, and its volatility, own and shared: all are
autoregressions. Bars show them in logs, where they add up (Harvey, Ruiz and Shephard 1994): the log
of the range tells volatility and, where the carrier is turned that way, the state; the log of the
volume tells slow volume and state; the session's return tells the state before it. So a Kalman
filter with the true parameters is the best linear forecast from these logs.
"""

from typing import NamedTuple

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.types import Float64Array
from edgekeeper.worlds.paths import CORRELATION, OVERNIGHT
from edgekeeper.worlds.processes import LOG_SD, PERSISTENCE
from edgekeeper.worlds.range_noise import log_range_volatility, range_noise, tail_noise
from edgekeeper.worlds.relation import Relation
from edgekeeper.worlds.volume import LARGEST_MOVE, NOISE_SD, PER_MOVE, SLOW_PERSISTENCE, SLOW_SD
from edgekeeper.worlds.world import World

__all__ = ["MOST_SYMBOLS", "Sight", "visible_state"]

MOST_SYMBOLS = 100
"""More would make matrices of more than 300 hidden numbers a bar."""

_LEVEL_SD = LOG_SD / np.sqrt(2.0)


class Sight(NamedTuple):
    """What could be known of the state at each bar's close, from bars up to it.

    Attributes
    ----------
    mean, variance : float64 [N]
        Of the state. Squared errors are 4 to 5 % larger than the variance on average.
    surprise : float64 [T, 3, S]
        Of returns, ranges and volumes at each bar, each in deviations of what was expected before
        it and independent of the others by design; NaN for the return of the first bar.
    """

    mean: Float64Array
    variance: Float64Array
    surprise: Float64Array


def visible_state(world: World) -> Sight:
    """Filter the hidden state of a world with an edge from its bars.

    Steps of each bar, every one an update of mean and covariance (Kalman 1960):

    1. the session's return about the state of the bar before, in units of the deviation that its
       own range and the volatility expected make likely;
    2. a step in time;
    3. the log of the range, about volatility and state;
    4. the log of the volume, about slow volume and state. That large moves make a bar busier is
       taken as linear around the volatility just found (an extended filter).

    What is left out: that ranges, given a volatility, are only nearly normal in logs, and that the
    tails of returns are not. So this is a lower bound for what bars show, if a close one.

    Raises
    ------
    UsageError
        A world without an edge, or of more than ``MOST_SYMBOLS`` symbols.
    """
    relation = world.relation
    symbols = len(world.bars.symbols)
    if relation is None:
        raise UsageError(f"expected a world with an edge, got one of {world.kind}")
    if symbols > MOST_SYMBOLS:
        raise UsageError(f"expected at most {MOST_SYMBOLS} symbols to filter, got {symbols}")
    shape = (-1, symbols)
    bars = world.bars
    prices = [each.reshape(shape) for each in (bars.open, bars.high, bars.low, bars.close)]
    filter_ = _Filter(relation, symbols)
    return filter_.run(
        np.log(prices[3] / prices[0]),
        log_range_volatility(*prices),
        np.log(bars.volume.reshape(shape)),
    )


class _Filter:
    """Hidden numbers: states, slow volumes, volatilities of each symbol [S], the shared one."""

    def __init__(self, relation: Relation, symbols: int) -> None:
        self.relation, self.symbols = relation, symbols
        each = np.repeat([relation.edge.persistence, SLOW_PERSISTENCE, PERSISTENCE], symbols)
        self.keep = np.append(each, PERSISTENCE)
        size = np.append(np.repeat([1.0, SLOW_SD, _LEVEL_SD], symbols), _LEVEL_SD)
        self.fresh = size**2 * (1.0 - self.keep**2)
        self.mean = np.zeros(3 * symbols + 1)
        self.covariance = np.diag(size**2)
        self.base = np.log(relation.typical) - LOG_SD**2
        tail, measure = tail_noise(), range_noise()
        self.in_session = 0.5 * np.log(1.0 - OVERNIGHT)
        self.measure = measure
        self.tail = tail
        self.range_mean = self.in_session + tail.mean + measure.mean
        own, shared = tail.variance + measure.variance, tail.shared + measure.shared
        self.range_noise = (own - shared) * np.eye(symbols) + shared
        self.together = (1.0 - CORRELATION) * np.eye(symbols) + CORRELATION

    def run(self, move: Float64Array, spread: Float64Array, volume: Float64Array) -> Sight:
        """Filter; all float64 [T, S]: session log return, log of its deviation, log of volume."""
        bars, s = move.shape
        mean, variance = np.empty((bars, s)), np.empty((bars, s))
        surprise = np.full((bars, 3, s), np.nan)
        for t in range(bars):
            if t:
                surprise[t, 0] = self._see_return(t, move[t], spread[t])
                self.mean *= self.keep
                self.covariance *= np.outer(self.keep, self.keep)
                self.covariance[np.diag_indices(len(self.keep))] += self.fresh
            surprise[t, 1] = self._see_range(t, spread[t])
            surprise[t, 2] = self._see_volume(t, np.abs(move[t]), volume[t])
            mean[t] = self.mean[:s]
            variance[t] = np.diag(self.covariance)[:s]
        return Sight(mean.ravel(), variance.ravel(), surprise)

    @property
    def _level(self) -> Float64Array:
        """Rows [S, hidden] that add up a symbol's log volatility from what is hidden."""
        s = self.symbols
        rows = np.zeros((s, 3 * s + 1))
        rows[:, 2 * s : 3 * s] = np.eye(s)
        rows[:, -1] = 1.0
        return rows

    def _usual(self, t: int) -> tuple[Float64Array, Float64Array]:
        """(constant [S], rows [S, hidden]) of the log deviation of bar ``t``, tails apart."""
        edge = self.relation.edge
        widening = edge.visibility * np.sin(edge.angle[t])
        rows = self._level
        rows[:, : self.symbols] = 0.5 * widening * np.eye(self.symbols)
        return self.base - 0.25 * widening**2, rows

    def _see_return(self, t: int, move: Float64Array, spread: Float64Array) -> Float64Array:
        relation, s = self.relation, self.symbols
        constant, rows = self._usual(t)
        level = self.base + rows[:, 2 * s :] @ (self.keep * self.mean)[2 * s :]
        ahead = np.outer(self.keep, self.keep) * self.covariance + np.diag(self.fresh)
        spreading = np.einsum("ij,jk,ik->i", rows, ahead, rows)
        expected = constant + rows @ (self.keep * self.mean) + self.in_session + self.tail.mean
        # Deviation of the session from what was expected of it and what its range says.
        prior = spreading + self.tail.variance
        gain = prior / (prior + self.measure.variance)
        own = np.exp(expected + gain * (spread - self.measure.mean - expected))
        size = relation.strength * relation.edge.sign[t - 1] * np.exp(level)
        observes = np.zeros((s, len(self.mean)))
        observes[:, :s] = np.diag(size / own)
        usual = (1.0 - OVERNIGHT) * np.log1p(relation.drift) - 0.5 * own**2
        return self._update(observes, (move - usual) / own, self.together)

    def _see_range(self, t: int, spread: Float64Array) -> Float64Array:
        constant, rows = self._usual(t)
        return self._update(rows, spread - constant - self.range_mean, self.range_noise)

    def _see_volume(self, t: int, move: Float64Array, volume: Float64Array) -> Float64Array:
        relation, s = self.relation, self.symbols
        constant, rows = self._usual(t)
        units = move * np.exp(-constant - rows @ self.mean)
        edge = relation.edge
        steep = np.where(units < LARGEST_MOVE, -PER_MOVE * units, 0.0)
        observes = steep[:, None] * rows
        observes[:, :s] += edge.visibility * np.cos(edge.angle[t]) * np.eye(s)
        observes[:, s : 2 * s] += np.eye(s)
        busy = PER_MOVE * np.minimum(units, LARGEST_MOVE) - steep * (rows @ self.mean)
        return self._update(
            observes, volume - relation.volume_level - busy, NOISE_SD**2 * np.eye(s)
        )

    def _update(self, rows: Float64Array, seen: Float64Array, noise: Float64Array) -> Float64Array:
        """Take in ``seen = rows @ hidden + noise``; return what surprised, in independent units."""
        with_all = rows @ self.covariance
        root = np.linalg.cholesky(with_all @ rows.T + noise)
        scaled = np.linalg.solve(root, np.column_stack([seen - rows @ self.mean, with_all]))
        surprise, gain = scaled[:, 0], scaled[:, 1:]
        self.mean = self.mean + gain.T @ surprise
        self.covariance = self.covariance - gain.T @ gain
        return np.asarray(surprise)
