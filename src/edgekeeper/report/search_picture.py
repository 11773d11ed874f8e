"""A picture of a search: every trial's loss in order, and which parameters it hung on."""

import math
from collections.abc import Mapping
from html import escape

from edgekeeper.report.axis import number_ticks
from edgekeeper.report.picture import Picture
from edgekeeper.report.wording import number, percent
from edgekeeper.train import Search

__all__ = ["search_picture"]

_WIDE, _LEFT, _RIGHT, _TOP, _TALL = 760, 64, 16, 64, 240
_ROW, _GAP, _NAMES = 22, 76, 150
_FONT = "font-family='system-ui, sans-serif' font-size='12'"
_INK, _SOFT, _GRID = "#16191d", "#59626d", "#e1e4e9"
_TRIED, _CHOSEN, _RECIPE = "#0072b2", "#00795a", "#d55e00"


def search_picture(search: Search, importance: Mapping[str, float]) -> Picture:
    """Draw the trials over their number, the best so far as a line, and the parameters below.

    Parameters
    ----------
    search : Search
    importance : mapping of name to float
        Share of the losses' spread; empty where too little is known.
    """
    tall = _TOP + _TALL + 40 + (_GAP + _ROW * len(importance) if importance else 0)
    words = f"{len(search.trials)} trials of {search.line.learner}"
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDE} {tall}' role='img' "
        f"aria-label='{escape(words, quote=True)}'>",
        f"<rect width='{_WIDE}' height='{tall}' fill='#fff'/>",
        _text(12, 22, words, _INK, weight=600),
        *_keys(search),
        *_history(search),
        *_shares(importance),
        "</svg>",
    ]
    return Picture("".join(parts))


def _text(
    x: float, y: float, words: str, colour: str = _SOFT, anchor: str = "start", weight: int = 400
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' {_FONT} fill='{colour}' text-anchor='{anchor}' "
        f"font-weight='{weight}'>{escape(words)}</text>"
    )


def _keys(search: Search) -> list[str]:
    given_up = sum(trial.pruned for trial in search.trials)
    keys = [(_RECIPE, "the defaults"), (_TRIED, "tried")]
    if given_up:
        keys.append((_GRID, f"given up early ({given_up})"))
    if search.chosen:
        keys.append((_CHOSEN, "used from now on"))
    parts, x = [], 18.0
    for colour, words in keys:
        stroke = _SOFT if colour == _GRID else colour
        parts.append(f"<circle cx='{x:.0f}' cy='42' r='4' fill='{colour}' stroke='{stroke}'/>")
        parts.append(_text(x + 10, 46, words))
        x += 7 * len(words) + 32
    return parts


def _history(search: Search) -> list[str]:
    losses = [trial.loss for trial in search.trials]
    # One hopeless trial would flatten all others: what lies far off is drawn at the edge.
    ordered = sorted(losses)
    usual = ordered[max(0, math.ceil(0.9 * len(ordered)) - 1)]
    low, high = ordered[0], max(usual, losses[0])
    air = 0.06 * (high - low) or 0.01
    low, high = low - air, high + air
    across = (_WIDE - _LEFT - _RIGHT) / max(len(losses) - 1, 1)

    def x(place: int) -> float:
        return _LEFT + across * place

    def y(loss: float) -> float:
        return _TOP + _TALL * (high - min(loss, high)) / (high - low)

    parts = []
    for tick in number_ticks(low, high):
        parts.append(
            f"<path d='M{_LEFT},{y(tick.position):.1f}H{_WIDE - _RIGHT}' stroke='{_GRID}'/>"
        )
        parts.append(_text(_LEFT - 8, y(tick.position) + 4, tick.label, anchor="end"))
    best, path = math.inf, []
    for place, trial in enumerate(search.trials):
        if not trial.pruned:
            best = min(best, trial.loss)
        path.append(f"{x(place):.1f},{y(best):.1f}")
    parts.append(
        f"<polyline points='{' '.join(path)}' fill='none' stroke='{_TRIED}' stroke-opacity='.5'/>"
    )
    parts += [_dot(search, place, x(place), y(loss)) for place, loss in enumerate(losses)]
    parts.append(_text(_LEFT, _TOP + _TALL + 20, "log loss on later rows, trial by trial"))
    parts.append(_text(_WIDE - _RIGHT, _TOP + _TALL + 20, str(len(losses)), anchor="end"))
    return parts


def _dot(search: Search, place: int, x: float, y: float) -> str:
    trial = search.trials[place]
    fill, edge, radius = _TRIED, _TRIED, 3.0
    if trial.pruned:
        fill, edge = _GRID, _SOFT
    if place == 0:
        fill, edge, radius = _RECIPE, _RECIPE, 5.0
    if place == search.chosen and place:
        fill, edge, radius = _CHOSEN, _CHOSEN, 5.0
    words = f"trial {place}: {number(trial.loss, 5)}" + (", given up early" if trial.pruned else "")
    return (
        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius:g}' fill='{fill}' stroke='{edge}'>"
        f"<title>{escape(words)}</title></circle>"
    )


def _shares(importance: Mapping[str, float]) -> list[str]:
    if not importance:
        return []
    top = _TOP + _TALL + _GAP
    wide = _WIDE - _NAMES - _RIGHT - 60
    parts = [_text(12, top - 12, "How much of the losses' spread hangs on each parameter", _INK)]
    for place, (name, share) in enumerate(importance.items()):
        y = top + _ROW * place
        parts.append(_text(_NAMES - 8, y + 14, name, anchor="end"))
        parts.append(
            f"<rect x='{_NAMES}' y='{y + 3}' width='{max(wide * share, 1.0):.1f}' "
            f"height='{_ROW - 8}' fill='{_TRIED}'/>"
        )
        parts.append(_text(_NAMES + wide * share + 6, y + 14, percent(share, 0)))
    return parts
