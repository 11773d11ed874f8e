"""One question a fit or a model has to answer, with everything its answer rests on."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from edgekeeper.stats.resampling import Interval

__all__ = ["Gate", "ceiling", "floor"]

Sense = Literal["", "at least", "above", "at most"]


@dataclass(frozen=True, slots=True)
class Gate:
    """A question and its answer.

    Attributes
    ----------
    name : str
    passed : bool
    detail : str
        The answer as a sentence.
    figure, low, high : float
        What was measured, with its 95 % interval; NaN where there is none.
    threshold : float
        What it was held against; ``sense`` says how.
    window : (first, last), optional
        Time measured over, nanoseconds UTC, both ends included.
    trials : float
        How many variants were known to have been tried when it was asked; NaN where unknown.
    """

    name: str
    passed: bool
    detail: str
    figure: float = math.nan
    low: float = math.nan
    high: float = math.nan
    threshold: float = math.nan
    sense: Sense = ""
    window: tuple[int, int] | None = None
    trials: float = math.nan

    def record(self) -> dict[str, Any]:
        """Everything as plain JSON values; what is not known is None."""
        numbers = ("figure", "low", "high", "threshold", "trials")
        return {
            "name": self.name,
            "passed": self.passed,
            "detail": self.detail,
            **{n: v if math.isfinite(v := getattr(self, n)) else None for n in numbers},
            "sense": self.sense,
            "window": None if self.window is None else list(self.window),
        }


def floor(
    name: str,
    figure: Interval,
    threshold: float,
    *,
    strict: bool = False,
    window: tuple[int, int] | None = None,
    trials: float = math.nan,
    note: str = "",
    digits: int = 3,
) -> Gate:
    """Ask for a figure at or above a threshold; a figure that is not known does not pass.

    Examples
    --------
    >>> floor("AUC", Interval(0.7, 0.6, 0.8), 0.65, strict=True).detail
    'AUC 0.700 (0.600 to 0.800), asked above 0.65'
    """
    passed = figure.value > threshold if strict else figure.value >= threshold
    sense: Sense = "above" if strict else "at least"
    return _asked(name, figure, threshold, sense, bool(passed), window, trials, note, digits)


def ceiling(
    name: str,
    figure: Interval,
    threshold: float,
    *,
    window: tuple[int, int] | None = None,
    trials: float = math.nan,
    note: str = "",
    digits: int = 3,
) -> Gate:
    """Ask for a figure at or below a threshold; a figure that is not known does not pass."""
    passed = bool(figure.value <= threshold)
    return _asked(name, figure, threshold, "at most", passed, window, trials, note, digits)


def _asked(
    name: str,
    figure: Interval,
    threshold: float,
    sense: Sense,
    passed: bool,
    window: tuple[int, int] | None,
    trials: float,
    note: str,
    digits: int,
) -> Gate:
    said = "unknown" if math.isnan(figure.value) else f"{figure.value:.{digits}f}"
    if math.isfinite(figure.low) and math.isfinite(figure.high):
        said += f" ({figure.low:.{digits}f} to {figure.high:.{digits}f})"
    detail = f"{name} {said}, asked {sense} {threshold:g}" + (f"; {note}" if note else "")
    return Gate(
        name, passed, detail, figure.value, figure.low, figure.high, threshold, sense, window,
        trials,
    )  # fmt: skip
