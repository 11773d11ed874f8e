"""Ensembles: learners made of learners, each one file, one class, one line in ``ENSEMBLES``.

Members are named in the parameters and fitted side by side; a rule makes one score of theirs, and
one graph holds them all. What a rule learns, it learns from forecasts of rows that the members
had not seen, with outcomes known at the fit.
"""

from collections.abc import Mapping
from types import MappingProxyType

from edgekeeper.models.ensembles.average import Average
from edgekeeper.models.ensembles.components import Components
from edgekeeper.models.ensembles.recent import Recent
from edgekeeper.models.ensembles.regime import Regime
from edgekeeper.models.ensembles.stack import Stack
from edgekeeper.models.ensembles.vote import Vote
from edgekeeper.models.learners.contract import LearnerClass

__all__ = ["ENSEMBLES", "Average", "Components", "Recent", "Regime", "Stack", "Vote"]

ENSEMBLES: Mapping[str, LearnerClass] = MappingProxyType(
    {
        "average": Average,
        "components": Components,
        "recent": Recent,
        "regime": Regime,
        "stack": Stack,
        "vote": Vote,
    }
)
