"""The trading loop: decide, fill, record; apply the rules of rollout at each epoch's boundary."""

from edgekeeper.trade.accounts import ACCOUNTS, DOUBLE_COST
from edgekeeper.trade.epochs import cut_epochs
from edgekeeper.trade.loop import TradeLoop
from edgekeeper.trade.rules import RuleSignals, rule_signals
from edgekeeper.trade.tape import Tape

__all__ = [
    "ACCOUNTS",
    "DOUBLE_COST",
    "RuleSignals",
    "Tape",
    "TradeLoop",
    "cut_epochs",
    "rule_signals",
]
