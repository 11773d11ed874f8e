"""Rollout: lines, their stages, the evidence they need, and the rules by which they move."""

from edgekeeper.rollout.evidence import NULLS, BookBars, EvidenceBars, LineEvidence
from edgekeeper.rollout.lines import RULES_LINE, Line, Stage, recipe_hash, recipe_of
from edgekeeper.rollout.market_risk import MarketRisk
from edgekeeper.rollout.moves import ALLOWED, Move, next_move

__all__ = [
    "ALLOWED",
    "NULLS",
    "RULES_LINE",
    "BookBars",
    "EvidenceBars",
    "Line",
    "LineEvidence",
    "MarketRisk",
    "Move",
    "Stage",
    "next_move",
    "recipe_hash",
    "recipe_of",
]
