"""The trading loop: decide, fill, record; apply the rules of rollout at each epoch's boundary."""

from edgekeeper.trade.accounts import ACCOUNTS, DOUBLE_COST
from edgekeeper.trade.answers import ADOPT, LEARN, NO_FIT, PASS_OVER
from edgekeeper.trade.epochs import cut_epochs, same_epoch
from edgekeeper.trade.loop import BARS, BOUNDARY, HISTORY, TradeLoop
from edgekeeper.trade.obeying import DONE, ORDERS
from edgekeeper.trade.orders import Bequest, Order
from edgekeeper.trade.policy_changes import change_policies, policies_to_learn
from edgekeeper.trade.rules import RuleSignals, rule_signals, rules_in_words
from edgekeeper.trade.seats import FeatureRows
from edgekeeper.trade.strategies import pin_files
from edgekeeper.trade.tape import Tape

__all__ = [
    "ACCOUNTS",
    "ADOPT",
    "BARS",
    "BOUNDARY",
    "DONE",
    "DOUBLE_COST",
    "HISTORY",
    "LEARN",
    "NO_FIT",
    "ORDERS",
    "PASS_OVER",
    "Bequest",
    "FeatureRows",
    "Order",
    "RuleSignals",
    "Tape",
    "TradeLoop",
    "change_policies",
    "cut_epochs",
    "pin_files",
    "policies_to_learn",
    "rule_signals",
    "rules_in_words",
    "same_epoch",
]
