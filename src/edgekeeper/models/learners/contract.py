"""What a class has to offer to stand on the shelf, beside fitting."""

from collections.abc import Mapping
from typing import Any, Protocol

from edgekeeper.models.learners.space import Span
from edgekeeper.types import Learner

__all__ = ["LearnerClass"]


class LearnerClass(Protocol):
    """A learner's class: its defaults need no argument, each parameter is a keyword.

    Attributes
    ----------
    name : str
        Its name on the shelf.
    missing_values : str
        What becomes of NaN, one sentence.
    """

    name: str
    missing_values: str

    def __call__(self, *args: Any, **parameters: Any) -> Learner:
        """Make a learner, each parameter by its name."""
        ...

    def space(self) -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        ...
