"""Line charts as geometry: paths, grid and hover table, which a template turns into SVG.

Lines are drawn in a box of 2000 x 1000 units that stretches with the page; text and marks are laid
over it by the template at positions in per cent, so they stay crisp at any width. Colours are names
of CSS classes. The page can be read without scripts: the hover table only adds exact values.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.report.axis import Tick, time_ticks
from edgekeeper.report.thinning import thin
from edgekeeper.report.wording import day, plain
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["GLYPHS", "Chart", "Curve", "Pin", "Series", "line_chart"]

GLYPHS = {
    "promotion": "▲",
    "retreat": "▼",
    "refusal": "✕",
    "pause": "Ⅱ",
    "halt": "■",
    "truth": "◆",
    "trading": "▲",
    "retreated": "▼",
    "refused": "✕",
    "empty": "○",
}

WIDTH, HEIGHT = 2000, 1000
_BUCKETS = 450
_HOVER_POINTS = 260
_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Series:
    """One line to draw, ``values`` in drawn units; ``area`` fills it down to zero.

    Lines are listed in their order and painted the other way round, so that the first lies on
    top, unless ``layer`` lifts or lowers one.
    """

    name: str
    css: str
    values: Float64Array
    text: Callable[[float], str]
    area: bool = False
    layer: int = 0


@dataclass(frozen=True, slots=True)
class Curve:
    """A drawn line: the SVG path in the box's units; ``ending`` is its last value as text."""

    name: str
    css: str
    path: str
    area: str
    ending: str
    layer: int


@dataclass(frozen=True, slots=True)
class Pin:
    """A mark above the plot; ``left`` in per cent."""

    left: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All a template needs. Tick positions are per cent from the left or from the top."""

    label: str
    height_px: int
    curves: Sequence[Curve]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    hover: str
    pins: Sequence[Pin] = field(default_factory=tuple)

    @property
    def painted(self) -> list[Curve]:
        """The curves from the bottom up."""
        listed_last_first = self.curves[::-1]
        return sorted(listed_last_first, key=lambda curve: curve.layer)


def line_chart(
    time_ns: Int64Array,
    series: Sequence[Series],
    *,
    ticks: Callable[[float, float], list[Tick]],
    label: str,
    height_px: int,
    include: Sequence[float] = (0.0,),
    limits: tuple[float, float] = (-math.inf, math.inf),
    pins: Sequence[tuple[int, str, str]] = (),
) -> Chart | None:
    """Lay out lines over time; None where there is nothing to draw.

    Parameters
    ----------
    time_ns : int64 [n]
    series : sequence of Series
        Each of ``n`` values; infinite values are drawn at the edge, NaN as a gap.
    ticks : callable
        Grid of the vertical axis for a range.
    include : sequence of float
        Values the vertical axis must show.
    limits : (low, high)
        What lies beyond is drawn at the edge.
    pins : sequence of (time_ns, kind, text)

    Raises
    ------
    BadData
        A series whose length differs from the times'.
    """
    for one in series:
        if len(one.values) != len(time_ns):
            raise BadData(
                f"chart {label!r}: expected {len(time_ns)} values in {one.name!r}, one for each "
                f"time, got {len(one.values)}"
            )
    drawn = [np.clip(one.values, *limits) for one in series]
    finite = [v[np.isfinite(v)] for v in drawn]
    if len(time_ns) < 2 or not any(len(v) for v in finite):
        return None
    everything = np.concatenate([*finite, np.asarray(include, dtype=np.float64)])
    low, high = _padded(float(everything.min()), float(everything.max()))
    first, last = int(time_ns[0]), int(time_ns[-1])

    def across(time: float) -> float:
        return (time - first) / max(last - first, 1)

    x = np.rint((time_ns - first) / max(last - first, 1) * WIDTH).astype(np.int64)
    curves = [
        _curve(one, x, np.clip(values, low, high), low, high)
        for one, values in zip(series, drawn, strict=True)
    ]
    return Chart(
        label=label,
        height_px=height_px,
        curves=curves,
        x_ticks=[Tick(100 * across(t.position), t.label) for t in time_ticks(first, last)],
        y_ticks=[Tick(100 * (high - t.position) / (high - low), t.label) for t in ticks(low, high)],
        hover=_hover(time_ns, x, series),
        pins=[Pin(100 * across(t), kind, text) for t, kind, text in pins if first <= t <= last],
    )


def _padded(low: float, high: float) -> tuple[float, float]:
    """Leave a little air above and below, and never an empty range."""
    if high == low:
        return low - 0.01, high + 0.01
    air = 0.04 * (high - low)
    return low - (air if low else 0.0), high + (air if high else 0.0)


def _curve(one: Series, x: Int64Array, values: Float64Array, low: float, high: float) -> Curve:
    """Path of one series: thinned, cut at gaps, in whole units of the box."""
    index = thin(values, _BUCKETS)
    y = np.full(len(index), -1, dtype=np.int64)
    present = ~np.isnan(values[index])
    y[present] = np.rint((high - values[index][present]) / (high - low) * HEIGHT)
    zero = round((high - min(max(0.0, low), high)) / (high - low) * HEIGHT)
    lines, areas = [], []
    for run in np.split(np.arange(len(index)), np.flatnonzero(np.diff(present)) + 1):
        if len(run) == 0 or not present[run[0]]:
            continue
        points = "L".join(f"{x[index[i]]},{y[i]}" for i in run)
        lines.append(f"M{points}")
        if one.area:
            areas.append(f"M{x[index[run[0]]]},{zero}L{points}L{x[index[run[-1]]]},{zero}Z")
    ending = one.text(float(one.values[-1]))
    return Curve(one.name, one.css, "".join(lines), "".join(areas), ending, one.layer)


def _hover(time_ns: Int64Array, x: Int64Array, series: Sequence[Series]) -> str:
    """JSON of what the cursor shows: positions, dates, and each series' values as text."""
    pick = np.unique(np.linspace(0, len(time_ns) - 1, _HOVER_POINTS).astype(np.int64))
    minutes = bool(np.any(np.diff(time_ns[:100]) < _DAY_NS // 2))
    table = {
        "x": x[pick].tolist(),
        "t": [day(int(t), minutes=minutes) for t in time_ns[pick]],
        "s": [
            [plain(one.name), one.css, [one.text(float(v)) for v in one.values[pick]]]
            for one in series
        ],
    }
    return json.dumps(table, ensure_ascii=False, separators=(",", ":"))
