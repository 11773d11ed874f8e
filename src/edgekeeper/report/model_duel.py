"""A tuned ensemble beside single models on one market: in a sentence, in rows, in a picture."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from edgekeeper.report.axis import number_ticks
from edgekeeper.report.charts import Series, line_chart
from edgekeeper.report.picture import Picture, draw
from edgekeeper.report.wording import number
from edgekeeper.types import Float64Array, Int64Array
from edgekeeper.validate import Difference

__all__ = ["DUEL_HEADS", "ModelDuel", "duel_picture", "duel_rows", "duel_sentence"]

DUEL_HEADS = ("", "Net Sharpe", "Log loss", "Ensemble less it, Sharpe", "Better")
_COLOURS = ("edgekeeper", "always_newest", "rules")
_TALL, _WIDE = 220, 760
_FONT = "font-family='system-ui, sans-serif' font-size='13' font-weight='600' fill='#16191d'"


@dataclass(frozen=True)
class ModelDuel:
    """What came of it.

    Attributes
    ----------
    name, title : str
        Of the market.
    forecasters : tuple of str
        The ensemble first, then what it is held against.
    differences : tuple of Difference
        Every figure of every pair, one adjustment for all.
    time_ns : int64 [T]
    gains : mapping of name to float64 [T]
        What each virtual book has earned so far, in units of volatility.
    fits, trials : int
        How often each was fitted, and how many configurations were tried for each before.
    """

    name: str
    title: str
    forecasters: tuple[str, ...]
    differences: tuple[Difference, ...]
    time_ns: Int64Array
    gains: Mapping[str, Float64Array]
    fits: int
    trials: int

    def of(self, rival: str, figure: str) -> Difference:
        """Return one figure of the ensemble less a rival's."""
        return next(
            d
            for d in self.differences
            if (d.a, d.b, d.figure) == (self.forecasters[0], rival, figure)
        )

    def winner(self, rival: str) -> str:
        """Who of the two is better at forecasts or money; empty where chance could explain it."""
        said = {self.of(rival, figure).better for figure in ("log_loss", "sharpe")} - {""}
        return said.pop() if len(said) == 1 else ""


def duel_sentence(duel: ModelDuel) -> str:
    """Say who was better and whether chance could explain it."""
    ensemble, *rivals = duel.forecasters
    said: dict[str, list[str]] = {"better than": [], "worse than": [], "no better than": []}
    for rival in rivals:
        winner = duel.winner(rival)
        how = {ensemble: "better than", rival: "worse than"}.get(winner, "no better than")
        gap = duel.of(rival, "sharpe")
        figures = f"net Sharpe {number(gap.value_b)}, difference {number(gap.low)} to "
        said[how].append(f"{rival} ({figures}{number(gap.high)})")
    mine = number(duel.of(rivals[0], "sharpe").value_a)
    parts = [f"{how} {' and '.join(whom)}" for how, whom in said.items() if whom]
    luck = "; chance would explain what they differ by" if said["no better than"] else ""
    return f"{duel.title}: {ensemble} (net Sharpe {mine}) is {', '.join(parts)}{luck}."


def duel_rows(duel: ModelDuel) -> list[tuple[str, ...]]:
    """One row a forecaster, under :data:`DUEL_HEADS`."""
    ensemble, *rivals = duel.forecasters
    first = [duel.of(rivals[0], figure) for figure in ("sharpe", "log_loss")]
    rows: list[tuple[str, ...]] = [
        (ensemble, number(first[0].value_a, 2), number(first[1].value_a, 4), "", "")
    ]
    for rival in rivals:
        sharpe, loss = (duel.of(rival, figure) for figure in ("sharpe", "log_loss"))
        gap = f"{number(sharpe.low)} to {number(sharpe.high)}"
        better = duel.winner(rival) or "none can be told"
        rows.append((rival, number(sharpe.value_b, 2), number(loss.value_b, 4), gap, better))
    return rows


def duel_picture(duels: Sequence[ModelDuel]) -> Picture:
    """Draw what the books earned, one market below the other."""
    parts, top = [], 0
    for duel in duels:
        chart = line_chart(
            duel.time_ns,
            [
                Series(name, css, duel.gains[name], lambda value: number(value, 1))
                for name, css in zip(duel.forecasters, _COLOURS, strict=False)
            ],
            ticks=number_ticks,
            label=f"{duel.title}: earned so far, in units of volatility",
            height_px=_TALL,
        )
        svg = draw(chart).svg
        tall = _height(svg)
        title = escape(f"{duel.title}: earned so far, in units of volatility")
        parts += [
            f"<text x='12' y='{top + 20}' {_FONT}>{title}</text>",
            f"<svg y='{top + 28}' width='{_WIDE}' height='{tall}' {svg.removeprefix('<svg ')}",
        ]
        top += tall + 44
    return Picture(
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDE} {top}'>"
        f"<rect width='{_WIDE}' height='{top}' fill='#fff'/>{''.join(parts)}</svg>"
    )


def _height(svg: str) -> int:
    found = re.search(r"viewBox='0 0 \d+ (\d+)'", svg)
    return int(found.group(1)) if found else _TALL
