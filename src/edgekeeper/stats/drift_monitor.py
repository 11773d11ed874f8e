"""Watch a stream for change, with a stated chance of crying wolf."""

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.drift_alarm import DriftAlarm, describe_channel, possible_causes
from edgekeeper.stats.drift_channels import add_row, channel_count, channel_moments, floored
from edgekeeper.stats.drift_reference import MOST_PAIRS, DriftReference
from edgekeeper.stats.drift_scores import score_row
from edgekeeper.stats.drift_state import DriftArrays, pack_state, unpack_state
from edgekeeper.stats.drift_threshold import batch_of, memory_of, simulate_watches, thresholds
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["DriftMonitor"]

_MEAN, _DEVIATION, _THRESHOLD, _UP, _DOWN, _SINCE_UP, _SINCE_DOWN = range(7)
_ROWS = 7
_WORK = 2.5e9
_LEAST_SUM = 20.0


@njit(cache=True, nogil=True)
def _watch(
    row: Float64Array,
    ordered: Float64Array,
    known: Int64Array,
    pairs: Int64Array,
    channels: Float64Array,
    scores: Float64Array,
    value: Float64Array,
    seen: int,
) -> int:
    """Add observation number ``seen``; return the channel that passed its threshold, or -1."""
    score_row(row, ordered, known, scores[0])
    up, down = channels[_UP], channels[_DOWN]
    add_row(scores, 0, pairs, channels[_MEAN], channels[_DEVIATION], value, up, down)
    since_up, since_down = channels[_SINCE_UP], channels[_SINCE_DOWN]
    threshold, following, over = channels[_THRESHOLD], seen + 1.0, 0
    for c in range(len(up)):
        since_up[c] = following if up[c] == 0.0 else since_up[c]
        since_down[c] = following if down[c] == 0.0 else since_down[c]
    for c in range(len(up)):
        over += (up[c] > threshold[c]) | (down[c] > threshold[c])
    return _furthest(channels) if over else -1


@njit(cache=True, nogil=True)
def _furthest(channels: Float64Array) -> int:
    """Channel whose sum is the largest multiple of its threshold."""
    first, most = -1, 0.0
    for c in range(channels.shape[1]):
        ratio = max(channels[_UP, c], channels[_DOWN, c]) / channels[_THRESHOLD, c]
        if ratio > most:
            first, most = c, ratio
    return first


class DriftMonitor:
    """Says at each observation whether the stream has changed since a reference.

    It watches the level, the spread and the missing share of every feature, and the correlation of
    every pair, as running sums of normal scores against the reference: so heavy tails do not
    matter, and infinite values are merely the largest. Without a change, any alarm within
    ``horizon`` observations has at most the probability ``false_alarm``, over all features
    together. Thresholds come from a block bootstrap of the reference in which ranks, means and
    deviations are estimated anew each time, so that neither dependence nor a short reference
    makes it cry wolf. Promised for streams whose memory is short against the reference (see
    ``persistent``); a random walk has no level to drift from.

    An alarm stays until :meth:`reset`; after it, nothing more is added up. Beyond ``horizon`` the
    thresholds stay the same, and the chance of a false alarm goes on growing at about that pace.

    Over a reference of 1,000 (budget 5 % in 1,000 observations, median and 95 % quantile of 500
    streams each), a mean two deviations higher is noticed after 13 / 18 observations where they are
    independent and normal, 20 / 35 with AR(1) φ .5, 12 / 16 with Student's t(3); twice the variance
    after 66 / 165, 122 / 384 and 125 / 470; a correlation of .6 that turns to −.6 after 36 / 55.
    3 to 5 % of the streams without a change alarmed. Where volatility clusters (GARCH, .95) the
    budget is not kept, 8 % of 300 streams: a calm reference may not show that calm ends.

    Attributes
    ----------
    names : tuple of str
    false_alarm : float
    horizon : int
    block : float
        Mean block of the bootstrap, in observations.
    persistent : bool
        Whether the reference remembers about as long as it can tell: then the promise does not
        hold, and a longer reference, or changes instead of levels, are better.
    seen : int
        Observations since the fit or the last reset.
    alarm : DriftAlarm or None

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> monitor = DriftMonitor.fit(rng.standard_normal(1_000), false_alarm=0.05, horizon=1_000)
    >>> any(monitor.update(x) for x in rng.standard_normal(100))
    False
    >>> any(monitor.update(x + 2.0) for x in rng.standard_normal(50))
    True
    >>> monitor.alarm.kind, monitor.alarm.rose, monitor.alarm.at < 120
    ('level', True, True)
    """

    def __init__(
        self,
        names: tuple[str, ...],
        false_alarm: float,
        horizon: int,
        block: float,
        arrays: DriftArrays,
        *,
        persistent: bool = False,
        seen: int = 0,
        alarm: DriftAlarm | None = None,
    ) -> None:
        self.names, self.false_alarm, self.horizon, self.block = names, false_alarm, horizon, block
        self.persistent, self.seen, self.alarm = persistent, seen, alarm
        self._arrays = arrays
        self._scores = np.empty((1, len(names)))
        self._value = np.empty(arrays.channels.shape[1])

    @classmethod
    def fit(
        cls,
        reference: ArrayLike,
        false_alarm: float = 0.05,
        horizon: int = 1_000,
        *,
        names: Sequence[str] = (),
        most_pairs: int = MOST_PAIRS,
        seed: int = 0,
    ) -> Self:
        """Learn what is usual, and how far it strays by chance.

        Parameters
        ----------
        reference : float [n] or [n, features]
            At least 100 observations in time order, NaN where one is missing. From 500 on its own
            uncertainty costs little delay.
        false_alarm : float
            Largest probability of any alarm within ``horizon``, from 0.001 to 0.5.
        horizon : int
            Observations, from 10 to 100,000.
        names : sequence of str
            Of the features; their numbers without.
        most_pairs : int
            Pairs whose correlation is watched, the most correlated ones first.
        seed : int
            Of the bootstrap.

        Raises
        ------
        BadData
            Too few rows, infinite values, not numbers.
        UsageError
            A budget or horizon out of range, names that do not fit.
        """
        if not 0.001 <= false_alarm <= 0.5:
            raise UsageError(
                f"false_alarm: expected a probability from 0.001 to 0.5, got {false_alarm!r}"
            )
        if (
            isinstance(horizon, bool)
            or not isinstance(horizon, int)
            or not 10 <= horizon <= 100_000
        ):
            raise UsageError(f"horizon: expected 10 to 100000 observations, got {horizon!r}")
        usual = DriftReference.read(reference, most_pairs)
        n, d = usual.rows.shape
        given = tuple(str(name) for name in names) or tuple(str(j) for j in range(d))
        if len(given) != d or len(set(given)) != d:
            raise UsageError(f"names: expected {d} different ones, got {len(given)}")
        block, persistent = memory_of(usual.scores)
        channels = np.zeros((_ROWS, channel_count(d, usual.pairs)))
        channel_moments(
            usual.scores, np.arange(n), usual.pairs, batch_of(block, n),
            channels[_MEAN], channels[_DEVIATION],
        )  # fmt: skip
        largest = simulate_watches(
            usual.rows, usual.pairs, block=block, horizon=horizon,
            repetitions=_repetitions(false_alarm, (2 * n + horizon) * channels.shape[1]), seed=seed,
        )  # fmt: skip
        cut = np.full(channels.shape[1], np.inf)
        cut[usual.watched] = thresholds(largest[:, usual.watched], false_alarm)
        # What never moved in the reference says nothing of how far it moves by chance.
        still = floored(channels[_DEVIATION], d)
        channels[_THRESHOLD] = np.where(still, np.maximum(cut, _LEAST_SUM), cut)
        arrays = DriftArrays(
            np.ascontiguousarray(np.sort(usual.rows, axis=0).T),
            np.isfinite(usual.rows).sum(axis=0).astype(np.int64),
            usual.pairs,
            channels,
        )
        return cls(given, float(false_alarm), horizon, block, arrays, persistent=persistent)

    def update(self, x: ArrayLike) -> bool:
        """Add one observation, a number or a row; return whether there is an alarm.

        Raises
        ------
        BadData
            Not as many numbers as there are features.
        """
        try:
            row = np.asarray(x, dtype=np.float64).reshape(-1)
        except (TypeError, ValueError) as error:
            raise BadData(f"expected numbers, got {x!r:.60}: NaN is missing") from error
        if len(row) != len(self.names):
            raise BadData(
                f"expected {len(self.names)} numbers, one for each feature, got {len(row)}"
            )
        if self.alarm is not None:
            self.seen += 1
            return True
        its = self._arrays
        passed = _watch(
            row,
            its.ordered,
            its.known,
            its.pairs,
            its.channels,
            self._scores,
            self._value,
            self.seen,
        )
        if passed >= 0:
            self.alarm = self._alarm(passed)
        self.seen += 1
        return passed >= 0

    def _alarm(self, passed: int) -> DriftAlarm:
        channels = self._arrays.channels
        sums = np.maximum(channels[_UP], channels[_DOWN])
        suspects = possible_causes(passed, len(self.names), self._arrays.pairs)
        half = (c for c in suspects if sums[c] > 0.5 * channels[_THRESHOLD, c])
        named = next(half, passed)
        kind, features = describe_channel(named, self.names, self._arrays.pairs)
        rose = bool(channels[_UP, named] >= channels[_DOWN, named])
        return DriftAlarm(
            kind=kind,
            features=features,
            rose=rose,
            since=int(channels[_SINCE_UP if rose else _SINCE_DOWN, named]),
            at=self.seen,
            statistic=float(sums[passed]),
            threshold=float(channels[_THRESHOLD, passed]),
        )

    def reset(self) -> None:
        """Start again against the same reference, as after a fit."""
        self._arrays.channels[[_UP, _DOWN, _SINCE_UP, _SINCE_DOWN]] = 0.0
        self.seen, self.alarm = 0, None

    def state(self) -> bytes:
        """Return everything as bytes; :meth:`restore` goes on from there to the bit, anywhere."""
        alarm = None
        if self.alarm is not None:
            alarm = {name: getattr(self.alarm, name) for name in DriftAlarm.__slots__}
        header = {
            "names": self.names,
            "false_alarm": self.false_alarm,
            "horizon": self.horizon,
            "block": self.block,
            "persistent": self.persistent,
            "seen": self.seen,
            "alarm": alarm,
        }
        return pack_state(header, self._arrays)

    @classmethod
    def restore(cls, state: bytes) -> Self:
        """Return the monitor that :meth:`state` described.

        Raises
        ------
        BadData
            Other bytes, or damaged ones.
        """
        header, arrays = unpack_state(state)
        try:
            alarm = header["alarm"]
            if alarm is not None:
                alarm = DriftAlarm(**{**alarm, "features": tuple(alarm["features"])})
            names = tuple(header["names"])
            arrays.check(len(names), _ROWS)
            return cls(
                names,
                float(header["false_alarm"]),
                int(header["horizon"]),
                float(header["block"]),
                arrays,
                persistent=bool(header["persistent"]),
                seen=int(header["seen"]),
                alarm=alarm,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadData("state: unreadable header: fit again") from error


def _repetitions(false_alarm: float, work: int) -> int:
    """Watches to simulate: many where they are cheap, never too few for the budget."""
    least = math.ceil(20.0 / false_alarm)
    return max(least, int(min(1_000.0, _WORK / work)))
