"""Tables of the ledger, one module for each family."""

from sqlalchemy import Table

from edgekeeper.ledger.schema.chain import batches, chain
from edgekeeper.ledger.schema.columns import (
    BOOKKEEPING,
    Kind,
    columns_of,
    kind_of,
    metadata,
    required_columns,
    time_column,
)
from edgekeeper.ledger.schema.feed import epochs, universes
from edgekeeper.ledger.schema.forecasting import (
    decisions,
    explanations,
    forecasts,
    signals,
)
from edgekeeper.ledger.schema.lines import evidence, lines, packages, runs, stages, trials
from edgekeeper.ledger.schema.live import (
    bequests,
    commands,
    obeyed,
    refit_requests,
    stretches,
)
from edgekeeper.ledger.schema.operations import alerts, approvals, heartbeats, receipts, seals
from edgekeeper.ledger.schema.sidecar import (
    sidecar_evidence,
    sidecar_fits,
    sidecar_forecasts,
    sidecar_guards,
    sidecar_moves,
    sidecar_obeyed,
    sidecar_outcomes,
    sidecar_signals,
)
from edgekeeper.ledger.schema.storing import segment_bytes, storage
from edgekeeper.ledger.schema.trading import (
    equity,
    fills,
    guards,
    orders,
    trade_features,
    trades,
)

__all__ = [
    "BOOKKEEPING",
    "BULK",
    "BULK_OF",
    "DETAIL",
    "FACTS",
    "OPERATIONAL",
    "REVISION",
    "SEALS",
    "Kind",
    "batches",
    "chain",
    "columns_of",
    "kind_of",
    "metadata",
    "required_columns",
    "segment_bytes",
    "time_column",
]

REVISION = "0007"
"""Revision of the newest migration; a ledger that says otherwise is migrated or refused."""

FACTS: dict[str, Table] = {
    table.name: table
    for table in (
        runs,
        universes,
        epochs,
        signals,
        forecasts,
        decisions,
        explanations,
        orders,
        fills,
        trades,
        trade_features,
        equity,
        guards,
        lines,
        trials,
        packages,
        stages,
        evidence,
        alerts,
        approvals,
        heartbeats,
        seals,
        storage,
        receipts,
        stretches,
        bequests,
        commands,
        obeyed,
        refit_requests,
        sidecar_signals,
        sidecar_forecasts,
        sidecar_outcomes,
        sidecar_fits,
        sidecar_moves,
        sidecar_evidence,
        sidecar_guards,
        sidecar_obeyed,
    )
}
SEALS: dict[str, Table] = {"chain": chain, "batches": batches}
OPERATIONAL = frozenset(
    name for name, table in FACTS.items() if (time_column(table) or "").startswith("wall_")
)
"""Tables of wall-clock facts, which no market-time chain may hold."""

BULK = ("signals", "forecasts", "sidecar_forecasts")
"""Tables that grow with bars, sides and lines: sealed months of them move to segments."""

DETAIL = ("forecasts", "sidecar_forecasts")
"""Of these, what no decision is made from a second time: retention may let it go."""

BULK_OF = {"operations": ("signals", "forecasts"), "signals": ("sidecar_forecasts",)}
"""Bulk tables by the operational role that moves them: of a run, and of a side-car. Signals of bots
with their answers, and outcomes, stay: an id that comes again must get its answer, at once."""
