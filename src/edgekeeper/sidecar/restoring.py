"""The state of lines and days after a restart: folded from the record, nothing else."""

from collections import defaultdict

from edgekeeper.ledger import Ledger
from edgekeeper.sidecar.days import Days
from edgekeeper.sidecar.lines import Lines
from edgekeeper.sidecar.student import OutcomeNote, SignalNote

__all__ = ["restore"]


def restore(ledger: Ledger, lines: Lines, days: Days) -> int:
    """Fold the record into lines and days; return how many outcomes are known.

    Evidence and moves are folded in the order of their links, evidence of a link first, as they
    were written. Of signals, those of days that are not counted yet are read.
    """
    rows = [
        (row["link"], kind, row)
        for kind, table in enumerate(("sidecar_evidence", "sidecar_moves"))
        for row in ledger.read(table).iter_rows(named=True)
    ]
    for _, kind, row in sorted(rows, key=lambda one: one[:2]):
        if kind == 0:
            lines.apply_day(row)
            days.done_ns = max(days.done_ns, row["event_time_ns"])
            days.closed_ns = max(days.closed_ns, row["closed_ns"] or 0)
        else:
            lines.apply_move(row)
            days.latest_ns = max(days.latest_ns, row["event_time_ns"])
    for row in ledger.read("sidecar_fits").iter_rows(named=True):
        one = lines.by_name.get(row["line"])
        if one is not None:
            one.fits, one.asked_at = row["refit_index"] + 1, row["outcomes"]
            one.held = row["hash"] if row["verdict"] == "needs_approval" else ""
    frozen = ledger.read("sidecar_obeyed", ["kind"],
                         where={"kind": ["freeze", "unfreeze"], "outcome": "done"})  # fmt: skip
    lines.frozen = frozen.height > 0 and frozen["kind"][-1] == "freeze"
    _restore_days(ledger, days)
    ended = ledger.read("sidecar_outcomes", ["net_return"])["net_return"]
    return int(ended.len() - ended.null_count())


def _restore_days(ledger: Ledger, days: Days) -> None:
    since = max(days.done_ns, 0)
    sizes: dict[str, dict[str, float]] = defaultdict(dict)
    forecasts = ledger.read("sidecar_forecasts", ["id", "line", "size"], since_ns=since)
    for id, line, size in forecasts.iter_rows():
        sizes[id][line] = size
    columns = ["id", "event_time_ns", "size", "chance", "counted"]
    for id, when, size, chance, counted in ledger.read(
        "sidecar_signals", columns, since_ns=since
    ).iter_rows():
        days.signal(SignalNote(id, when, size, chance if counted else None, sizes[id]))
    columns = ["id", "source", "event_time_ns", "net_return"]
    for id, source, closed, net in ledger.read(
        "sidecar_outcomes", columns, since_ns=since
    ).iter_rows():
        days.outcome(OutcomeNote(id, source, closed, net))
    newest = ledger.read("sidecar_signals", ["event_time_ns"], order=["event_time_ns"],
                         descending=True, limit=1)  # fmt: skip
    if newest.height:
        days.latest_ns = max(days.latest_ns, int(newest["event_time_ns"][0]))
