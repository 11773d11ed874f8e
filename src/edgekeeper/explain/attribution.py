"""Explanations in names and words: of one score, and of many by regime."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgekeeper.explain.shapley import Shapley
from edgekeeper.types import Float32Array

__all__ = ["Attribution", "Overview", "Part", "attribution_of", "overview_of"]

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One feature of one row: what it was, what it adds to the score, and how sure that is."""

    feature: str
    value: float
    adds: float
    error: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """One score taken apart.

    Attributes
    ----------
    score, base : float
        Log-odds that the long side does better, of this row and of the usual one.
    parts : tuple of Part
        By size; ``base`` and what they add sum to ``score``.
    exact : bool
    """

    score: float
    base: float
    parts: tuple[Part, ...]
    exact: bool

    @property
    def lean(self) -> str:
        """Which side the score is for."""
        return "long" if self.score > 0.0 else "short" if self.score < 0.0 else "neither way"

    @property
    def sentence(self) -> str:
        """What moved it, largest first, in plain words."""
        push = 1.0 if self.score >= self.base else -1.0
        moving = [part for part in self.parts if part.adds != 0.0]
        along = [part for part in moving if part.adds * push > 0.0][:_NAMED]
        against = [part for part in moving if part.adds * push < 0.0][:1]
        said = f"leans {self.lean} with a score of {self.score:+.3f}; usual is {self.base:+.3f}"
        if not along:
            return f"{said}, and no feature says otherwise."
        said += f". Mostly because of {_listed(along)}"
        return f"{said}; against that, {_listed(against)}." if against else f"{said}."


@dataclass(frozen=True, slots=True)
class Overview:
    """What moves the scores of many rows.

    Attributes
    ----------
    importance : dict of name to float
        Mean absolute value of each feature, largest first.
    by_regime : dict of regime to the same
        Of regimes that occurred.
    rows : dict of regime to int
        How many rows were explained, ``"all"`` among them.
    base : float
    exact : bool
    """

    importance: dict[str, float]
    by_regime: dict[str, dict[str, float]]
    rows: dict[str, int]
    base: float
    exact: bool

    @property
    def sentence(self) -> str:
        """What it listens to most, in plain words."""
        total = sum(self.importance.values())
        if total == 0.0:
            return "listens to no feature: its score is always the same."
        first = list(self.importance.items())[:_NAMED]
        words = [f"{name} ({value / total:.0%})" for name, value in first]
        silent = sum(value == 0.0 for value in self.importance.values())
        said = f"listens most to {_and(words)}, of {len(self.importance)} features"
        return f"{said}; {silent} never mattered." if silent else f"{said}."


def attribution_of(
    found: Shapley, row: int, names: Sequence[str], features: Float32Array
) -> Attribution:
    """Name the parts of one row's score; ``features`` are the rows that were explained."""
    order = np.argsort(-np.abs(found.values[row]), kind="stable")
    parts = tuple(
        Part(
            names[i],
            float(features[row, i]),
            float(found.values[row, i]),
            float(found.error[row, i]),
        )
        for i in order
    )
    return Attribution(float(found.score[row]), found.base, parts, found.exact)


def overview_of(found: Shapley, names: Sequence[str], regimes: Sequence[str] = ()) -> Overview:
    """Average over rows, in all and in each regime; ``unknown`` is none."""
    order = np.argsort(-found.importance, kind="stable")
    size = np.abs(found.values)

    def mean(rows: np.ndarray) -> dict[str, float]:
        return {names[i]: float(size[rows, i].mean()) for i in order}

    kinds = np.array(regimes, dtype=object)
    known = sorted({str(kind) for kind in regimes} - {"unknown"})
    everything = np.ones(len(size), dtype=bool)
    return Overview(
        mean(everything),
        {kind: mean(kinds == kind) for kind in known},
        {"all": len(size)} | {kind: int((kinds == kind).sum()) for kind in known},
        found.base,
        found.exact,
    )


def _listed(parts: Sequence[Part]) -> str:
    return _and([f"{part.feature} ({part.adds:+.3f})" for part in parts])


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
