"""Between rows and learner: which features it sees, and on which scale. Fitted on its rows alone.

A selection shortens the model's own list of features, so a package asks for no feature that its
learner does not read; :class:`Scaled` becomes part of the graph.
"""

from edgekeeper.models.selection.rankings import RANKINGS
from edgekeeper.models.selection.scaled import Scaled
from edgekeeper.models.selection.select import select_features
from edgekeeper.models.selection.selected import Selection

__all__ = ["RANKINGS", "Scaled", "Selection", "select_features"]
