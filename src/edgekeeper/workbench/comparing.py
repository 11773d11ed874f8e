"""Compare forecasters with each other, on the same bars and the same sides of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import UsageError
from edgekeeper.report.difference_words import HEADS, difference_rows
from edgekeeper.validate import Case, Difference, compare_cases, differences_to_polars
from edgekeeper.workbench.cases import case_of
from edgekeeper.workbench.judging import Judgement
from edgekeeper.workbench.prequential import Prequential

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison:
    """Paired differences between forecasters."""

    differences: tuple[Difference, ...]

    def to_polars(self) -> "pl.DataFrame":
        """One row for each pair and figure, with the interval of its difference."""
        return differences_to_polars(self.differences)

    def _repr_html_(self) -> str:
        rows = [HEADS, *difference_rows(self.differences)]
        cells = ["</td><td>".join(escape(cell) for cell in row) for row in rows]
        return "<table>" + "".join(f"<tr><td>{row}</td></tr>" for row in cells) + "</table>"


def compare(
    forecasters: Sequence[Any] | Mapping[str, Any],
    bars: Any = None,
    config: Config | None = None,
) -> Comparison:
    """Compare every pair of forecasters, figure by figure.

    Parameters
    ----------
    forecasters : sequence, or mapping of names to forecasters
        Results of :func:`validate` or :func:`prequential`, packages, or frames; at least two.
    bars : Bars or frame, optional
        Needed for packages and frames; results bring theirs along.
    config : Config, optional
        That of the first result without it.

    Raises
    ------
    UsageError
        Fewer than two, two of one name, or no bars where they are needed.
    BadData
        Different bars, or nothing in common.

    Examples
    --------
    >>> import polars as pl
    >>> from edgekeeper.worlds import make_world
    >>> bars = make_world("noise", seed=1, symbols=2, bars=400).bars
    >>> frame = bars.to_polars().select("timestamp", "symbol", side=pl.lit("long"))
    >>> both = {name: frame.with_columns(probability=pl.lit(p))
    ...     for name, p in {"bold": 0.9, "meek": 0.5}.items()}
    >>> table = compare(both, bars).to_polars()
    >>> table.filter(pl.col("figure") == "log_loss")["better"].to_list()
    ['meek']
    """
    named = (
        dict(forecasters)
        if isinstance(forecasters, Mapping)
        else {str(i): one for i, one in enumerate(forecasters)}
    )
    plain = not isinstance(forecasters, Mapping)
    judged = [one for one in named.values() if isinstance(one, Judgement)]
    config = config or (judged[0].config if judged else Config())
    ready = [one for one in named.values() if isinstance(one, Judgement | Prequential)]
    if bars is None and len(ready) < len(named):
        raise UsageError(
            "compare: expected bars beside packages and frames, got none: give the bars that the "
            "forecasts are about"
        )
    raw = bars is not None and not isinstance(bars, Bars)
    bars = Bars.from_frame(bars) if raw else bars
    cases = [
        _case(one, bars, config, "" if plain else name, position, raw)
        for position, (name, one) in enumerate(named.items())
    ]
    return Comparison(tuple(compare_cases(cases, config)))


def _case(one: Any, bars: Bars | None, config: Config, name: str, position: int, raw: bool) -> Case:
    if isinstance(one, Judgement | Prequential):
        case = one.case
    else:
        assert bars is not None
        case = case_of(one, bars, config, name, dates_as_bars=raw)
    own = case.name if case.name != "forecasts" else f"forecasts {position + 1}"
    return replace(case, name=name or own)
