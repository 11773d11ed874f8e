"""Features in groups by name, and one learner for each group."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from edgekeeper.models.ensembles.members import FittedMembers
from edgekeeper.models.ensembles.on_columns import fit_on_columns
from edgekeeper.types import Int64Array, Learner, TrainingRows

__all__ = ["COMPONENTS", "Groups", "grouped"]

COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "news": ("*news*", "*sentiment*", "reddit*", "social*", "analyst*", "insider*"),
    "volume": (
        *("*volume_*", "obv*", "adl*", "mfi*", "*vwap*", "illiquidity*", "value_area*"),
        *("institutional*", "dark_pool*"),
    ),
    "risk": (
        *("*volatility*", "realised*", "parkinson*", "garman*", "rogers*", "yang*", "atr*"),
        *("range_ratio", "downside*", "ulcer*", "garch*", "*drawdown*", "beta*", "vix*"),
    ),
    "technical": ("*",),
}
"""Patterns of feature names; the first group that fits takes a feature."""


def grouped(names: tuple[str, ...], width: int) -> dict[str, Int64Array]:
    """Columns of each component that has any, in the order technical, news, volume, risk.

    Features without names are technical.

    Examples
    --------
    >>> {group: columns.tolist() for group, columns in grouped(("rsi_14", "obv_20"), 2).items()}
    {'technical': [0], 'volume': [1]}
    """
    found: dict[str, list[int]] = {name: [] for name in ("technical", "news", "volume", "risk")}
    for column, name in enumerate(names or ("",) * width):
        for group, patterns in COMPONENTS.items():
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                found[group].append(column)
                break
    return {group: np.array(columns) for group, columns in found.items() if columns}


@dataclass(frozen=True, slots=True)
class Groups:
    """The same learner once for each group of columns; fits like :class:`Members`."""

    learner: Learner
    columns: tuple[Int64Array, ...]

    def __len__(self) -> int:
        return len(self.columns)

    def fit(
        self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int
    ) -> FittedMembers:
        """Fit one on each group's columns."""
        return FittedMembers(
            tuple(
                fit_on_columns(self.learner, columns, rows, validation, seed + place)
                for place, columns in enumerate(self.columns)
            )
        )
