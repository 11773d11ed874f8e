"""Explanation: why a decision came out as it did, and what a model listens to."""

from edgekeeper.explain.importance import score_sensitivity
from edgekeeper.explain.why import Answer, why

__all__ = ["Answer", "score_sensitivity", "why"]
