"""Features as their ranks among known values, and trees grown on ranks told in values again.

After each histogram LightGBM works out the bin that zero falls into from all others, in every
column where it is not the lowest. Ranks are above zero: with 255 bins that saves a sixth of a fit,
and bins depend on the order of values alone in any case.
"""

import numpy as np

from edgekeeper.types import BoolArray, Float32Array, Float64Array

__all__ = ["Ranks"]

_ENOUGH = 5_000


class Ranks:
    """Where values lie among those of some rows, column by column.

    Attributes
    ----------
    borders : tuple of float64
        Of each column; a value has the rank 1 + how many of them lie below it.
    gaps : bool [F]
        Whether those rows have a NaN; where not, NaN has the rank of zero, as trees are to read it.
    """

    def __init__(self, features: Float32Array) -> None:
        self.gaps: BoolArray = np.logical_or.reduce(np.isnan(features), axis=0)
        self.borders = tuple(_borders(column) for column in features.T)

    @classmethod
    def of_some(cls, features: Float32Array, seed: int) -> tuple["Ranks", Float32Array]:
        """Return the ranks among at most 5,000 rows drawn by ``seed``, and those rows in them."""
        if len(features) > _ENOUGH:
            random = np.random.Generator(np.random.PCG64(seed))
            drawn = np.sort(random.choice(len(features), _ENOUGH, replace=False))
            features = features[drawn]
        ranks = cls(features)
        return ranks, ranks.of(features)

    def of(self, features: Float32Array) -> Float32Array:
        """Return ranks ``[n, F]``, exact as numbers; NaN where it is a value of its own."""
        ranks = np.empty(features.shape, dtype=np.float32)
        for place, borders in enumerate(self.borders):
            values = features[:, place]
            missing = np.isnan(values)
            ranks[:, place] = 1 + np.searchsorted(borders, np.where(missing, 0.0, values))
            if self.gaps[place]:
                ranks[missing, place] = np.nan
        return ranks

    def border(self, feature: int, threshold: float) -> float:
        """Return the value at a threshold between two ranks; above all ranks, the threshold."""
        borders, place = self.borders[feature], int(threshold) - 1
        return float(borders[place]) if 0 <= place < len(borders) else threshold

    def told_in_values(self, model: str) -> str:
        """Return LightGBM's text of a model of ranks as one of values.

        The lengths of its trees are left out, since they change: a reader then counts itself.
        """
        trees, end, rest = model.partition("\nend of trees\n")
        features: list[str] = []
        lines = []
        for line in trees.split("\n"):
            name, _, numbers = line.partition("=")
            if name == "tree_sizes":
                continue
            if name == "split_feature":
                features = numbers.split()
            if name == "threshold":
                told = zip(features, numbers.split(), strict=True)
                values = (self.border(int(f), float(number)) for f, number in told)
                line = f"{name}={' '.join(map(repr, values))}"
            lines.append(line)
        return "\n".join(lines) + end + rest


def _borders(column: Float32Array) -> Float64Array:
    """Half-way between neighbours, as LightGBM puts them."""
    known = np.unique(column[np.isfinite(column)]).astype(np.float64)
    return np.nextafter((known[:-1] + known[1:]) / 2.0, np.inf)
