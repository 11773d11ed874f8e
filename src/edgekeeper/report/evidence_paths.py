"""Pictures of a line's evidence: three bets against their threshold, and the watch for harm."""

import math

import numpy as np

from edgekeeper.report.axis import wealth_ticks
from edgekeeper.report.charts import Chart, Series, line_chart
from edgekeeper.report.story import LineStory
from edgekeeper.report.wording import wealth
from edgekeeper.types import Float64Array

__all__ = ["evidence_chart", "harm_chart", "least_evidence"]

# Whether a lost bet stands at a thousandth or a billionth changes no decision.
_FLOOR = math.log(1e-3)


def least_evidence(line: LineStory) -> Float64Array:
    """The weakest of the three, which decides; NaN where one of them is missing."""
    return np.minimum(np.minimum(line.log_cash, line.log_exposure), line.log_incumbent)


def evidence_chart(line: LineStory) -> Chart | None:
    """Wealth of the bets against the three nulls, on a logarithmic scale."""
    least, threshold = least_evidence(line), line.log_threshold
    return line_chart(
        line.time_ns,
        [
            # A broad band beneath the line that happens to be the weakest.
            Series("Weakest of the three", "least", least, wealth, layer=-1),
            Series("Against cash", "cash", line.log_cash, wealth),
            Series("Against its own exposure", "exposure", line.log_exposure, wealth),
            Series("Against the incumbent", "incumbent", line.log_incumbent, wealth),
            Series("Needed", "threshold", threshold, wealth),
        ],
        ticks=wealth_ticks,
        label=f"Evidence of line {line.name}: {_ending(least, threshold)}",
        height_px=260,
        limits=(_FLOOR, math.inf),
    )


def _ending(least: Float64Array, threshold: Float64Array) -> str:
    if len(least) == 0:
        return "none yet"
    return (
        f"the weakest of three bets stands at {wealth(float(least[-1]))}, "
        f"needed {wealth(float(threshold[-1]))}"
    )


def harm_chart(line: LineStory) -> Chart | None:
    """The detector's value while the line traded; None if it never did."""
    if not np.isfinite(line.harm).any():
        return None
    with np.errstate(divide="ignore"):
        values = np.log(line.harm)
    threshold = math.log(line.harm_threshold) if line.harm_threshold > 0 else math.nan
    return line_chart(
        line.time_ns,
        [
            Series("Harm", "harm", values, wealth),
            Series("Retreat at", "threshold", np.full(len(values), threshold), wealth),
        ],
        ticks=lambda low, high: wealth_ticks(low, high, 4),
        label=f"Harm detector of line {line.name} while it traded",
        height_px=140,
        limits=(0.0, math.inf),
    )
