"""Heads: from one direction score to what a trader needs to know about both sides of a bar.

A learner says how much likelier the long side does better than the short one. The heads turn that
score into probability of success, expected net return, interval, risk and time held, a handful of
coefficients per side. They are fitted on rows later than the learner's own, and each slope is
shrunk and may only point the way that makes sense, so a useless score gives the base rates.
"""

import math
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.canonical import Json, plain
from edgekeeper.models.fields import Fields
from edgekeeper.models.peers import relative_scores
from edgekeeper.types import BoolArray, Float64Array, Forecasts, Int64Array

__all__ = ["SCORE_LIMIT", "Heads", "Lines", "Outcomes"]

SCORE_LIMIT = 4.0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How the trades of both sides of ``n`` bars ended; NaN where not known.

    Attributes
    ----------
    net_return : float64 [n, 2]
        After costs, as a fraction of the entry price.
    stopped : float64 [n, 2]
        1 where the trade ended at its stop, else 0.
    bars_held : float64 [n, 2]
    """

    net_return: Float64Array
    stopped: Float64Array
    bars_held: Float64Array

    def __post_init__(self) -> None:
        shapes = {self.net_return.shape, self.stopped.shape, self.bars_held.shape}
        if len(shapes) != 1 or self.net_return.ndim != 2 or self.net_return.shape[1] != 2:
            raise BadData(f"expected outcomes of one shape [n, 2], got {sorted(shapes)}")

    def __len__(self) -> int:
        return int(self.net_return.shape[0])

    @property
    def known(self) -> BoolArray:
        """Sides whose whole outcome is known, ``[n, 2]``."""
        together = self.net_return + self.stopped + self.bars_held
        return np.asarray(np.isfinite(together), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Lines:
    """Two straight lines over the standardised score, one per side: intercepts and slopes [2]."""

    intercept: Float64Array
    slope: Float64Array

    def to_json(self) -> Json:
        """Return ``{"intercept": [long, short], "slope": [long, short]}``."""
        return {"intercept": plain(self.intercept), "slope": plain(self.slope)}

    @classmethod
    def read(cls, record: Fields, name: str, signs: tuple[int, int]) -> Self:
        """Read lines from a field; slopes must point the way of ``signs`` (0: any)."""
        with record.record(name) as entry:
            lines = cls(entry.numbers("intercept", 2), entry.numbers("slope", 2))
        if not (np.isfinite(lines.intercept).all() and np.isfinite(lines.slope).all()):
            raise BadData(f"heads.{name}: expected finite coefficients")
        if (lines.slope * np.array(signs) < 0.0).any():
            raise BadData(f"heads.{name}: expected slopes of signs {signs}, got {lines.slope}")
        return lines


@dataclass(frozen=True)
class Heads:
    """Coefficients of all heads of one model. Made by :func:`models.fit_heads`.

    With ``z`` the score less ``centre``, over ``scale``, held within four deviations, and ``u``
    the volatility of the row times the root of the horizon, where the score of relative heads is
    first taken against those of the same bar::

        probability     = sigmoid(success(z))       long rises with z, short falls
        risk            = sigmoid(risk(z))          long falls, short rises
        expected_return = u * reward(z)             long rises, short falls
        lower, upper    = u * (reward(z) + offset)  split conformal
        bars_held       = time(z) within 1 and the horizon

    Attributes
    ----------
    centre, scale : float
        Of the score over the calibration rows; a constant score has scale 1.
    horizon : int
        Bars until the time barrier.
    coverage : float
        Of the interval.
    success, risk, reward, time : Lines
    lower, upper : float64 [2]
        Offsets in units of ``u``; infinite where the calibration rows promise nothing.
    relative : bool
        Scores are those against the mean of the bar's symbols, see :mod:`models.peers`.
    """

    centre: float
    scale: float
    horizon: int
    coverage: float
    success: Lines
    risk: Lines
    reward: Lines
    time: Lines
    lower: Float64Array
    upper: Float64Array
    relative: bool = False
    _intercept: Float64Array = field(init=False, repr=False, compare=False)
    _slope: Float64Array = field(init=False, repr=False, compare=False)
    _offset: Float64Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lines = (self.success, self.risk, self.reward, self.time)
        # [4, 1, 2]: against scores [n, 1] they give [4, n, 2], each head's block contiguous.
        object.__setattr__(self, "_intercept", np.array([[h.intercept] for h in lines]))
        object.__setattr__(self, "_slope", np.array([[h.slope] for h in lines]))
        object.__setattr__(self, "_offset", np.array([[self.lower], [self.upper]]))

    def standard(
        self, score: Float64Array, event_time: Int64Array | None, usable: BoolArray
    ) -> Float64Array:
        """Bring scores to the scale of the heads: float64 [n], NaN where not usable.

        Raises
        ------
        BadData
            Relative heads and not one time a row.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            if self.relative:
                score = relative_scores(score, event_time, usable & np.isfinite(score))
            z = np.where(usable, (score - self.centre) / self.scale, math.nan)
            return np.minimum(np.maximum(z, -SCORE_LIMIT), SCORE_LIMIT)

    def forecast(
        self,
        score: Float64Array,
        volatility: Float64Array,
        novelty: Float64Array,
        blind: BoolArray | None = None,
        event_time: Int64Array | None = None,
    ) -> Forecasts:
        """Forecast both sides of ``n`` rows.

        Parameters
        ----------
        score, volatility, novelty : float64 [n]
            ``volatility`` is the predicted deviation of one bar's return.
        blind : bool [n], optional
            Rows to abstain on.
        event_time : int64 [n], optional
            Of each row's bar; relative heads need it.

        Returns
        -------
        Forecasts
            All NaN where score or volatility is missing, or volatility not positive and finite.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            usable = (volatility > 0.0) & (volatility < math.inf)
            if blind is not None:
                usable &= ~blind
            z = self.standard(score, event_time, usable)[:, None]
            unit = (volatility * math.sqrt(self.horizon))[:, None]
            heads = self._intercept + self._slope * z
            chance = 1.0 / (1.0 + np.exp(-heads[:2]))
            band = (heads[2] + self._offset) * unit
            reward = heads[2] * unit
            held = np.minimum(np.maximum(heads[3], 1.0), self.horizon)
        return Forecasts(
            probability=chance[0],
            expected_return=reward,
            lower=band[0],
            upper=band[1],
            risk=chance[1],
            bars_held=held,
            novelty=np.where(np.isnan(z[:, 0]), math.nan, novelty),
        )

    def to_json(self) -> Json:
        """Return all coefficients; an infinite offset as null."""
        finite = [np.where(np.isfinite(x), x, math.nan) for x in (self.lower, self.upper)]
        # Left out where it is not so: packages made before there were such heads keep their hash.
        compared: dict[str, Json] = {"relative": True} if self.relative else {}
        return compared | {
            "centre": self.centre,
            "scale": self.scale,
            "horizon": self.horizon,
            "coverage": self.coverage,
            "success": self.success.to_json(),
            "risk": self.risk.to_json(),
            "reward": self.reward.to_json(),
            "time": self.time.to_json(),
            "interval": {"lower": plain(finite[0]), "upper": plain(finite[1])},
        }

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        BadData
            A field missing, unknown or of the wrong type; coefficients not finite or pointing the
            wrong way; a scale, horizon or coverage that makes no sense.
        """
        with Fields(value, "heads") as record:
            with record.record("interval") as interval:
                lower = np.nan_to_num(interval.numbers("lower", 2), nan=-math.inf)
                upper = np.nan_to_num(interval.numbers("upper", 2), nan=math.inf)
            heads = cls(
                centre=record.number("centre"),
                scale=record.number("scale"),
                horizon=record.integer("horizon"),
                coverage=record.number("coverage"),
                success=Lines.read(record, "success", (1, -1)),
                risk=Lines.read(record, "risk", (-1, 1)),
                reward=Lines.read(record, "reward", (1, -1)),
                time=Lines.read(record, "time", (0, 0)),
                lower=lower,
                upper=upper,
                relative=record.flag("relative"),
            )
        if not (math.isfinite(heads.centre) and heads.scale > 0.0 and heads.horizon >= 1):
            raise BadData("heads: expected a finite centre, a positive scale and a horizon")
        if not 0.0 < heads.coverage < 1.0 or (lower > upper).any():
            raise BadData("heads: expected a coverage within (0, 1) and lower <= upper")
        return heads
