"""A trained model in memory: a fitted learner, its heads, and what its features are."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgekeeper.models.canonical import Json
from edgekeeper.models.forecasting import checked_inputs, finish
from edgekeeper.models.heads import Heads
from edgekeeper.models.reference import Reference
from edgekeeper.types import Fitted, Float32Array, Float64Array, Forecasts

__all__ = ["Model"]


@dataclass(frozen=True, slots=True)
class Model:
    """What training ends in, before packaging.

    Attributes
    ----------
    features : mapping of name to expression text
        In column order.
    volatility : str
        Expression of the per-bar deviation the forecasts scale with.
    fitted : Fitted
    heads : Heads
    reference : Reference
        Of the rows ``fitted`` was fitted on.
    learner : str
        Its name in ``LEARNERS``.
    parameters : mapping
        The learner's, as plain JSON values.
    seed : int
    """

    features: Mapping[str, str]
    volatility: str
    fitted: Fitted
    heads: Heads
    reference: Reference
    learner: str
    parameters: Mapping[str, Json]
    seed: int

    def forecast(self, features: Float32Array, volatility: Float64Array) -> Forecasts:
        """Forecast both sides of ``n`` rows.

        Parameters
        ----------
        features : float32 [n, F]
            Columns in the order of :attr:`features`.
        volatility : float64 [n]
            Predicted deviation of one bar's return.

        Raises
        ------
        BadData
            Shapes that do not fit.
        """
        x, v = checked_inputs(features, volatility, len(self.features))
        return finish(self.fitted.score(x), x, v, self.heads, self.reference)
