"""A picture of many markets: how far the evidence of each line came, against what it needed."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgekeeper.report.axis import wealth_ticks
from edgekeeper.report.wording import count

__all__ = ["world_picture"]

_WIDTH, _HEIGHT, _LEFT, _TOP, _FOOT = 900, 460, 64, 48, 44
_STEP = 63
_LOW = -3.0
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#555}.title{font-weight:600;fill:#222}"
    ".path{fill:none;stroke:#7a8794;stroke-opacity:.35}.won{stroke:#0a7d4f;stroke-opacity:.8}"
    ".grid{stroke:#ddd}.need{stroke:#b3541e;stroke-dasharray:5 4}"
    "@media(prefers-color-scheme:dark){text{fill:#aab}.title{fill:#eee}.grid{stroke:#333}}"
)


def world_picture(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    """Draw the weakest bet of every line over bars since its registration, as one SVG."""
    paths = [
        (_least(line["logs"]), line["threshold"], name in _promoted(row))
        for row in rows
        for name, line in row["lines"].items()
    ]
    paths = [path for path in paths if len(path[0]) > 1]
    needed = sorted({round(path[1], 3) for path in paths if path[1] is not None})
    top = max([*needed, *(float(path[0].max()) for path in paths), 1.0]) + 0.4
    longest = max((len(path[0]) for path in paths), default=2)

    def across(step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 12) * step / (longest - 1)

    def down(log: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _FOOT) * (top - max(log, _LOW)) / (top - _LOW)

    parts = [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - 12}" y1="{down(t.position):.1f}" '
        f'y2="{down(t.position):.1f}"/><text x="{_LEFT - 8}" y="{down(t.position) + 4:.1f}" '
        f'text-anchor="end">{html.escape(t.label)}</text>'
        for t in wealth_ticks(_LOW, top)
    ]
    for least, _, won in sorted(paths, key=lambda path: path[2]):
        points = " ".join(f"{across(i):.1f},{down(v):.1f}" for i, v in enumerate(least))
        parts.append(f'<polyline class="path{" won" if won else ""}" points="{points}"/>')
    parts += [
        f'<line class="need" x1="{_LEFT}" x2="{_WIDTH - 12}" y1="{down(y):.1f}" '
        f'y2="{down(y):.1f}"/>'
        for y in needed
    ]
    parts += [
        f'<text x="{across(k):.1f}" y="{_HEIGHT - 22}" text-anchor="middle">'
        f"{count((k + 1) * _STEP)}</text>"
        for k in range(3, longest, 4)
    ]
    label = "wealth of the weakest bet (needed: dashed), over bars since registration"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f'<text class="title" x="12" y="20">{html.escape(title)}</text>'
        f'<text x="12" y="38">{label}</text>{"".join(parts)}</svg>\n'
    )


def _promoted(row: Mapping[str, Any]) -> set[str]:
    return {line for _, line, verdict in row["moves"] if verdict == "promoted"}


def _least(logs: Mapping[str, Sequence[float | None]]) -> Any:
    """Smallest of the three logs at each step; a ruined bet lies at the bottom."""
    values = [[_LOW if v is None else v for v in path] for path in logs.values()]
    return np.min(np.array(values, dtype=np.float64), axis=0)
