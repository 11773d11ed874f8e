"""Single steps by hand: tune, train, explain, judge a model or anyone's forecasts, back-test.

The loop of ``replay`` does all of this by itself; these are for looking closer.
"""

from edgekeeper.workbench.analysing import analyze
from edgekeeper.workbench.backtesting import BacktestResult, backtest
from edgekeeper.workbench.comparing import Comparison, compare
from edgekeeper.workbench.drifting import drift_of_run
from edgekeeper.workbench.explaining import ExplainedSignal, explain, explain_signal
from edgekeeper.workbench.judging import Judgement, validate
from edgekeeper.workbench.prequential import Prequential, prequential
from edgekeeper.workbench.reviewing import Reviewed, review
from edgekeeper.workbench.run_bars import bars_of_run
from edgekeeper.workbench.training import Trained, train
from edgekeeper.workbench.tuning import Tuned, tune

__all__ = [
    "BacktestResult",
    "Comparison",
    "ExplainedSignal",
    "Judgement",
    "Prequential",
    "Reviewed",
    "Trained",
    "Tuned",
    "analyze",
    "backtest",
    "bars_of_run",
    "compare",
    "drift_of_run",
    "explain",
    "explain_signal",
    "prequential",
    "review",
    "train",
    "tune",
    "validate",
]
