"""Monthly returns as a table of years by months, shaded by size."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgekeeper.errors import BadData

__all__ = ["MonthCell", "YearRow", "month_table"]


@dataclass(frozen=True, slots=True)
class MonthCell:
    """One return; ``shade`` from 0 to 1 says how large it is beside the others."""

    value: float
    shade: float


@dataclass(frozen=True, slots=True)
class YearRow:
    """Twelve months, None where the run has none, and the year they compound to."""

    year: int
    months: Sequence[MonthCell | None]
    total: float


def month_table(monthly: Mapping[str, float]) -> list[YearRow]:
    """Arrange returns keyed ``"2020-01"``; a missing month leaves its year without a total.

    Raises
    ------
    BadData
        A key that is not a year and a month.

    Examples
    --------
    >>> rows = month_table({"2020-01": 0.10, "2020-02": -0.10})
    >>> rows[0].year, round(rows[0].total, 4), rows[0].months[2]
    (2020, -0.01, None)
    """
    values = {_year_month(key): value for key, value in monthly.items()}
    sizes = sorted(abs(v) for v in values.values() if math.isfinite(v))
    # The largest twentieth share the darkest shade, so that one month cannot bleach the rest.
    full = sizes[int(0.95 * (len(sizes) - 1))] if sizes else 0.0
    rows = []
    for year in sorted({year for year, _ in values}):
        inside = [values.get((year, month)) for month in range(1, 13)]
        cells = [None if v is None else MonthCell(v, _shade(v, full)) for v in inside]
        total = math.prod(1.0 + v for v in inside if v is not None) - 1.0
        rows.append(YearRow(year, cells, total))
    return rows


def _shade(value: float, full: float) -> float:
    return min(1.0, abs(value) / full) if full > 0 and math.isfinite(value) else 0.0


def _year_month(key: str) -> tuple[int, int]:
    year, dash, month = key.partition("-")
    if not (dash and year.isascii() and year.isdigit() and month.isascii() and month.isdigit()):
        raise BadData(f'monthly: expected a key such as "2020-01", got {key!r}')
    if not 1 <= int(month) <= 12:
        raise BadData(f"monthly: expected a month from 01 to 12, got {key!r}")
    return int(year), int(month)
