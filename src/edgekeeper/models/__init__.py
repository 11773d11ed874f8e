"""Models: one direction score per bar from a learner, heads that make forecasts of it, packages.

A *learner* (``learners``) is fitted to whether the long or the short side of a bar does better.
*Heads* (``fit_heads``), fitted on later rows, turn its score into probability, expected return,
interval, risk and time held of both sides. Both make a ``Model``; ``build_package`` turns it into
bytes that forecast the same and need no training library, ``load_package`` reads them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from edgekeeper.models.augmentation import Augmented
from edgekeeper.models.ensembles import ENSEMBLES
from edgekeeper.models.head_fitting import fit_heads, heads_for
from edgekeeper.models.heads import Heads, Outcomes
from edgekeeper.models.learners import LEARNERS as SINGLE_LEARNERS
from edgekeeper.models.learners import LearnerClass, look_back_of, placed, share_fits
from edgekeeper.models.manifest import DataWindow, Lineage, Manifest, Provenance
from edgekeeper.models.model import Model
from edgekeeper.models.package import PackageBytes, PackagedModel, load_package
from edgekeeper.models.packaging import build_package
from edgekeeper.models.parity import Parity
from edgekeeper.models.reference import Reference
from edgekeeper.models.selection import Scaled, Selection, select_features
from edgekeeper.models.sums import summed_in_order

__all__ = [
    "LEARNERS",
    "Augmented",
    "DataWindow",
    "Heads",
    "LearnerClass",
    "Lineage",
    "Manifest",
    "Model",
    "Outcomes",
    "PackageBytes",
    "PackagedModel",
    "Parity",
    "Provenance",
    "Reference",
    "Scaled",
    "Selection",
    "build_package",
    "fit_heads",
    "heads_for",
    "load_package",
    "look_back_of",
    "placed",
    "select_features",
    "share_fits",
    "summed_in_order",
]

LEARNERS: Mapping[str, LearnerClass] = MappingProxyType({**SINGLE_LEARNERS, **ENSEMBLES})
"""Whatever a line can learn with: those of ``learners``, and ensembles of them."""
