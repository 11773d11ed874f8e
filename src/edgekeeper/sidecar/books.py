"""Books of a day, and bets on them: the model's sizes against three nulls, as for lines of a run.

``cash``       the book earns nothing;
``exposure``   it earns no more than its own trailing average size on every signal (else trading
               less of a bot that loses would pass for skill);
``incumbent``  it earns no more than whoever decides now (first: the bot, at full size).

The scale of a bet comes from days before: how much the *bot's* book moved, times how far the line's
sizes were from those of the null. What the line itself earned is in no scale. An outcome that never
came counts against the line, whichever side of it the line was on: as three deviations.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgekeeper.config import EvidenceConfig
from edgekeeper.rollout import NULLS, LineEvidence
from edgekeeper.sidecar.days import Day, DaySignal

__all__ = ["BOT", "BotBook", "LineBook"]

BOT = "bot"
_WINDOW = 60
_LEAST_DAYS = 10
_MISSING = 3.0
_LEAST_SHARE = 0.1


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return math.fsum(known) / len(known) if known else math.nan


@dataclass(slots=True)
class BotBook:
    """What taking every signal at full size brings: line 0, and the measure of the others."""

    _gains: deque[float] = field(default_factory=lambda: deque(maxlen=_WINDOW))
    _squares: deque[float] = field(default_factory=lambda: deque(maxlen=_WINDOW))

    @property
    def deviation(self) -> float:
        """Predicted deviation of a day's gain; 0 while too few days are known: nothing is bet."""
        if len(self._gains) < _LEAST_DAYS:
            return 0.0
        return math.sqrt(_mean(gain * gain for gain in self._gains))

    @property
    def penalty(self) -> float:
        """What an outcome that never came counts, against the line."""
        return _MISSING * math.sqrt(_mean(self._squares)) if self._squares else 0.0

    def row(self, day: Day) -> dict[str, Any]:
        """Return the day's row of the bot."""
        known = [(one.weight, one.net_return) for one in day.signals if one.net_return is not None]
        return {
            "event_time_ns": day.end_ns,
            "line": BOT,
            "signals": len(day.signals),
            "taken": len(day.signals),
            "missing": len(day.signals) - len(known),
            "closed_ns": day.closed_ns,
            "mean_size": 1.0,
            "book_return": math.fsum(weight * net for weight, net in known),
            "outcome_square": _mean(net * net for _, net in known) if known else None,
        }

    def apply(self, row: Mapping[str, Any]) -> None:
        """Take a row, when it is written or when the record is read again."""
        self._gains.append(float(row["book_return"]))
        if row["outcome_square"] is not None:
            self._squares.append(float(row["outcome_square"]))


class LineBook(LineEvidence):
    """The three bets and the harm detector of a line, over days.

    Parameters
    ----------
    config : EvidenceConfig
    """

    def __init__(self, config: EvidenceConfig) -> None:
        super().__init__(1, config)
        self._sizes: deque[float] = deque(maxlen=_WINDOW)
        self._spreads: dict[str, deque[float]] = {name: deque(maxlen=_WINDOW) for name in NULLS}

    @property
    def mean_size(self) -> float:
        """Trailing average size, known before the day; the bot's where nothing is known yet."""
        return _mean(self._sizes) if self._sizes else 1.0

    def row(
        self, line: str, threshold: float, day: Day, bot: BotBook, incumbent: str
    ) -> dict[str, Any]:
        """Return the day's row of this line, the bets as they are after it; changes nothing.

        Parameters
        ----------
        incumbent : str
            Line that decides, or ``"bot"``.
        """
        usual = self.mean_size
        apart = {
            "cash": [_size(one, line) for one in day.signals],
            "exposure": [_size(one, line) - usual for one in day.signals],
            "incumbent": [_size(one, line) - _size(one, incumbent) for one in day.signals],
        }
        gains = {name: _gain(day, sizes, bot.penalty) for name, sizes in apart.items()}
        sizes = apart["cash"]
        book = gains["cash"]
        row: dict[str, Any] = {
            "event_time_ns": day.end_ns,
            "line": line,
            "signals": len(day.signals),
            "taken": sum(
                size > 0.0 and one.net_return is not None
                for size, one in zip(sizes, day.signals, strict=True)
            ),
            "missing": sum(one.net_return is None for one in day.signals),
            "closed_ns": day.closed_ns,
            "mean_size": _mean(sizes),
            "book_return": book,
            "exposure_return": book - gains["exposure"],
            "incumbent_return": book - gains["incumbent"],
            "threshold": threshold if math.isfinite(threshold) else None,
        }
        for name in NULLS:
            row[f"scale_{name}"] = self._scale(name, bot.deviation)
            row[f"spread_{name}"] = _mean(size * size for size in apart[name])
        return row

    def _scale(self, null: str, deviation: float) -> float:
        """Known before the day: the bot's deviation, times how far sizes have been apart."""
        spread = self._spreads[null]
        share = math.sqrt(_mean(spread)) if spread else 1.0
        return deviation * max(share, _LEAST_SHARE)

    def apply(self, row: Mapping[str, Any]) -> dict[str, float | None]:
        """Take a row, when it is written or when the record is read again; return the evidence."""
        gains = {
            "cash": row["book_return"],
            "exposure": row["book_return"] - row["exposure_return"],
            "incumbent": row["book_return"] - row["incumbent_return"],
        }
        found: dict[str, float | None] = {}
        for name in NULLS:
            self.bets[name].update(np.array([gains[name]]), np.array([row[f"scale_{name}"]]))
            wealth = self.bets[name].log_wealth
            found[f"log_e_{name}"] = wealth if math.isfinite(wealth) else None
            self._spreads[name].append(float(row[f"spread_{name}"]))
        self._sizes.append(float(row["mean_size"]))
        scale = row["scale_cash"]
        standard = row["book_return"] / scale if scale > 0.0 else 0.0
        self.bars += 1
        self.sum_gain += standard
        if self.harm is not None:
            value = float(self.harm.update(np.array([standard]))[-1])
            found["log_harm"] = math.log(value) if 0.0 < value < math.inf else None
        return found

    def new_incumbent(self) -> None:
        """Start the bet against the incumbent afresh."""
        super().new_incumbent()
        self._spreads["incumbent"].clear()


def _size(signal: DaySignal, line: str) -> float:
    """Size that a line gave a signal; a line without a word leaves it to the bot."""
    return 1.0 if line == BOT else signal.sizes.get(line, 1.0)


def _gain(day: Day, sizes: list[float], penalty: float) -> float:
    return math.fsum(
        one.weight * size * one.net_return
        if one.net_return is not None
        else -one.weight * abs(size) * penalty
        for one, size in zip(day.signals, sizes, strict=True)
    )
