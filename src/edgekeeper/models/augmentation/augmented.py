"""A learner that fits more rows than it is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from edgekeeper.config import AugmentationConfig
from edgekeeper.models.augmentation.bootstrap import bootstrap
from edgekeeper.models.augmentation.smote import smote
from edgekeeper.models.learners.rows import training_rows
from edgekeeper.types import Fitted, Learner, TrainingRows

__all__ = ["AUGMENTATIONS", "Augmented"]


class _Augments(Protocol):
    def __call__(self, rows: TrainingRows, rule: AugmentationConfig, *, seed: int) -> TrainingRows:
        """Return the cleaned rows and further ones made of them, oldest first."""
        ...


AUGMENTATIONS: Mapping[str, _Augments] = MappingProxyType({"bootstrap": bootstrap, "smote": smote})
"""By name, as ``lines.augmentation.by`` has it; one line each."""


@dataclass(frozen=True, slots=True)
class Augmented:
    """A learner on augmented rows; what stops it early stays as it is."""

    learner: Learner
    rule: AugmentationConfig

    @property
    def name(self) -> str:
        """That of the learner."""
        return self.learner.name

    def parameters(self) -> dict[str, Any]:
        """The learner's, and the rule."""
        return {**self.learner.parameters(), "augmentation": self.rule.model_dump(mode="json")}

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Add rows made of ``rows`` alone, and fit."""
        rows = AUGMENTATIONS[self.rule.by](training_rows(rows), self.rule, seed=seed)
        return self.learner.fit(rows, validation=validation, seed=seed)
