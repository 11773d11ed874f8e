"""The recipe that a learner's name, or a learner of one's own, stands for."""

from edgekeeper.config import LineConfig
from edgekeeper.errors import UsageError, nearest
from edgekeeper.models import LEARNERS
from edgekeeper.types import Learner

__all__ = ["line_of"]


def line_of(learner: str | Learner) -> LineConfig:
    """Return a line with the defaults of everything but its learner.

    Raises
    ------
    UsageError
        A name that is not on the shelf.
    """
    if isinstance(learner, str):
        if learner not in LEARNERS:
            raise UsageError(
                f"learner: unknown learner {learner[:60]!r}{nearest(learner, LEARNERS)} "
                f"(known: {', '.join(LEARNERS)})"
            )
        return LineConfig(name=learner, learner=learner, **_catalogues(LEARNERS[learner]()))
    settings = {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in learner.parameters().items()
    }
    return LineConfig(
        name=learner.name, learner=learner.name, parameters=settings, **_catalogues(learner)
    )


def _catalogues(learner: Learner) -> dict[str, tuple[str, ...]]:
    """Features for who asks for none: a learner that reads many bars wants few of each."""
    own: tuple[str, ...] | None = getattr(learner, "catalogues", None)
    return {} if own is None else {"features": own}
