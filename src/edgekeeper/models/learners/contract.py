"""What a class has to offer to stand on the shelf, beside fitting."""

from collections.abc import Mapping
from typing import Any, Protocol

from edgekeeper.models.learners.space import Span
from edgekeeper.types import Learner

__all__ = ["LearnerClass", "look_back_of"]


class LearnerClass(Protocol):
    """A learner's class: its defaults need no argument, each parameter is a keyword.

    Attributes
    ----------
    name : str
        Its name on the shelf.
    missing_values : str
        What becomes of NaN, one sentence.

    Notes
    -----
    A learner that looks at several bars at once says how many in ``look_back``, see
    :func:`look_back_of`; ``catalogues`` names the features it gets where nobody names others.
    """

    name: str
    missing_values: str

    def __call__(self, *args: Any, **parameters: Any) -> Learner:
        """Make a learner, each parameter by its name."""
        ...

    def space(self) -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        ...


def look_back_of(learner: Learner | LearnerClass) -> int:
    """Return how many bars a learner looks at: its ``look_back``, 1 where it says nothing.

    The columns it is fitted on and scores are then those of its oldest bar, of the next one, and
    so on up to the newest, the same features in the same order for each.

    Examples
    --------
    >>> from edgekeeper.models.learners import LSTM, Logistic
    >>> look_back_of(Logistic()), look_back_of(LSTM(look_back=5))
    (1, 5)
    """
    made = learner() if isinstance(learner, type) else learner
    return int(getattr(made, "look_back", 1))
