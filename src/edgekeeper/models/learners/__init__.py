"""The shelf of learners: each one file, one class, one line in ``LEARNERS``.

A learner follows ``types.Learner``, its class :class:`LearnerClass`, and it passes
``testing.learners``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from edgekeeper.models.learners.contract import LearnerClass
from edgekeeper.models.learners.lightgbm import LightGBM
from edgekeeper.models.learners.logistic import Logistic
from edgekeeper.models.learners.shared_fits import SharedFits, share_fits
from edgekeeper.models.learners.space import Span

__all__ = ["LEARNERS", "LearnerClass", "LightGBM", "Logistic", "SharedFits", "Span", "share_fits"]

LEARNERS: Mapping[str, LearnerClass] = MappingProxyType(
    {
        "lightgbm": LightGBM,
        "logistic": Logistic,
    }
)
