"""A line chart of the report's geometry, drawn by the browser's part in the screen's colours."""

from edgekeeper.dashboard.nodes import Element, node
from edgekeeper.report.charts import GLYPHS, Chart

__all__ = ["plot"]


def plot(chart: Chart | None, *, legend: bool = True) -> Element:
    """Make a figure: what the lines are, and the lines."""
    if chart is None:
        return node("p", "Nothing to draw yet: it takes two bars.", css="soft")
    spec = {
        "label": chart.label.rstrip(".") + ".",
        "height": chart.height_px,
        "curves": [{"css": c.css, "path": c.path, "area": c.area} for c in chart.painted],
        "xs": [[round(tick.position, 2), tick.label] for tick in chart.x_ticks],
        "ys": [[round(tick.position, 2), tick.label] for tick in chart.y_ticks],
        "pins": [
            [round(pin.left, 2), pin.kind, pin.text, GLYPHS.get(pin.kind, "•")]
            for pin in chart.pins
        ],
        "hover": chart.hover,
    }
    keys = node(
        "ul",
        [
            node("li", node("span", c.name, css=f"key {c.css}"), node("b", c.ending))
            for c in chart.curves
        ],
        css="legend",
    )
    return node("figure", keys if legend else None, node("plot", spec=spec))
