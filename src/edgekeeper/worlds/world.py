"""A market made by ourselves, with the truth about it alongside."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgekeeper.bars import Bars
from edgekeeper.types import Float64Array
from edgekeeper.worlds.relation import Relation

if TYPE_CHECKING:
    import polars as pl

__all__ = ["World"]


@dataclass(frozen=True, slots=True)
class World:
    """Bars and what is true about them. Only tests and benchmarks may look at the truth.

    Attributes
    ----------
    bars : Bars
    kind : str
        Name in the registry of worlds.
    seed : int
    state : float64 [N]
        Hidden state at each bar's close, standard normal in the long run; 0 without an edge.
    alpha : float64 [N]
        Mean simple return of the symbol's next bar, open to close, that is owed to the state.
    drift : float64 [N]
        Mean simple return of the symbol's next bar, close to close, that is owed to time alone.
    best_net_sharpe : float
        Annual Sharpe ratio, after costs, that a cost-aware policy knowing ``alpha`` earned in
        these bars; 0 where there is nothing to know.
    drift_sharpe : float
        True annual Sharpe ratio of holding all symbols at equal risk, without costs.
    notes : tuple of str
        How this world was made, in sentences.
    facts : polars.DataFrame or None
        A further column as its source delivered it, see :mod:`worlds.leak`.
    relation : Relation or None
        What its bars were drawn with; None without an edge.
    """

    bars: Bars
    kind: str
    seed: int
    state: Float64Array
    alpha: Float64Array
    drift: Float64Array
    best_net_sharpe: float
    drift_sharpe: float
    notes: tuple[str, ...] = ()
    facts: "pl.DataFrame | None" = None
    relation: Relation | None = None

    @property
    def expected(self) -> Float64Array:
        """Mean simple return of the symbol's next bar, close to close, given all that is true."""
        return self.alpha + self.drift + self.alpha * self.drift
