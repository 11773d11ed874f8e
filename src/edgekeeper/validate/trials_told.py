"""How many variants were tried before this one was picked: told, recorded, or in their returns."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.overfitting import Overfitting, overfitting
from edgekeeper.stats.trials import effective_trials
from edgekeeper.types import Float64Array

__all__ = ["TrialsTold", "count_trials", "recorded_trials"]

_BLOCKS = 10
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class TrialsTold:
    """Trials as far as they are known.

    Attributes
    ----------
    number : int or None
        N; None where nobody said, and then there is no certificate.
    effective : float
        How many independent ones they amount to; N itself where their returns are not known,
        which is the cautious choice. NaN without N.
    origin : str
        Who says so.
    overfit : Overfitting or None
        Probability of back-test overfitting, where the returns of all variants came.
    """

    number: int | None
    effective: float
    origin: str
    overfit: Overfitting | None = None


def recorded_trials(gates: Mapping[str, Any]) -> int | None:
    """Return the number of trials in a package's manifest, if it has one."""
    recorded = gates.get("trials")
    if isinstance(recorded, Mapping):
        recorded = recorded.get("count")
    if isinstance(recorded, bool) or not isinstance(recorded, int | float):
        return None
    return int(recorded) if recorded >= 1 else None


def count_trials(
    told: int | None, *, recorded: int | None = None, returns: Float64Array | None = None
) -> TrialsTold:
    """Put together what is known of the trials.

    Parameters
    ----------
    told : int, optional
        By the user; not below what is on record.
    recorded : int, optional
        In the package.
    returns : float64 [periods, variants], optional
        Of every variant that was tried.

    Raises
    ------
    UsageError
        Fewer told than there are on record.
    BadData
        Returns that cannot be used.

    Examples
    --------
    >>> count_trials(40).effective, count_trials(None).number
    (40.0, None)
    """
    shown = 0
    effective, overfit = math.nan, None
    if returns is not None:
        returns = np.asarray(returns, dtype=np.float64)
        overfit = overfitting(returns, blocks=_BLOCKS)
        moving = returns[:, returns.std(axis=0) > 0.0]
        shown = returns.shape[1]
        if moving.shape[1] == 0:
            raise BadData("expected returns of variants that trade, got none that ever moved")
        correlation = np.atleast_2d(np.corrcoef(moving, rowvar=False)).clip(-1.0, 1.0)
        np.fill_diagonal(correlation, 1.0)
        effective = effective_trials(correlation)
    known = max(recorded or 0, shown)
    if told is not None and not max(known, 1) <= told <= _MOST:
        raise UsageError(
            f"trials: expected a number from {max(known, 1)} up, got {told!r}: "
            + ("as many are on record" if known > 1 else "this variant is one already")
        )
    number = told if told is not None else known or None
    if number is None:
        return TrialsTold(None, math.nan, "nobody said how many variants were tried")
    if shown:
        # Variants whose returns did not come are as independent as those that did.
        return TrialsTold(
            number, effective * number / shown, f"from the returns of {shown}", overfit
        )
    origin = "as told" if told is not None else "as the package records"
    return TrialsTold(
        number, float(number), f"{origin}; all counted as independent, without their returns"
    )
