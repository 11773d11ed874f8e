"""Single steps by hand: train a model, judge a model or anyone's forecasts, compare, back-test.

The loop of ``replay`` does all of this by itself; these are for looking closer.
"""

from edgekeeper.workbench.backtesting import BacktestResult, backtest
from edgekeeper.workbench.comparing import Comparison, compare
from edgekeeper.workbench.judging import Judgement, validate
from edgekeeper.workbench.training import Trained, train

__all__ = [
    "BacktestResult",
    "Comparison",
    "Judgement",
    "Trained",
    "backtest",
    "compare",
    "train",
    "validate",
]
