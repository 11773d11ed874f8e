"""A series as text: a small line of dots that fits into a terminal."""

from itertools import pairwise

import numpy as np

from edgekeeper.types import Float64Array

__all__ = ["draw"]

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def draw(values: Float64Array, *, width: int = 64, height: int = 7) -> str:
    """Return a chart in Braille dots, two columns and four rows of them a character.

    Parameters
    ----------
    values : float64 [N]
        NaN leaves a gap.
    width, height : int
        Characters, without the labels at the left.

    Examples
    --------
    >>> print(draw(np.array([0.0, 1.0, 2.0, 3.0]), width=2, height=1))
         3 ┤⡠⠊
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return "(no values)"
    low, high = float(known.min()), float(known.max())
    span = high - low or 1.0
    edges = np.linspace(0, len(values), 2 * width + 1).astype(int)
    cells = np.zeros((height, width), dtype=np.int64)
    last = 4 * height - 1
    for column, (start, stop) in enumerate(pairwise(edges)):
        part = values[start : max(stop, start + 1)]
        part = part[np.isfinite(part)]
        if not len(part):
            continue
        top, bottom = ((high - part.max()) / span * last, (high - part.min()) / span * last)
        for row in range(round(top), round(bottom) + 1):
            cells[row // 4, column // 2] |= _DOTS[row % 4][column % 2]
    labels = {0: f"{high:.4g}", height - 1: f"{low:.4g}"} if height > 1 else {0: f"{high:.4g}"}
    margin = max(6, *(len(label) for label in labels.values()))
    lines = []
    for row in range(height):
        dots = "".join(chr(0x2800 + int(cell)) for cell in cells[row]).rstrip("\u2800")
        lines.append(f"{labels.get(row, ''):>{margin}} {'┤' if row in labels else '│'}{dots}")
    return "\n".join(lines)
