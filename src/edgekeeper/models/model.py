"""A trained model in memory: a fitted learner, its heads, and what its features are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgekeeper.models.canonical import Json
from edgekeeper.models.forecasting import checked_inputs, finish
from edgekeeper.models.heads import Heads
from edgekeeper.models.reference import Reference
from edgekeeper.models.selection.selected import Selection
from edgekeeper.types import Fitted, Float32Array, Float64Array, Forecasts, Int64Array

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
    selection : Selection or None
        Where features were chosen: :attr:`features` are those kept of a wider table, and rows come
        with all columns of that table.
    """

    features: Mapping[str, str]
    volatility: str
    fitted: Fitted
    heads: Heads
    reference: Reference
    learner: str
    parameters: Mapping[str, Json]
    seed: int
    selection: Selection | None = None

    @property
    def width(self) -> int:
        """How many columns :meth:`forecast` expects."""
        return len(self.features) if self.selection is None else self.selection.width

    def alone(self, features: Float32Array) -> "tuple[Model, Float32Array]":
        """Return the same model without the columns that it does not read, and rows for it."""
        if self.selection is None:
            return self, features
        return replace(self, selection=None), self.selection.columns(features)

    def forecast(
        self,
        features: Float32Array,
        volatility: Float64Array,
        event_time: Int64Array | None = None,
    ) -> Forecasts:
        """Forecast both sides of ``n`` rows.

        Parameters
        ----------
        features : float32 [n, F]
            Columns in the order of :attr:`features`, or of the table they were selected from.
        volatility : float64 [n]
            Predicted deviation of one bar's return.
        event_time : int64 [n], optional
            Of each row's bar, nanoseconds UTC; a model that compares symbols needs it.

        Raises
        ------
        BadData
            Shapes that do not fit, no times for a model that compares symbols.
        """
        x, v = checked_inputs(features, volatility, self.width)
        if self.selection is not None:
            x = self.selection.columns(x)
        return finish(self.fitted.score(x), x, v, self.heads, self.reference, event_time)
