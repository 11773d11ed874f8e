"""An ensemble's members: named in its parameters, fitted side by side, asked together."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekeeper.errors import BadData, UsageError, nearest
from edgekeeper.models.ensembles.on_columns import fit_on_columns
from edgekeeper.models.learners import LEARNERS, look_back_of
from edgekeeper.models.learners.draft import Draft, Drawn, fit_drawn
from edgekeeper.types import Float32Array, Float64Array, Learner, TrainingRows

__all__ = ["FittedMembers", "Members", "numbers"]

Setting = float | int | bool


def numbers(text: str, where: str, count: int) -> Float64Array:
    """Read weights from a text, one for each of ``count``; empty means all alike.

    Raises
    ------
    UsageError
        Not as many, not finite, negative, or none above zero.

    Examples
    --------
    >>> numbers("2, 1, 1", "vote.weights", 3).tolist()
    [2.0, 1.0, 1.0]
    """
    if not text.strip():
        return np.ones(count)
    try:
        values = np.array([float(part) for part in text.split(",")])
    except ValueError as error:
        raise UsageError(f"{where}: expected numbers with commas between, got {text!r}") from error
    if len(values) != count:
        raise UsageError(f"{where}: expected {count} numbers, one each, got {len(values)}")
    if not np.isfinite(values).all() or (values < 0.0).any() or not values.any():
        raise UsageError(f"{where}: expected weights of zero or more, not all zero, got {text!r}")
    return values


@dataclass(frozen=True, slots=True)
class Members:
    """Learners by name, some more than once.

    Attributes
    ----------
    names : tuple of str
    learners : tuple of Learner
    """

    names: tuple[str, ...]
    learners: tuple[Learner, ...]

    @classmethod
    def parse(cls, members: str, settings: str, where: str) -> "Members":
        """Make them from texts as a configuration file has them.

        Parameters
        ----------
        members : str
            Names of learners, with commas between.
        settings : str
            What differs from their defaults: ``"random_forest.trees = 50, lightgbm.depth = 4"``.
        where : str
            The ensemble, for messages.

        Raises
        ------
        UsageError
            No member, an unknown one, a setting of none of them or that it does not have.

        Examples
        --------
        >>> made = Members.parse("lightgbm, logistic", "logistic.ridge = 5.0", "vote")
        >>> made.names, made.learners[1].parameters()["ridge"]
        (('lightgbm', 'logistic'), 5.0)
        """
        names = tuple(name.strip() for name in members.split(",") if name.strip())
        if not names:
            raise UsageError(f"{where}.members: expected names of learners, got none")
        for name in names:
            if name not in LEARNERS:
                raise UsageError(
                    f"{where}.members: unknown learner {name!r}{nearest(name, LEARNERS)} "
                    f"(known: {', '.join(LEARNERS)})"
                )
        own: dict[str, dict[str, Setting]] = {name: {} for name in names}
        for part in filter(str.strip, settings.split(",")):
            member, name, value = _setting(part, f"{where}.settings", own)
            own[member][name] = value
        return cls(names, tuple(LEARNERS[name](**own[name]) for name in names))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def look_back(self) -> int:
        """Bars the one that reads most of them reads; each of the others sees its newest."""
        return max(look_back_of(learner) for learner in self.learners)

    @property
    def catalogues(self) -> tuple[str, ...] | None:
        """Features they get where nobody names others: those that a member asks for."""
        asked = (getattr(learner, "catalogues", None) for learner in self.learners)
        return next((names for names in asked if names is not None), None)

    def fit(
        self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int
    ) -> "FittedMembers":
        """Fit each on the same rows, with a seed of its own.

        Raises
        ------
        BadData
            Columns that cannot be the same features at each of :attr:`look_back` bars.
        """
        width = rows.features.shape[1]
        if width % self.look_back:
            raise BadData(
                f"expected the same features at each of {self.look_back} bars, oldest first, got "
                f"{width} columns: a line lays them out so by itself; elsewhere add lag(...)"
            )
        fitted: list[Drawn] = []
        for place, learner in enumerate(self.learners):
            seen = width // self.look_back * look_back_of(learner)
            if seen == width:
                fitted.append(fit_drawn(learner, rows, validation, seed + place))
            else:
                newest = np.arange(width - seen, width)
                fitted.append(fit_on_columns(learner, newest, rows, validation, seed + place))
        return FittedMembers(tuple(fitted))


def _setting(part: str, where: str, own: dict[str, dict[str, Setting]]) -> tuple[str, str, Setting]:
    path, equals, text = (piece.strip() for piece in part.partition("="))
    member, dot, name = path.partition(".")
    if not (equals and dot):
        raise UsageError(f"{where}: expected learner.parameter = number, got {part.strip()!r}")
    if member not in own:
        raise UsageError(f"{where}: {member!r} is no member{nearest(member, own)}")
    known: dict[str, Any] = LEARNERS[member]().parameters()
    if name not in known:
        raise UsageError(
            f"{where}: {member} has no parameter {name!r}{nearest(name, known)} "
            f"(known: {', '.join(known)})"
        )
    if text in ("true", "false"):
        return member, name, text == "true"
    for kind in (int, float):
        try:
            return member, name, kind(text)
        except ValueError:
            continue
    raise UsageError(f"{where}: {path}: expected a number, true or false, got {text!r}")


@dataclass(frozen=True, slots=True)
class FittedMembers:
    """Fitted learners that are asked together."""

    fitted: tuple[Drawn, ...]

    def scores(self, features: Float32Array) -> Float64Array:
        """Return the log-odds of each, ``[n, M]``."""
        return np.column_stack([member.score(features) for member in self.fitted])

    def draw(self, draft: Draft, x: str) -> str:
        """Add all of them to a graph, ``[n, M]``."""
        return draft.add("Concat", *(member.draw(draft, x) for member in self.fitted), axis=1)
