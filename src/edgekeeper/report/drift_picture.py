"""A heat map: how stable each column was in each stretch of time."""

import math
from html import escape

from edgekeeper.report.picture import Picture
from edgekeeper.report.wording import day, percent
from edgekeeper.validate.feature_drift import DriftComparison

__all__ = ["drift_picture"]

_WIDE, _NAMES, _TOP, _ROW, _RIGHT = 760, 190, 56, 20, 12
_MOST_ROWS, _MOST_LETTERS = 60, 26
_FONT = "font-family='system-ui, sans-serif' font-size='12'"
_INK, _SOFT, _EMPTY = "#16191d", "#59626d", "#eceef1"
_CALM, _GONE = (238, 243, 247), (178, 60, 10)


def drift_picture(comparison: DriftComparison, title: str, *, timed: bool = True) -> Picture:
    """Draw a square for each column and stretch: pale as before, dark where nothing is as it was.

    The least stable columns come first; beyond sixty they are counted.
    """
    order = sorted(
        comparison.columns,
        key=lambda c: (c.name not in comparison.changed, c.stability, c.name),
    )
    shown = order[:_MOST_ROWS]
    count = len(comparison.window_ends)
    wide = (_WIDE - _NAMES - _RIGHT) / count
    tall = _TOP + _ROW * len(shown) + 44
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDE} {tall}' role='img' "
        f"aria-label='{escape(title, quote=True)}'>",
        f"<rect width='{_WIDE}' height='{tall}' fill='#fff'/>",
        _text(12, 22, title, _INK, weight=600),
        *_key(),
    ]
    ends = [_when(int(end), timed) for end in comparison.window_ends]
    for row, column in enumerate(shown):
        y = _TOP + _ROW * row
        bold = 600 if column.name in comparison.changed else 400
        name = column.name if len(column.name) <= _MOST_LETTERS else column.name[:25] + "…"
        parts.append(_text(_NAMES - 8, y + 14, name, _INK, "end", bold))
        for k, stability in enumerate(column.windows):
            told = f"{column.name}, up to {ends[k]}: stability {percent(float(stability), 0)}"
            parts.append(
                f"<rect x='{_NAMES + wide * k:.1f}' y='{y}' width='{max(wide - 1, 1):.1f}' "
                f"height='{_ROW - 2}' fill='{_colour(float(stability))}'>"
                f"<title>{escape(told)}</title></rect>"
            )
    foot = _TOP + _ROW * len(shown) + 16
    parts.append(_text(_NAMES, foot, f"up to {ends[0]}"))
    if count > 1:
        parts.append(_text(_WIDE - _RIGHT, foot, ends[-1], anchor="end"))
    if len(order) > len(shown):
        parts.append(_text(12, foot + 20, f"and {len(order) - len(shown)} more, as stable or more"))
    return Picture("".join([*parts, "</svg>"]))


def _when(instant: int, timed: bool) -> str:
    return day(instant) if timed else f"row {instant}"


def _colour(stability: float) -> str:
    if math.isnan(stability):
        return _EMPTY
    gone = min(max(1.0 - stability, 0.0), 1.0) ** 0.7
    mixed = (round(c + (g - c) * gone) for c, g in zip(_CALM, _GONE, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _key() -> list[str]:
    parts = [_text(12, 42, "as before")]
    for k in range(6):
        fill = _colour(1.0 - k / 5)
        parts.append(f"<rect x='{74 + 18 * k}' y='31' width='17' height='14' fill='{fill}'/>")
    parts.append(_text(188, 42, "nothing as before; bold: changed beyond chance"))
    return parts


def _text(
    x: float, y: float, words: str, colour: str = _SOFT, anchor: str = "start", weight: int = 400
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' {_FONT} fill='{colour}' text-anchor='{anchor}' "
        f"font-weight='{weight}'>{escape(words)}</text>"
    )
