"""Picture of calibration: what was stated against what happened, with its bands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgekeeper.report.axis import Tick, share_ticks
from edgekeeper.report.wording import count, percent
from edgekeeper.stats.calibration import Reliability
from edgekeeper.stats.scores import Scores

__all__ = ["CalibrationPicture", "Dot", "calibration_picture", "knowing_nothing"]


@dataclass(frozen=True, slots=True)
class Dot:
    """One bin, positions in per cent of the square; ``size_px`` grows with the bin's weight."""

    left: float
    top: float
    band_top: float
    band_height: float
    size_px: float
    honest: bool
    text: str


@dataclass(frozen=True, slots=True)
class CalibrationPicture:
    """A square with the same axis both ways, so that the diagonal means "as stated"."""

    dots: Sequence[Dot]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    sentence: str


def calibration_picture(table: Reliability | None) -> CalibrationPicture | None:
    """Lay out a reliability table; None where it holds no bin without gaps."""
    if table is None:
        return None
    known = np.isfinite(table.stated) & np.isfinite(table.observed)
    known &= np.isfinite(table.low) & np.isfinite(table.high)
    if not known.any():
        return None
    values = np.concatenate([table.stated[known], table.low[known], table.high[known]])
    low, high = max(0.0, float(values.min()) - 0.02), min(1.0, float(values.max()) + 0.02)

    def place(value: float) -> float:
        return 100.0 * (value - low) / (high - low)

    heaviest = float(np.nanmax(table.weight[known]))
    dots = []
    for i in np.flatnonzero(known):
        stated, observed = float(table.stated[i]), float(table.observed[i])
        band = float(table.low[i]), float(table.high[i])
        share = float(table.weight[i]) / heaviest if heaviest > 0 else 1.0
        dots.append(
            Dot(
                left=place(stated),
                top=100.0 - place(observed),
                band_top=100.0 - place(band[1]),
                band_height=place(band[1]) - place(band[0]),
                size_px=6.0 + 7.0 * share**0.5,
                honest=band[0] <= stated <= band[1],
                text=f"stated {percent(stated)}, happened {percent(observed)} "
                f"({percent(band[0])} to {percent(band[1])}; "
                f"{count(float(table.effective[i]))} independent observations)",
            )
        )
    ticks = [Tick(place(t.position), t.label) for t in share_ticks(low, high)]
    return CalibrationPicture(
        dots, ticks, [Tick(100.0 - t.position, t.label) for t in ticks], _sentence(dots)
    )


def knowing_nothing(scores: Scores) -> tuple[float, float]:
    """Brier score and log loss of stating the base rate every time; NaN without outcomes."""
    share = scores.base_rate
    if not 0.0 < share < 1.0:
        return (math.nan, math.nan) if math.isnan(share) else (0.0, 0.0)
    entropy = -share * math.log(share) - (1.0 - share) * math.log1p(-share)
    return share * (1.0 - share), entropy


def _sentence(dots: Sequence[Dot]) -> str:
    off = sum(not dot.honest for dot in dots)
    groups = "1 group" if len(dots) == 1 else f"{len(dots)} groups"
    if off == 0:
        return f"In all of {groups} of forecasts, what was stated lies within the band."
    return f"In {off} of {groups} of forecasts, what was stated lies outside the band."
