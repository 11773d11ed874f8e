"""Strategies: ready ones as data, several that vote, and a user's own file."""

from edgekeeper.trade.strategies.expressions import ExpressionSignals
from edgekeeper.trade.strategies.own_code import file_hash
from edgekeeper.trade.strategies.own_signals import OwnSignals
from edgekeeper.trade.strategies.own_strategy import OwnStrategy, open_strategy
from edgekeeper.trade.strategies.past_proof import prove_past
from edgekeeper.trade.strategies.pinning import pin_files
from edgekeeper.trade.strategies.ready_made import READY, ReadyStrategy, ready_strategy
from edgekeeper.trade.strategies.voting import REGIMES, WeightedVote

__all__ = [
    "READY",
    "REGIMES",
    "ExpressionSignals",
    "OwnSignals",
    "OwnStrategy",
    "ReadyStrategy",
    "WeightedVote",
    "file_hash",
    "open_strategy",
    "pin_files",
    "prove_past",
    "ready_strategy",
]
