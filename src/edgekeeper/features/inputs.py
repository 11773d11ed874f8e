"""The input columns of a program, from bars: adjusted prices, context, calendar."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import UsageError, nearest
from edgekeeper.features.calendar import CALENDAR, calendar_column
from edgekeeper.features.sources import source_of
from edgekeeper.types import Float64Array

__all__ = ["as_bars", "missing_columns", "read_columns"]


def as_bars(bars: Any) -> Bars:
    """Bars as they are, or read from a frame."""
    return bars if isinstance(bars, Bars) else Bars.from_frame(bars)


def missing_columns(names: Iterable[str], bars: Bars) -> tuple[str, ...]:
    """Those of ``names`` that these bars do not have."""
    return tuple(
        name
        for name in names
        if name not in COLUMNS and name not in CALENDAR and name not in bars.context
    )


def read_columns(names: tuple[str, ...], bars: Bars) -> list[Float64Array]:
    """Columns in canonical order of rows, contiguous float64 [N] each.

    Prices and volume are adjusted for splits and dividends known by then. A context column that
    has the name of a calendar column is not used.

    Raises
    ------
    UsageError
        A context column that these bars do not have.
    """
    missing = missing_columns(names, bars)
    if missing:
        have = ", ".join(bars.context) or "no context columns"
        raise UsageError(
            f"features need the column {missing[0]!r}, and these bars have {have}"
            f"{nearest(missing[0], bars.context)}; it comes from {source_of(missing[0])}; or use "
            "FeatureSet.available(bars) to go on without the features that need it"
        )
    plain = bool((bars.adjustment == 1.0).all())
    columns = []
    for name in names:
        if name in COLUMNS:
            column = getattr(bars, name) if plain else bars.adjusted(name)
        elif name in CALENDAR:
            column = calendar_column(name, bars.event_time)
        else:
            column = bars.context[name]
        columns.append(np.ascontiguousarray(column, dtype=np.float64))
    return columns
