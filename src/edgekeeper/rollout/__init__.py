"""Rollout: lines, their stages, the evidence they need, and the rules by which they move."""

from edgekeeper.rollout.evidence import NULLS, BookBars, EvidenceBars, LineEvidence
from edgekeeper.rollout.line_policy import PolicyLesson, Proposal, policy_of
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
    "PolicyLesson",
    "Proposal",
    "Stage",
    "next_move",
    "policy_of",
    "recipe_hash",
    "recipe_of",
]
