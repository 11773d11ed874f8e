"""Many questions at once: p-values adjusted so that few of the answers are false discoveries."""

from typing import Literal

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.types import Float64Array

__all__ = ["adjusted_p_values"]


def adjusted_p_values(
    p_values: Float64Array, *, method: Literal["yekutieli", "hochberg"] = "yekutieli"
) -> Float64Array:
    """Smallest false discovery rate at which each question would be answered yes, ``[n]``.

    A question whose p-value is NaN was not asked: it stays NaN and does not count.

    Parameters
    ----------
    method : {"yekutieli", "hochberg"}
        Benjamini-Yekutieli holds under any dependence between the questions; Benjamini-Hochberg
        asks for independence or positive dependence, and finds more.

    Raises
    ------
    BadData
        P-values outside [0, 1].

    Source: Benjamini & Hochberg (1995); Benjamini & Yekutieli (2001), theorem 1.3.

    Examples
    --------
    >>> adjusted_p_values(np.array([0.01, 0.04, 0.5]), method="hochberg").round(4).tolist()
    [0.03, 0.06, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    known = ~np.isnan(p)
    asked = p[known]
    if p.ndim != 1 or ((asked < 0.0) | (asked > 1.0)).any():
        raise BadData(f"expected p-values from 0 to 1, got {asked[(asked < 0) | (asked > 1)][:3]}")
    if method not in ("yekutieli", "hochberg"):
        raise UsageError(f'method: expected "yekutieli" or "hochberg", got {method!r}')
    adjusted = np.full(p.shape, np.nan)
    n = len(asked)
    if n == 0:
        return adjusted
    order = np.argsort(asked, kind="stable")
    rank = np.arange(1, n + 1)
    penalty = float((1.0 / rank).sum()) if method == "yekutieli" else 1.0
    stepped = np.minimum.accumulate((asked[order] * n * penalty / rank)[::-1])[::-1]
    answers = np.empty(n)
    answers[order] = np.minimum(stepped, 1.0)
    adjusted[known] = answers
    return adjusted
