"""Explanation: why a decision came out as it did, and what a model listens to."""

from edgekeeper.explain.attribution import (
    Attribution,
    Overview,
    Part,
    attribution_of,
    overview_of,
)
from edgekeeper.explain.background import background_of, evenly_spaced, peer_rows
from edgekeeper.explain.explainer import Explainer
from edgekeeper.explain.importance import score_sensitivity
from edgekeeper.explain.scores import explain_scores
from edgekeeper.explain.shapley import Shapley, shapley_values
from edgekeeper.explain.why import Answer, why

__all__ = [
    "Answer",
    "Attribution",
    "Explainer",
    "Overview",
    "Part",
    "Shapley",
    "attribution_of",
    "background_of",
    "evenly_spaced",
    "explain_scores",
    "overview_of",
    "peer_rows",
    "score_sensitivity",
    "shapley_values",
    "why",
]
