"""Watch the model in a line's seat: have its inputs, forecasts or losses left what they were?

Everything here is a pure function of what was read, in order, so that a replay repeats it. A
request asks for a refit and gives its reason; nothing here can promote.
"""

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from edgekeeper.config import DriftConfig
from edgekeeper.errors import BadData
from edgekeeper.stats.bootstrap import mean_interval
from edgekeeper.stats.drift_alarm import DriftAlarm
from edgekeeper.stats.drift_monitor import DriftMonitor
from edgekeeper.types import Float64Array
from edgekeeper.validate.drift_table import DriftTable

__all__ = ["MOST_REFERENCE", "DriftReason", "DriftWatch", "RefitRequest"]

DriftReason = Literal["inputs", "forecasts", "calibration", "loss", "performance"]
_PARTS = 3  # inputs, forecasts, outcomes: each has its share of the budget
_MOST_PAIRS = 200
MOST_REFERENCE = 1_000
"""Newest instants of those a package was fitted on that its inputs are compared with."""

_OWN_REFERENCE = 250
_EARLY: tuple[DriftReason, ...] = ("inputs", "forecasts")


@dataclass(frozen=True, slots=True)
class RefitRequest:
    """Why a line should be refitted before its time.

    Attributes
    ----------
    line : str
    reason : {"inputs", "forecasts", "calibration", "loss", "performance"}
    time_ns, since_ns : int
        When it was noticed, and since when it is estimated to be so.
    sentence : str
    lead_bars : int or None
        Of a loss that drift of inputs or forecasts had announced: bars between the two.
    """

    line: str
    reason: DriftReason
    time_ns: int
    since_ns: int
    sentence: str
    lead_bars: int | None = None


@dataclass(slots=True)
class _Stream:
    """One part: its rows until there are enough to compare with, and from then on a monitor."""

    names: tuple[str, ...]
    monitor: DriftMonitor | None
    rows: list[Float64Array] = field(default_factory=list)
    times: "array[int]" = field(default_factory=lambda: array("q"))
    told: bool = False


class DriftWatch:
    """Watches one package of one line; a new package gets a new watch.

    Inputs are compared with the rows that the package was trained on. Forecasts and losses on those
    rows would flatter it, so the first 250 instants forecast live are their reference, and judge
    nothing. Symbols of one instant are averaged.

    Parameters
    ----------
    line : str
    trained_on : DriftTable
        Features of the training rows; the newest 1,000 instants are used.
    config : DriftConfig
        Its budget is split evenly between inputs, forecasts and outcomes.
    seed : int

    Raises
    ------
    BadData
        Fewer than 100 instants to compare with.
    """

    def __init__(
        self, line: str, trained_on: DriftTable, config: DriftConfig, *, seed: int = 0
    ) -> None:
        self.line, self.config, self.seed = line, config, seed
        usual = trained_on.by_instant()[-MOST_REFERENCE:]
        inputs = self._fit(np.where(np.isinf(usual), np.nan, usual), trained_on.names)
        self._streams: dict[str, _Stream] = {
            "inputs": _Stream(trained_on.names, inputs),
            "forecasts": _Stream(("forecast",), None),
            "outcomes": _Stream(("calibration", "loss"), None),
        }
        self._losses: array[float] = array("d")  # one an instant, as are times: 32 bytes in all
        self._requests: list[RefitRequest] = []
        self._judged = 0

    @property
    def requests(self) -> tuple[RefitRequest, ...]:
        """All so far, in the order they came."""
        return tuple(self._requests)

    def _fit(self, rows: Float64Array, names: tuple[str, ...]) -> DriftMonitor:
        return DriftMonitor.fit(
            rows,
            false_alarm=self.config.false_alarm / _PARTS,
            horizon=self.config.horizon_bars,
            names=names,
            most_pairs=_MOST_PAIRS,
            seed=self.seed,
        )

    def read(self, inputs: DriftTable, probability: Float64Array) -> tuple[RefitRequest, ...]:
        """Read the rows of new instants, and what was forecast of them, ``[n]``.

        Raises
        ------
        BadData
            Other features, or rows that are not newer.
        """
        if inputs.names != self._streams["inputs"].names:
            raise BadData("expected the features that the package was trained on, got others")
        forecasts = DriftTable(("forecast",), probability.reshape(-1, 1), inputs.instant)
        return (*self._add("inputs", inputs), *self._add("forecasts", forecasts))

    def read_outcomes(
        self, instant: np.ndarray, probability: Float64Array, won: Float64Array
    ) -> tuple[RefitRequest, ...]:
        """Read outcomes as they become known: what was forecast, ``[n]``, and 1 or 0, NaN if tied.

        ``instant`` is that of the forecast, rising.
        """
        gap = won - probability
        table = DriftTable(("calibration", "loss"), np.stack([gap, gap**2], axis=1), instant)
        self._losses.extend(table.by_instant()[:, 1].tolist())
        return (*self._add("outcomes", table), *self._performance())

    def _add(self, part: str, table: DriftTable) -> tuple[RefitRequest, ...]:
        stream, made = self._streams[part], []
        for time, row in zip(table.instants.tolist(), table.by_instant(), strict=True):
            if stream.times and time <= stream.times[-1]:
                raise BadData(f"{part}: expected newer rows, got some that were read before")
            stream.times.append(time)
            if stream.monitor is None:
                stream.rows.append(row)
                if len(stream.rows) == _OWN_REFERENCE:
                    stream.monitor = self._fit(np.array(stream.rows), stream.names)
                    stream.rows.clear()
            elif stream.monitor.update(row) and not stream.told:
                stream.told = True
                alarm = stream.monitor.alarm
                if alarm is not None and not _better(alarm):
                    made.append(self._request(part, stream, alarm))
        return tuple(made)

    def _request(self, part: str, stream: _Stream, alarm: DriftAlarm) -> RefitRequest:
        before = len(stream.times) - 1 - alarm.at
        since, now = stream.times[before + alarm.since], stream.times[-1]
        reason: DriftReason = "inputs" if part == "inputs" else "forecasts"
        if part == "outcomes":
            reason = "loss" if "loss" in alarm.features else "calibration"
        words = alarm.sentence.split(", since about")[0]
        return self._ask(reason, now, since, f"{reason}: {words}")

    def _ask(self, reason: DriftReason, now: int, since: int, words: str) -> RefitRequest:
        lead = None
        early = [r.time_ns for r in self._requests if r.reason in _EARLY]
        if reason not in _EARLY and early and self._bar(now) and self._bar(early[0]):
            lead = self._bar(now) - self._bar(early[0])
            words += f", announced {lead} bars before"
        request = RefitRequest(self.line, reason, now, since, words, lead)
        self._requests.append(request)
        return request

    def _bar(self, time: int) -> int:
        """Which bar that was read an instant is, counted from 1; 0: none."""
        times = self._streams["inputs"].times
        place = bisect_left(times, time)
        return place + 1 if place < len(times) and times[place] == time else 0

    def _performance(self) -> tuple[RefitRequest, ...]:
        """Compare the newest stretch of losses with all before it, once a stretch."""
        stream, recent = self._streams["outcomes"], self.config.recent_bars
        if len(self._losses) < max(self._judged, _OWN_REFERENCE) + recent:
            return ()
        self._judged = len(self._losses)
        if any(request.reason == "performance" for request in self._requests):
            return ()
        loss = np.array(self._losses)
        before, after = (x[~np.isnan(x)] for x in (loss[:-recent], loss[-recent:]))
        if min(len(before), len(after)) < recent // 2:
            return ()
        usual = float(before.mean())
        change = float(after.mean()) / usual - 1.0
        low, _ = mean_interval(after, seed=self.seed)
        if change <= self.config.performance_change or low <= usual:
            return ()
        words = f"performance: losses are {100 * change:.0f} % higher than before, beyond chance"
        return (self._ask("performance", stream.times[-1], stream.times[-recent], words),)


def _better(alarm: DriftAlarm) -> bool:
    """Whether it says that losses fell: a change, but none that asks for a refit."""
    return alarm.features == ("loss",) and alarm.kind == "level" and not alarm.rose
