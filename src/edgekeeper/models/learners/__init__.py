"""The shelf of learners: each one file, one class, one line in ``LEARNERS``.

A learner follows ``types.Learner``, its class :class:`LearnerClass`, and it passes
``testing.learners``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from edgekeeper.models.learners.contract import LearnerClass, look_back_of, placed
from edgekeeper.models.learners.gradient_boosting import GradientBoosting
from edgekeeper.models.learners.lightgbm import LightGBM
from edgekeeper.models.learners.logistic import Logistic
from edgekeeper.models.learners.lstm import LSTM
from edgekeeper.models.learners.mlp import MLP
from edgekeeper.models.learners.multi_task import MultiTask
from edgekeeper.models.learners.random_forest import RandomForest
from edgekeeper.models.learners.shared_fits import SharedFits, share_fits
from edgekeeper.models.learners.space import Span
from edgekeeper.models.learners.svm import SVM
from edgekeeper.models.learners.windows import Windows, share_windows, side_by_side
from edgekeeper.models.learners.xgboost import XGBoost

__all__ = [
    "LEARNERS",
    "LSTM",
    "MLP",
    "SVM",
    "GradientBoosting",
    "LearnerClass",
    "LightGBM",
    "Logistic",
    "MultiTask",
    "RandomForest",
    "SharedFits",
    "Span",
    "Windows",
    "XGBoost",
    "look_back_of",
    "placed",
    "share_fits",
    "share_windows",
    "side_by_side",
]

LEARNERS: Mapping[str, LearnerClass] = MappingProxyType(
    {
        "gradient_boosting": GradientBoosting,
        "lightgbm": LightGBM,
        "logistic": Logistic,
        "lstm": LSTM,
        "mlp": MLP,
        "multi_task": MultiTask,
        "random_forest": RandomForest,
        "svm": SVM,
        "xgboost": XGBoost,
    }
)
