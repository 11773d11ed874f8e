"""Shifting a forecast towards one side: what one side gains in expectation, the other loses.

The two sides of a bar are mirror images, as they are for the heads. Shifting both the same way
would forecast the market's drift, which is one number shared by all symbols and mostly chance.
"""

import numpy as np

from edgekeeper.types import Float64Array, Forecasts

__all__ = ["shifted"]

_TOWARDS_LONG = np.array([1.0, -1.0])


def shifted(
    forecasts: Forecasts, unit: Float64Array, reward: Float64Array, log_odds: Float64Array
) -> Forecasts:
    """Shift forecasts of ``n`` bars towards the long side; where nothing shifts, bytes stay.

    Parameters
    ----------
    unit : float64 [n]
        Predicted deviation of the return over the horizon.
    reward : float64 [n]
        Added to the expected return of the long side, taken from the short side's, in units.
    log_odds : float64 [n]
        Half of it is added to the log-odds of the long side's success and of the short side's
        stop, and taken from the other two.
    """
    moves = ((reward != 0.0) | (log_odds != 0.0))[:, None]
    if not moves.any():
        return forecasts
    by_return = (reward * unit)[:, None] * _TOWARDS_LONG
    by_odds = 0.5 * log_odds[:, None] * _TOWARDS_LONG
    return Forecasts(
        probability=np.where(moves, _moved(forecasts.probability, by_odds), forecasts.probability),
        expected_return=np.where(
            moves, forecasts.expected_return + by_return, forecasts.expected_return
        ),
        lower=np.where(moves, forecasts.lower + by_return, forecasts.lower),
        upper=np.where(moves, forecasts.upper + by_return, forecasts.upper),
        risk=np.where(moves, _moved(forecasts.risk, -by_odds), forecasts.risk),
        bars_held=forecasts.bars_held,
        novelty=forecasts.novelty,
    )


def _moved(probability: Float64Array, by: Float64Array) -> Float64Array:
    """Move probabilities on the scale of log-odds; 0 and 1 stay."""
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(probability) - np.log1p(-probability)
        return np.asarray(1.0 / (1.0 + np.exp(-(odds + by))))
