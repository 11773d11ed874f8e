"""Features of a line: those its bars can give, laid out over as many bars as its learner reads."""

from collections.abc import Mapping

from edgekeeper.bars import Bars
from edgekeeper.config import LineConfig
from edgekeeper.errors import UsageError
from edgekeeper.features import MAX_FEATURES, FeatureSet
from edgekeeper.models import LEARNERS, look_back_of
from edgekeeper.train.fit import make_learner
from edgekeeper.types import Learner

__all__ = ["feature_set_of", "over_steps"]


def feature_set_of(
    line: LineConfig, bars: Bars, learner: Learner | None = None
) -> tuple[FeatureSet, Mapping[str, tuple[str, ...]]]:
    """Return the features of a recipe that these bars can give, and those they cannot.

    Where the learner reads several bars, so do the features, see :func:`over_steps`. ``learner``
    stands in for the one the recipe names, where that is on no shelf.

    Raises
    ------
    UsageError
        An unknown catalogue or learner, an expression with a fault, a name used twice, no feature
        that these bars can give, or more than a set may have; the message names the line.
    """
    try:
        texts: dict[str, str] = {}
        if line.features:
            texts |= FeatureSet.from_catalogue(*line.features).expressions
        if twice := sorted(set(texts) & set(line.extra_features)):
            raise UsageError(f"extra_features: {twice} exist already: choose other names")
        plain, left_out = FeatureSet(texts | line.extra_features).available(bars)
    except UsageError as error:
        raise UsageError(f"lines.{line.name}: {error}") from error
    if learner is None and line.learner in LEARNERS:
        learner = make_learner(line)
    steps = 1 if learner is None else look_back_of(learner)
    if steps == 1:
        return plain, left_out
    if steps * len(plain) > MAX_FEATURES:
        raise UsageError(
            f"lines.{line.name}: {line.learner} reads {steps} bars of {len(plain)} features, "
            f"{steps * len(plain)} columns, expected at most {MAX_FEATURES}: name fewer "
            'catalogues, such as features = ["returns", "volume"], or a smaller look_back'
        )
    try:
        return FeatureSet(over_steps(plain.expressions, steps)), left_out
    except UsageError as error:
        raise UsageError(f"lines.{line.name}: {error}") from error


def over_steps(expressions: Mapping[str, str], steps: int) -> dict[str, str]:
    """Return features of the last ``steps`` bars: all of the oldest, then all of the next one.

    They are expressions like any other, so live and history stay equal to the bit, and the text in
    a package stays all there is to know. The newest keep their names.

    Examples
    --------
    >>> list(over_steps({"move": "ret(close, 1)"}, 3).items())[:2]
    [('move.lag2', 'lag(ret(close, 1), 2)'), ('move.lag1', 'lag(ret(close, 1), 1)')]
    """
    older = {
        f"{name}.lag{back}": f"lag({text}, {back})"
        for back in range(steps - 1, 0, -1)
        for name, text in expressions.items()
    }
    return older | dict(expressions)
