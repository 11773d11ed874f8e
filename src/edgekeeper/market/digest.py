"""The identity of bars: equal content, equal hash, on any machine and in any process."""

import hashlib
import json

import numpy as np

from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.types import Float64Array

__all__ = ["bars_hash"]

_FORMAT = b"edgekeeper bars 1"
_TIMES = ("event_time", "known_time")
_NUMBERS = (*COLUMNS, "adjustment")


def bars_hash(bars: Bars) -> str:
    """Return the SHA-256 of the canonical arrays, as 64 hexadecimal digits.

    Covered are symbols, times, prices, volume, adjustment and context columns. All NaN count as
    one, -0.0 as 0.0, and symbols without a bar do not count, so a slice hashes like the same bars
    read alone.

    Examples
    --------
    >>> from edgekeeper.market import load_bars
    >>> bars = load_bars("bundled", ["IBM", "MSFT"]).bars
    >>> bars_hash(bars) == bars_hash(bars.rows(0, len(bars))), bars_hash(bars.rows(0, 9))[:8]
    (True, 'bff528e7')
    """
    digest = hashlib.sha256(_FORMAT)
    present, symbol = np.unique(bars.symbol, return_inverse=True)
    names = [bars.symbols[code] for code in present]
    digest.update(json.dumps([names, sorted(bars.context)]).encode())
    digest.update(np.ascontiguousarray(symbol, dtype="<i4").tobytes())
    for name in _TIMES:
        digest.update(np.ascontiguousarray(getattr(bars, name), dtype="<i8").tobytes())
    for name in _NUMBERS:
        digest.update(_canonical(getattr(bars, name)))
    for name in sorted(bars.context):
        digest.update(_canonical(bars.context[name]))
    return digest.hexdigest()


def _canonical(values: Float64Array) -> bytes:
    clean = values + 0.0  # turns -0.0 into 0.0
    clean[np.isnan(clean)] = np.nan
    return np.ascontiguousarray(clean, dtype="<f8").tobytes()
