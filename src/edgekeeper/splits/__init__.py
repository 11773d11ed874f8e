"""Who may train on what: purged splits in time, walk-forward, combinatorial, the hold-out.

All work on label intervals ``start`` (decision) and ``end`` (outcome known) and cut by time, so
panels of many symbols stay whole. :class:`CrossValidation` makes any of them a ``cv`` for
scikit-learn.
"""

from edgekeeper.splits.combinatorial import CombinatorialPurged
from edgekeeper.splits.cross_validation import CrossValidation
from edgekeeper.splits.hold_out import HoldOut, Readings
from edgekeeper.splits.inner import InnerSplit, InnerSplitter
from edgekeeper.splits.k_fold import PurgedKFold, time_groups
from edgekeeper.splits.purge import intervals, purged, segments, training_rows
from edgekeeper.splits.walk_forward import WalkForward

__all__ = [
    "CombinatorialPurged",
    "CrossValidation",
    "HoldOut",
    "InnerSplit",
    "InnerSplitter",
    "PurgedKFold",
    "Readings",
    "WalkForward",
    "intervals",
    "purged",
    "segments",
    "time_groups",
    "training_rows",
]
