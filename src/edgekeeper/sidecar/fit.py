"""Fit a model of signals: older outcomes fit it, newer ones calibrate it, the newest judge it.

As for bars: inside, rows are cut by time and purged by when their outcome was known; the newest
fifth judges the fit and is read by nothing else of it; what is shipped repeats the fit over all.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekeeper.config import GatesConfig
from edgekeeper.errors import Refused, UsageError, nearest
from edgekeeper.models import LEARNERS, Reference
from edgekeeper.models.canonical import Json, plain
from edgekeeper.models.inference import Graph
from edgekeeper.models.package import PackageBytes
from edgekeeper.sidecar.inputs import Inputs, SignalRow
from edgekeeper.sidecar.model import FORMAT
from edgekeeper.splits import InnerSplitter
from edgekeeper.stats.calibration import effective_size, fit_sigmoid
from edgekeeper.stats.conformal import residual_interval
from edgekeeper.stats.scores import auc, log_loss
from edgekeeper.types import BoolArray, Float64Array, Int64Array, TrainingRows

__all__ = ["FitRows", "fit_signals"]

_PRIOR_ROWS = 100.0
_LIMIT = 4.0
_TOLERANCE = 1e-6
_LEAST_KNOWN = 20


@dataclass(frozen=True, slots=True)
class FitRows:
    """Signals with known outcomes, oldest first.

    Attributes
    ----------
    signals : tuple of SignalRow
    closed_ns : int64 [n]
    net_return : float64 [n]
    stopped : float64 [n]
        1 or 0; NaN: it was not said how the trade ended.
    weight : float64 [n]
        One over the chance that the outcome came to be known.
    """

    signals: tuple[SignalRow, ...]
    closed_ns: Int64Array
    net_return: Float64Array
    stopped: Float64Array
    weight: Float64Array

    def __len__(self) -> int:
        return len(self.signals)

    @property
    def start_ns(self) -> Int64Array:
        """Times of the signals."""
        return np.array([row.event_time_ns for row in self.signals], dtype=np.int64)

    def take(self, which: "Int64Array | BoolArray") -> "FitRows":
        """Return some of the rows."""
        chosen = np.arange(len(self))[which]
        return FitRows(
            tuple(self.signals[i] for i in chosen), self.closed_ns[chosen],
            self.net_return[chosen], self.stopped[chosen], self.weight[chosen],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Made:
    inputs: Inputs
    graph: bytes
    reference: Reference
    heads: dict[str, Json]
    break_even: float

    def probability(self, rows: FitRows) -> Float64Array:
        score = Graph(self.graph, len(self.inputs.names)).score(self.inputs.encode(rows.signals))
        heads: Any = self.heads
        z = np.clip((score - heads["centre"]) / heads["scale"], -_LIMIT, _LIMIT)
        return np.asarray(1.0 / (1.0 + np.exp(-(heads["success"][0] + heads["success"][1] * z))))


def fit_signals(
    rows: FitRows, line: str, learner: str, gates: GatesConfig, *, seed: int = 0
) -> PackageBytes:
    """Fit, judge and package; the verdict stands in the manifest.

    Parameters
    ----------
    rows : FitRows
        All that were known when the fit was asked for.
    line, learner : str
    gates : GatesConfig
    seed : int

    Raises
    ------
    Refused
        Too few rows to cut; a packaged graph that differs from what was fitted.
    UsageError
        An unknown learner.
    """
    if learner not in LEARNERS:
        raise UsageError(
            f"sidecar.lines: unknown learner {learner!r}{nearest(learner, LEARNERS)} "
            f"(known: {', '.join(LEARNERS)})"
        )
    begins = np.sort(rows.start_ns)[min(int(0.8 * len(rows)), len(rows) - 1)]
    older = rows.take((rows.start_ns < begins) & (rows.closed_ns < begins))
    newest = rows.take(rows.start_ns >= begins)
    verdict, reason, metrics = _judged(_made(older, learner, seed), newest, gates)
    made = _made(rows, learner, seed)
    manifest: dict[str, Json] = {
        "format": FORMAT,
        "line": line,
        "learner": learner,
        "parameters": plain(LEARNERS[learner]().parameters()),
        "seed": seed,
        "inputs": made.inputs.to_json(),
        "heads": made.heads,
        "break_even": made.break_even,
        "reference": made.reference.to_json(made.inputs.names),
        "data": {
            "rows": len(rows),
            "first": int(rows.start_ns.min()),
            "last": int(rows.closed_ns.max()),
        },
        "verdict": verdict,
        "reason": reason,
        "metrics": plain(metrics),
    }
    return PackageBytes.seal(manifest, made.graph)


def _made(rows: FitRows, learner: str, seed: int) -> _Made:
    """Fit on rows alone: learner on the oldest 70 %, stopping by 10 %, heads on the newest 20 %."""
    every = np.arange(len(rows), dtype=np.int64)
    try:
        parts = InnerSplitter().split(rows.start_ns, rows.closed_ns, every)
    except UsageError as error:
        raise Refused(f"too few outcomes to learn from: {error}") from error
    inputs = Inputs.of(rows.take(parts.fit).signals)
    first, later = (_training(rows.take(part), inputs) for part in (parts.fit, parts.stop))
    fitted = LEARNERS[learner]().fit(first, validation=later, seed=seed)
    graph = fitted.to_onnx(len(inputs.names))
    calibrate = rows.take(parts.calibrate)
    x = inputs.encode(calibrate.signals)
    score = Graph(graph, len(inputs.names)).score(x)
    gap = float(np.abs(score - fitted.score(x)).max())
    if not gap <= _TOLERANCE:
        raise Refused(f"what was packaged is not what was trained: scores differ by {gap:.3g}")
    won = rows.net_return > 0.0
    win, loss = _mean(rows, won), -_mean(rows, ~won)
    even = loss / (win + loss) if win + loss > 0.0 else 0.5
    return _Made(inputs, graph, Reference.fit(first.features), _heads(score, calibrate), even)


def _training(rows: FitRows, inputs: Inputs) -> TrainingRows:
    unknown = np.full(len(rows), np.nan)
    return TrainingRows(
        inputs.encode(rows.signals), (rows.net_return > 0.0).astype(np.float64), rows.weight,
        rows.start_ns, rows.closed_ns, unknown, unknown, inputs.names,
    )  # fmt: skip


def _mean(rows: FitRows, which: BoolArray) -> float:
    weight = rows.weight[which]
    return float(np.average(rows.net_return[which], weights=weight)) if weight.sum() > 0 else 0.0


def _heads(score: Float64Array, rows: FitRows) -> dict[str, Json]:
    """Lines over the standardised score, each slope shrunk, and of the sign that makes sense."""
    weight = rows.weight * (len(rows) / rows.weight.sum())
    centre = float(np.average(score, weights=weight))
    deviation = float(np.sqrt(np.average(np.square(score - centre), weights=weight)))
    scale = deviation if deviation > 1e-9 else 1.0
    z = np.clip((score - centre) / scale, -_LIMIT, _LIMIT)
    won = (rows.net_return > 0.0).astype(np.float64)
    success = fit_sigmoid(z, won, weight, prior_rows=_PRIOR_ROWS, sign=1)
    reward = _ridge(z, rows.net_return, weight, sign=1)
    said = np.isfinite(rows.stopped)
    risk: Json = None
    if said.sum() >= _LEAST_KNOWN:
        found = fit_sigmoid(
            z[said], rows.stopped[said], weight[said], prior_rows=_PRIOR_ROWS, sign=-1
        )
        risk = [found.intercept, found.slope]
    minutes = (rows.closed_ns - rows.start_ns) / 60e9
    left_over = rows.net_return - (reward[0] + reward[1] * z)
    interval = residual_interval(left_over, 0.9, weight)
    return {
        "centre": centre,
        "scale": scale,
        "success": [success.intercept, success.slope],
        "reward": list(reward),
        "risk": risk,
        "time": list(_ridge(z, minutes, weight, sign=0)),
        "interval": [end if math.isfinite(end) else None for end in interval],
    }


def _ridge(
    z: Float64Array, y: Float64Array, weight: Float64Array, *, sign: int
) -> tuple[float, float]:
    n = effective_size(weight)
    w = weight / weight.sum()
    mean_z, mean_y = float(w @ z), float(w @ y)
    slope = n * float(w @ ((z - mean_z) * (y - mean_y)))
    slope /= n * float(w @ np.square(z - mean_z)) + _PRIOR_ROWS
    if sign and slope * sign < 0.0:
        slope = 0.0
    return mean_y - slope * mean_z, slope


def _judged(made: _Made, newest: FitRows, gates: GatesConfig) -> tuple[str, str, dict[str, float]]:
    """Verdict on a fit by outcomes that it never saw: a veto, never a promotion."""
    won = newest.net_return > 0.0
    chance = made.probability(newest)
    base = np.full(len(newest), 1.0 / (1.0 + math.exp(-float(_success(made)))))
    worse = log_loss(won, chance) - log_loss(won, base)
    error = float(worse.std(ddof=1) / math.sqrt(len(worse))) if len(worse) > 1 else math.nan
    metrics = {
        "samples": float(len(newest)),
        "hold_out_auc": auc(won, chance),
        "hold_out_log_loss": float(log_loss(won, chance).mean()),
        "hold_out_base_log_loss": float(log_loss(won, base).mean()),
        "hold_out_win_rate": float(won.mean()),
    }
    if not np.isfinite(chance).all():
        return "vetoed", "it forecasts numbers that are none", metrics
    if worse.mean() > gates.veto_errors * error + _TOLERANCE:
        return "vetoed", "on outcomes it never saw it is worse than always saying the same", metrics
    if metrics["hold_out_auc"] > gates.max_auc:
        said = f"a hold-out AUC of {metrics['hold_out_auc']:.2f} is too good to be true"
        return "needs_approval", said, metrics
    return "accepted", "", metrics


def _success(made: _Made) -> float:
    heads: Any = made.heads
    return float(heads["success"][0])
