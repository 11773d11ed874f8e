"""The recipe that a learner's name, or a learner of one's own, stands for."""

from collections.abc import Mapping

from edgekeeper.config import Config, LineConfig
from edgekeeper.errors import UsageError, nearest
from edgekeeper.models import LEARNERS
from edgekeeper.train import make_learner
from edgekeeper.types import Learner

__all__ = ["line_named", "line_of"]


def line_of(
    learner: str | Learner, parameters: Mapping[str, float | int | str | bool] | None = None
) -> LineConfig:
    """Return a line with the defaults of everything but its learner, and its ``parameters``.

    Raises
    ------
    UsageError
        A name that is not on the shelf, a parameter it does not have, or parameters beside a
        learner of one's own.
    """
    if isinstance(learner, str):
        if learner not in LEARNERS:
            raise UsageError(
                f"learner: unknown learner {learner[:60]!r}{nearest(learner, LEARNERS)} "
                f"(known: {', '.join(LEARNERS)})"
            )
        line = LineConfig(name=learner, learner=learner, parameters=dict(parameters or {}))
        return line.model_copy(update=_catalogues(make_learner(line)))
    if parameters:
        raise UsageError(
            f"parameters: expected none beside a learner of your own, got {', '.join(parameters)}: "
            "set them in the learner"
        )
    settings = {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in learner.parameters().items()
    }
    return LineConfig(
        name=learner.name, learner=learner.name, parameters=settings, **_catalogues(learner)
    )


def line_named(config: Config, name: str) -> LineConfig:
    """Return the line of a configuration, whole.

    Raises
    ------
    UsageError
        There is none of that name.
    """
    lines = {line.name: line for line in config.lines}
    if name not in lines:
        raise UsageError(
            f"expected a line of the configuration ({', '.join(lines)}), got {name[:60]!r}"
            f"{nearest(name, lines)}"
        )
    return lines[name]


def _catalogues(learner: Learner) -> dict[str, tuple[str, ...]]:
    """Features for who asks for none: a learner that reads many bars wants few of each."""
    own: tuple[str, ...] | None = getattr(learner, "catalogues", None)
    return {} if own is None else {"features": own}
