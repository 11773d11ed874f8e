"""What a class has to offer to stand on the shelf, beside fitting."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from edgekeeper.models.learners.space import Span
from edgekeeper.types import Device, Learner

__all__ = ["LearnerClass", "look_back_of", "placed"]


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
    :func:`look_back_of`; ``catalogues`` names the features it gets where nobody names others. One
    that can calculate elsewhere than on the processor names all its ``devices`` and follows
    ``rows.device``; one made of learners names them as ``parts``, see :func:`placed`.
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


def placed(learner: Learner, device: Device) -> dict[str, Device]:
    """Return where each part of a fit is calculated: on ``device`` where it can be.

    Examples
    --------
    >>> from edgekeeper.models import LEARNERS
    >>> placed(LEARNERS["vote"](members="xgboost, lightgbm", weights=""), "cuda")
    {'xgboost': 'cuda', 'lightgbm': 'cpu'}
    """
    parts: Sequence[Learner] = getattr(learner, "parts", ())
    if parts:
        return {name: where for part in parts for name, where in placed(part, device).items()}
    can: tuple[Device, ...] = getattr(learner, "devices", ("cpu",))
    return {learner.name: device if device in can else "cpu"}
