"""Two files of values as tables of the same columns, with what follows from forecasts added."""

from typing import TYPE_CHECKING

from edgekeeper.errors import BadData

if TYPE_CHECKING:
    from edgekeeper.market.value_tables import ValueTable
    from edgekeeper.types import Float64Array
    from edgekeeper.validate.drift_table import DriftTable

__all__ = ["DriftFiles", "open_drift_files"]

_FORECASTS = ("probability", "probability_long", "forecast")
_OUTCOMES = ("outcome", "label", "target")


class DriftFiles:
    """A reference and a current table, and what had to be said about them."""

    def __init__(self, reference: "DriftTable", current: "DriftTable", timed: bool) -> None:
        self.reference, self.current, self.timed = reference, current, timed
        self.notes: list[str] = []


def open_drift_files(reference: str, current: str) -> DriftFiles:
    """Read both files and keep the columns they share.

    Raises
    ------
    BadData
        No column in common, or a file that cannot be used.
    """
    import numpy as np

    from edgekeeper.market.value_tables import read_value_table
    from edgekeeper.validate.drift_table import DriftTable

    before, after = read_value_table(reference), read_value_table(current)
    names = tuple(name for name in before.names if name in after.names)
    if not names:
        raise BadData(
            f"expected columns that both files have, got {list(before.names[:8])} and "
            f"{list(after.names[:8])}"
        )
    timed = before.timed and after.timed
    tables = []
    for table in (before, after):
        extra = _from_forecasts(table, names)
        values = np.column_stack([table.pick(names), *extra.values()])
        instant = table.instant if timed else np.arange(len(values), dtype=np.int64)
        tables.append(DriftTable((*names, *extra), values, instant))
    found = DriftFiles(tables[0], tables[1], timed)
    apart = sorted(set(before.names) ^ set(after.names))
    if apart:
        found.notes.append(f"Only in one of the files, so not compared: {', '.join(apart[:20])}.")
    if timed and after.instant[0] <= before.instant[-1]:
        found.notes.append("The files overlap in time: what they share hides change.")
    if not timed:
        found.notes.append("Without a column of times in both, rows are taken to be in order.")
    return found


def _from_forecasts(table: "ValueTable", names: tuple[str, ...]) -> dict[str, "Float64Array"]:
    """Calibration and loss of each row, where a probability and an outcome came along."""
    import numpy as np

    by_name = {name.lower(): name for name in names}
    forecast = next((by_name[name] for name in _FORECASTS if name in by_name), None)
    outcome = next((by_name[name] for name in _OUTCOMES if name in by_name), None)
    if forecast is None or outcome is None:
        return {}
    said, came = (table.pick((name,))[:, 0] for name in (forecast, outcome))
    known = came[~np.isnan(came)]
    sure = said[~np.isnan(said)]
    if not np.isin(known, (0.0, 1.0)).all() or ((sure < 0.0) | (sure > 1.0)).any():
        return {}
    return {"outcome - forecast": came - said, "Brier loss": (came - said) ** 2}
