"""What became of a signal: net outcomes of brackets and horizons, and how much each counts."""

from edgekeeper.labels.horizon import FixedHorizon, HorizonLabels
from edgekeeper.labels.peers import against_peers
from edgekeeper.labels.record import NEVER, Labels
from edgekeeper.labels.sequential_bootstrap import next_draw_probability, sequential_bootstrap
from edgekeeper.labels.signal_barriers import SignalLabels, label_signals
from edgekeeper.labels.tasks import TaskLabels, task_labels
from edgekeeper.labels.triple_barrier import TripleBarrier
from edgekeeper.labels.weights import average_uniqueness, label_uniqueness, recency

__all__ = [
    "NEVER",
    "FixedHorizon",
    "HorizonLabels",
    "Labels",
    "SignalLabels",
    "TaskLabels",
    "TripleBarrier",
    "against_peers",
    "average_uniqueness",
    "label_signals",
    "label_uniqueness",
    "next_draw_probability",
    "recency",
    "sequential_bootstrap",
    "task_labels",
]
