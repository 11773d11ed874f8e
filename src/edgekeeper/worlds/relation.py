"""What is fixed about a market with an edge: all that its bars were drawn with but the chances."""

from dataclasses import dataclass

from edgekeeper.types import Float64Array
from edgekeeper.worlds.edge import Edge

__all__ = ["Relation"]


@dataclass(frozen=True, slots=True)
class Relation:
    """How state, volume, range and return of a bar hang together, as it is at each bar.

    Attributes
    ----------
    edge : Edge
        With the sign and the angle of every bar.
    strength : float
        Mean return of a session per unit of predictable volatility and of the state before it.
    typical : float64 [S]
        Long-run standard deviation of a bar.
    drift : float64 [S]
        Mean simple return of a bar that is owed to time alone.
    volume_level : float64 [S]
        Long-run mean of the log of the volume where neither move nor state adds to it.
    """

    edge: Edge
    strength: float
    typical: Float64Array
    drift: Float64Array
    volume_level: Float64Array
