"""What became of a signal: net outcomes of brackets and horizons, and how much each counts."""

from edgekeeper.labels.horizon import FixedHorizon, HorizonLabels
from edgekeeper.labels.record import NEVER, Labels
from edgekeeper.labels.triple_barrier import TripleBarrier
from edgekeeper.labels.weights import average_uniqueness, label_uniqueness, recency

__all__ = [
    "NEVER",
    "FixedHorizon",
    "HorizonLabels",
    "Labels",
    "TripleBarrier",
    "average_uniqueness",
    "label_uniqueness",
    "recency",
]
