"""A picture that stands alone: one SVG, shown by notebooks and written to a file."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from edgekeeper.errors import StorageError
from edgekeeper.report.charts import HEIGHT, WIDTH, Chart

__all__ = ["Picture", "draw"]

_COLOURS = {
    "edgekeeper": "#0072b2",
    "always_newest": "#d55e00",
    "rules": "#00795a",
    "buy_and_hold": "#7b8490",
}
_WIDE, _LEFT, _TOP, _RIGHT, _BOTTOM = 760, 12, 34, 60, 30
_FONT = "font-family='system-ui, sans-serif' font-size='12'"


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG document."""

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write it to a file, and return where.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        target = Path(path)
        try:
            target.write_text(self.svg, "utf-8")
        except OSError as error:
            raise StorageError(f"could not write {target}: {error.strerror or error}") from error
        return target


def draw(chart: Chart | None) -> Picture:
    """Return a chart as a picture; a sentence where there is nothing to draw."""
    if chart is None:
        return Picture(
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDE} 40'>"
            f"<text x='{_LEFT}' y='24' {_FONT}>Nothing to draw: too few bars.</text></svg>"
        )
    tall = chart.height_px
    inner_wide = _WIDE - _LEFT - _RIGHT
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDE} {_TOP + tall + _BOTTOM}' "
        f"role='img' aria-label='{escape(chart.label, quote=True)}'>",
        f"<rect width='{_WIDE}' height='{_TOP + tall + _BOTTOM}' fill='#fff'/>",
        *_keys(chart),
        *_axes(chart, inner_wide, tall),
        f"<svg x='{_LEFT}' y='{_TOP}' width='{inner_wide}' height='{tall}' "
        f"viewBox='0 0 {WIDTH} {HEIGHT}' preserveAspectRatio='none'>",
    ]
    for curve in chart.painted:
        colour = _COLOURS.get(curve.css, "#16191d")
        parts.append(
            f"<path d='{curve.path}' fill='none' stroke='{colour}' stroke-width='1.75' "
            "vector-effect='non-scaling-stroke'/>"
        )
    return Picture("".join([*parts, "</svg>", *_pins(chart, inner_wide, tall), "</svg>"]))


def _keys(chart: Chart) -> list[str]:
    parts, x = [], _LEFT
    for curve in chart.curves:
        words = escape(f"{curve.name} {curve.ending}")
        colour = _COLOURS.get(curve.css, "#16191d")
        parts.append(f"<text x='{x}' y='20' {_FONT} fill='{colour}'>{words}</text>")
        x += 7 * len(words) + 16
    return parts


def _pins(chart: Chart, wide: int, tall: int) -> list[str]:
    """Dashed lines with a word at the foot; one close to the one before it stands a line higher."""
    parts, before, low = [], -_WIDE, 0
    for pin in chart.pins:
        x = int(_LEFT + wide * pin.left / 100.0)
        low = low + 1 if x - before < 100 else 0
        before = x
        parts.append(
            f"<path d='M{x},{_TOP}V{_TOP + tall}' stroke='#59626d' stroke-dasharray='3 4'/>"
            f"<text x='{x + 4}' y='{_TOP + tall - 6 - 14 * low}' {_FONT} fill='#16191d'>"
            f"{escape(pin.text)}</text>"
        )
    return parts


def _axes(chart: Chart, wide: int, tall: int) -> list[str]:
    parts = []
    for tick in chart.y_ticks:
        y = _TOP + tall * tick.position / 100.0
        parts.append(
            f"<path d='M{_LEFT},{y:.1f}H{_LEFT + wide}' stroke='#e1e4e9'/>"
            f"<text x='{_LEFT + wide + 6}' y='{y + 4:.1f}' {_FONT} fill='#59626d'>"
            f"{escape(tick.label)}</text>"
        )
    for tick in chart.x_ticks:
        # A label at the edge stays inside the picture.
        x = max(_LEFT + wide * tick.position / 100.0, 3.5 * len(tick.label))
        parts.append(
            f"<text x='{x:.1f}' y='{_TOP + tall + 18}' {_FONT} fill='#59626d' "
            f"text-anchor='middle'>{escape(tick.label)}</text>"
        )
    return parts
