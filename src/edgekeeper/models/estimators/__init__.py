"""Estimators of one's own: scikit-learn classifiers and pipelines as learners."""

from edgekeeper.models.estimators.wrap import Wrapped, wrap

__all__ = ["Wrapped", "wrap"]
