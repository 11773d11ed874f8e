"""From views and outcomes to the numbers a corrector remembers of a bar."""

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.online.contract import Outcome, View
from edgekeeper.types import LONG, SHORT, Float64Array, Int64Array

__all__ = ["COLUMNS", "INSTANT", "LEFT", "SCORE", "SLOPE", "WEIGHT", "lessons"]

INSTANT, SCORE, LEFT, WEIGHT, SLOPE = 0, 1, 2, 3, 4
_ODDS, _WON = slice(5, 7), slice(7, 9)
COLUMNS = 9
"""Instant; score; what the expected return left over; weight; what the package says a unit of score
is worth; log-odds of both sides' success; both sides' success."""

_SURE = 1e-6
_SMALL = 1e-3


def lessons(view: View, outcome: Outcome) -> tuple[Int64Array, Float64Array]:
    """Return (rows that teach something, their numbers ``[m, COLUMNS]``), in order.

    What the expected return left over is half the difference between the sides, in units of the
    deviation predicted over the horizon: the part that is about direction.

    Raises
    ------
    BadData
        Views and outcomes of different lengths.
    """
    n = len(view)
    if len(outcome) != n or outcome.net_return.shape != (n, 2) or outcome.weight.shape != (n,):
        raise BadData(f"expected outcomes and weights of {n} rows, got {len(outcome)}")
    with np.errstate(invalid="ignore"):
        told = np.isfinite(outcome.net_return).all(axis=1) & (outcome.weight > 0.0)
        told &= np.isfinite(outcome.weight)
    rows = np.flatnonzero(told & view.usable)
    net, said = outcome.net_return[rows], view.forecasts.expected_return[rows]
    chance = np.clip(view.forecasts.probability[rows], _SURE, 1.0 - _SURE)
    numbers = np.empty((len(rows), COLUMNS))
    numbers[:, INSTANT] = outcome.instant[rows]
    numbers[:, SCORE] = view.score[rows]
    unit, score = view.unit[rows], view.score[rows]
    came, told_so = (0.5 * (x[:, LONG] - x[:, SHORT]) / unit for x in (net, said))
    numbers[:, LEFT] = came - told_so
    numbers[:, WEIGHT] = outcome.weight[rows]
    steep = np.abs(score) > _SMALL
    numbers[:, SLOPE] = np.where(steep, told_so / np.where(steep, score, 1.0), 0.0)
    numbers[:, _ODDS] = np.log(chance) - np.log1p(-chance)
    numbers[:, _WON] = net > 0.0
    return rows, numbers
