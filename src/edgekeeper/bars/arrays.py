"""Check what becomes a column: names, instants, lengths."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Int64Array

__all__ = ["index_symbols", "int64_times"]


def index_symbols(
    symbol: Sequence[str] | np.ndarray[Any, Any], length: int
) -> tuple[tuple[str, ...], Int64Array]:
    """Sorted distinct names, and each row's index into them; every row has to have one."""
    # A list goes through objects: NumPy alone would turn a missing name into the text "None".
    names = symbol if isinstance(symbol, np.ndarray) else np.asarray(symbol, dtype=object)
    if names.shape != (length,):
        raise BadData(f"expected {length} values in every column, got {names.shape} in 'symbol'")
    if names.dtype.kind == "O":
        empty = sum(name is None or name != name or name == "" for name in names.tolist())
    else:
        empty = int((names.astype(str) == "").sum())
    if empty:
        raise BadData(f"expected a symbol in every row, got {empty} empty")
    distinct, index = np.unique(names.astype(str), return_inverse=True)
    return tuple(str(name) for name in distinct), index


def int64_times(name: str, times: Any) -> Int64Array:
    """Nanoseconds as int64; what would be cut or wrapped is refused."""
    array = np.asarray(times)
    if array.dtype.kind == "M":
        if np.isnat(array).any():
            raise BadData(f"expected a time in every row of {name!r}, got NaT")
        fine = array.astype("datetime64[ns]")
        if (fine.astype(array.dtype) != array).any():
            raise BadData(f"expected times between 1678 and 2262 in {name!r}, got others")
        return fine.astype(np.int64)
    if array.dtype.kind not in "iu" and array.size:
        raise BadData(
            f"expected int64 nanoseconds or datetime64 in {name!r}, got {array.dtype}: "
            "frames with text or dates go through Bars.from_frame"
        )
    return array.astype(np.int64)
