"""Pictures of an explanation: one score as a waterfall, many as bars by feature and regime."""

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from edgekeeper.report.axis import number_ticks
from edgekeeper.report.picture import Picture
from edgekeeper.report.wording import number, plain, signed_number

__all__ = ["digits_for", "summary_picture", "waterfall"]

_WIDE, _NAMES, _RIGHT, _TOP, _ROW, _FOOT = 760, 210, 70, 62, 26, 34
_FONT = "font-family='system-ui, sans-serif' font-size='12'"
_INK, _SOFT, _GRID = "#16191d", "#59626d", "#e1e4e9"
_UP, _DOWN = "#0072b2", "#d55e00"
_REGIMES = ("#0072b2", "#00795a", "#d55e00", "#7b8490")
_LONGEST = 28


def digits_for(largest: float) -> int:
    """Decimals that still tell a tenth of the largest step from nothing, two to six.

    Examples
    --------
    >>> digits_for(1.5), digits_for(0.02), digits_for(0.0)
    (2, 3, 2)
    """
    if not largest > 0.0:
        return 2
    return min(max(2, 1 - math.floor(math.log10(largest))), 6)


def _text(
    x: float, y: float, words: str, colour: str = _SOFT, anchor: str = "start", weight: int = 400
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' {_FONT} fill='{colour}' text-anchor='{anchor}' "
        f"font-weight='{weight}'>{escape(plain(words))}</text>"
    )


def _frame(tall: float, title: str, below: str, inside: Sequence[str]) -> Picture:
    return Picture(
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDE} {tall:.0f}' role='img' "
        f"aria-label='{escape(plain(title), quote=True)}'>"
        f"<rect width='{_WIDE}' height='{tall:.0f}' fill='#fff'/>"
        + _text(12, 22, title, _INK, weight=600)
        + _text(12, 42, below)
        + "".join(inside)
        + "</svg>"
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def waterfall(
    title: str,
    steps: Sequence[tuple[str, float]],
    base: float,
    *,
    values: Mapping[str, float] | None = None,
) -> Picture:
    """Draw how a score comes about, from the usual one to this one.

    Parameters
    ----------
    steps : sequence of (name, what it adds)
        In the order they are drawn, downwards.
    base : float
        The usual score.
    values : mapping of name to float, optional
        What each feature was, written beside its name.
    """
    ends = base + np.cumsum([0.0, *(step for _, step in steps)])
    low, high = float(ends.min()), float(ends.max())
    air = 0.08 * (high - low) or 0.01
    low, high = low - air, high + air
    wide = _WIDE - _NAMES - _RIGHT
    digits = digits_for(max((abs(step) for _, step in steps), default=0.0))

    def x(score: float) -> float:
        return _NAMES + wide * (score - low) / (high - low)

    bottom = _TOP + _ROW * len(steps)
    parts = []
    for tick in number_ticks(low, high):
        parts.append(f"<path d='M{x(tick.position):.1f},{_TOP}V{bottom}' stroke='{_GRID}'/>")
        parts.append(_text(x(tick.position), bottom + 18, tick.label, anchor="middle"))
    for place, (name, step) in enumerate(steps):
        y, first, last = _TOP + _ROW * place, ends[place], ends[place + 1]
        said = (values or {}).get(name)
        words = _short(name) + (f" = {number(said, 3)}" if said is not None else "")
        colour = _UP if step >= 0 else _DOWN
        left, right = sorted((x(first), x(last)))
        parts.append(_text(_NAMES - 10, y + 17, words, _INK, anchor="end"))
        parts.append(
            f"<rect x='{left:.1f}' y='{y + 4}' width='{max(right - left, 1.0):.1f}' "
            f"height='{_ROW - 8}' fill='{colour}'/>"
        )
        parts.append(
            f"<path d='M{x(last):.1f},{y + 4}V{min(y + _ROW + 4, bottom)}' stroke='{_SOFT}'/>"
        )
        parts.append(_text(right + 5, y + 17, signed_number(step, digits)))
    below = (
        f"from the usual score {number(base, digits)} to {number(float(ends[-1]), digits)}; "
        "above 0 it leans long, below short"
    )
    return _frame(bottom + _FOOT, title, below, parts)


def summary_picture(
    title: str,
    importance: Mapping[str, float],
    by_regime: Mapping[str, Mapping[str, float]],
) -> Picture:
    """Draw how far each feature moves the score, in all and in each regime.

    Parameters
    ----------
    importance : mapping of name to float
        Mean absolute value, in the order drawn.
    by_regime : mapping of regime to the same
    """
    regimes = list(by_regime)[: len(_REGIMES)]
    row = _ROW + 5 * len(regimes)
    bottom = _TOP + row * len(importance)
    most = max([*importance.values(), *(v for r in by_regime.values() for v in r.values()), 1e-12])
    wide = _WIDE - _NAMES - _RIGHT
    parts = []
    for place, (name, value) in enumerate(importance.items()):
        y = _TOP + row * place
        parts.append(_text(_NAMES - 10, y + 15, _short(name), _INK, anchor="end"))
        parts.append(_bar(y + 3, wide * value / most, 14, _INK))
        parts.append(_text(_NAMES + wide * value / most + 6, y + 15, number(value, 3)))
        for i, regime in enumerate(regimes):
            length = wide * by_regime[regime].get(name, 0.0) / most
            parts.append(_bar(y + 19 + 5 * i, length, 3, _REGIMES[i]))
    keys, x = [], float(_NAMES)
    for colour, words in [(_INK, "all"), *zip(_REGIMES, regimes, strict=False)]:
        keys.append(f"<rect x='{x:.0f}' y='{bottom + 8}' width='10' height='10' fill='{colour}'/>")
        keys.append(_text(x + 15, bottom + 17, words))
        x += 7 * len(words) + 36
    below = "how far each feature moves the score, on average, up or down"
    return _frame(bottom + _FOOT, title, below, [*parts, *(keys if regimes else [])])


def _bar(y: float, length: float, tall: float, colour: str) -> str:
    return (
        f"<rect x='{_NAMES}' y='{y}' width='{max(length, 0.5):.1f}' height='{tall}' "
        f"fill='{colour}'/>"
    )
