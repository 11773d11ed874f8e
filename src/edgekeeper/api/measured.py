"""What has to be looked through first: drift, insights, the quality of data. Never in a request."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query
from starlette.responses import Response

from edgekeeper.api.kept import Kept
from edgekeeper.api.problems import Problem
from edgekeeper.api.routes import Routes, answered
from edgekeeper.api.shapes import MeasuredOut, QuarantinePage, plain
from edgekeeper.desk import Desk
from edgekeeper.desk.slowly import Slowly

if TYPE_CHECKING:
    import polars as pl

__all__ = ["add_measured"]

_Measure = Callable[[], Mapping[str, Any]]
_PATIENCE_SECONDS = 0.05
_MOST_FINDINGS = 500
_MODELS, _TRADING, _DATA = "Models", "Trading", "Data"


def add_measured(routes: Routes, desk: Desk) -> None:
    """Add drift, insights, data quality and quarantine."""
    slowly = Slowly()

    def measured(name: str, measure: _Measure | None, role: str = "trade") -> Response:
        if measure is None:
            raise Problem(404, "Not measured", "this service was started without what measures it")
        head = desk.ledger.head(role)
        found = slowly.get(name, head, measure, patience_seconds=_PATIENCE_SECONDS)
        current = found.stamp == head
        shown = MeasuredOut(
            figures=None if found.value is None else dict(found.value),
            ledger=found.stamp or None,
            current=current,
            trouble=found.trouble,
        )
        return answered(shown, headers=None if current else {"Retry-After": "2"})

    def drift() -> Response:
        """Say what has changed since the model was fitted: inputs, forecasts, correlations.

        It takes seconds to measure. Until it is done, what was measured before is given, and
        `current` is false; what the loop itself found is under `/v1/refit-requests`.
        """
        return measured("drift", _drift(desk))

    def insights() -> Response:
        """Say what the record teaches: sources, hours, conditions that work, and where profit
        came from.

        It takes seconds to measure, as `/v1/drift`.
        """
        return measured("insights", _insights(desk))

    def gap() -> Response:
        """Say what trading costs your bot in reality, beside what was assumed.

        And which trades were simulated but never made, with the causes. Beyond chance worse over
        50 trades or more, `worse` is true. Measured as `/v1/drift`.
        """
        return measured("gap", lambda: desk.gap().record(), role="signals")

    def quality() -> Response:
        """Say how good the bars are: gaps, duplicates, stale prices, outliers; and how complete.

        It takes seconds to look through many bars, as `/v1/drift`.
        """
        return measured("data quality", lambda: _quality(desk))

    set_aside = Kept(lambda: _set_aside(desk))

    def quarantine(
        limit: Annotated[int, Query(ge=1, le=1_000, description="How many at most.")] = 100,
    ) -> Response:
        """List rows of data that were set aside with the reason, for a person to look at."""
        kept = set_aside.get(_changed(desk))
        items = kept.tail(limit).reverse().to_dicts()
        return answered({"total": kept.height, "items": items})

    unmeasured = {404: "The service was started without what measures it."}
    routes.add(
        "GET", "/v1/drift", drift, role="read", tag=_MODELS, answers=MeasuredOut, errors=unmeasured
    )
    routes.add(
        "GET",
        "/v1/insights",
        insights,
        role="read",
        tag=_TRADING,
        answers=MeasuredOut,
        errors=unmeasured,
    )
    routes.add("GET", "/v1/gap", gap, role="read", tag="Bots", answers=MeasuredOut)
    routes.add("GET", "/v1/data-quality", quality, role="read", tag=_DATA, answers=MeasuredOut)
    routes.add("GET", "/v1/quarantine", quarantine, role="read", tag=_DATA,
               answers=QuarantinePage)  # fmt: skip


def _drift(desk: Desk) -> _Measure | None:
    act = desk.acts.drift
    return None if act is None else lambda: plain(act(desk.folder))


def _insights(desk: Desk) -> _Measure | None:
    act = desk.acts.analyze
    return None if act is None else lambda: plain(act(desk.folder).figures)


def _quality(desk: Desk) -> dict[str, Any]:
    found = desk.data_quality()
    bars = found.bars
    return {
        "source": found.source,
        "interval": found.interval,
        "symbols": [] if bars is None else _timed(bars.by_symbol),
        "findings": [] if bars is None else _timed(bars.findings.tail(_MOST_FINDINGS)),
        "sentences": [] if bars is None else list(bars.lines()),
        "quarantined": found.quarantine.height,
        "complete": {
            line: forecast / bars_ for line, bars_, forecast in found.complete.iter_rows()
        },
        "complete_asked": found.asked,
    }


def _timed(frame: "pl.DataFrame") -> list[dict[str, Any]]:
    """Rows with times as RFC 3339."""
    import polars as pl
    import polars.selectors as cs

    written = cs.temporal().dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    return frame.with_columns(written).cast({cs.temporal(): pl.String}).to_dicts()


def _set_aside(desk: Desk) -> "pl.DataFrame":
    from edgekeeper.market import list_quarantine
    from edgekeeper.market.live.run_folder import STORE

    return list_quarantine(desk.folder / STORE)


def _changed(desk: Desk) -> int:
    """When something was last put into the folder of bars that came."""
    from edgekeeper.market.live.run_folder import STORE

    try:
        return (desk.folder / STORE).stat().st_mtime_ns
    except OSError:
        return 0
