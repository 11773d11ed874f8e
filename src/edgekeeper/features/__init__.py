"""Features: text in, numbers out, the same to the last bit in research and live.

Expressions over columns are parsed (never evaluated), shared calculations are merged into one
graph, and the graph becomes a program of compiled kernels that step over chunks of rows and carry
their memory along. A kernel has only seen the past, so a feature cannot look ahead.
"""

from edgekeeper.features.batches import FeatureBatches
from edgekeeper.features.catalogue import CATALOGUES, CatalogueEntry, catalogue
from edgekeeper.features.check import CheckReport
from edgekeeper.features.describe import Description, describe, words
from edgekeeper.features.drawing import draw
from edgekeeper.features.feature_set import MAX_FEATURES, FeatureSet, evaluate
from edgekeeper.features.growing import GrowingMatrix, GrownRows
from edgekeeper.features.indicators import Indicator, indicators
from edgekeeper.features.ops import OPS, Op, Param, register, window
from edgekeeper.features.sources import source_of
from edgekeeper.features.stream import FeatureStream

__all__ = [
    "CATALOGUES",
    "MAX_FEATURES",
    "OPS",
    "CatalogueEntry",
    "CheckReport",
    "Description",
    "FeatureBatches",
    "FeatureSet",
    "FeatureStream",
    "GrowingMatrix",
    "GrownRows",
    "Indicator",
    "Op",
    "Param",
    "catalogue",
    "describe",
    "draw",
    "evaluate",
    "indicators",
    "register",
    "source_of",
    "window",
    "words",
]
