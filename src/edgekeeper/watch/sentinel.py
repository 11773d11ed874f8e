"""The watching loop: reads what trade and learn recorded, and tells people once about each thing.

It looks at the ledger alone, never at the loops' memory: what is not on record did not happen.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgekeeper.alerts import CLEARED, Alert, Fanout, Rules, Severity
from edgekeeper.config import AlertsConfig
from edgekeeper.ledger import Ledger
from edgekeeper.watch.figures import FigureReader
from edgekeeper.watch.weekly import WEEK_NS, week_of, weekly_alert

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Sentinel", "write_alerts"]

_WATCHED = ("stages", "guards", "packages", "obeyed", "storage")
_MOVE_SEVERITY: dict[str, Severity] = {"retreated": "warning", "kept": "critical"}


@dataclass(slots=True)
class Sentinel:
    """Turns new records into alerts, writes them to the ledger, and sends them out.

    Parameters
    ----------
    ledger : Ledger
        Read for moves, guards and fits; written for alerts under role ``operations``.
    channels : Fanout
    account : str
        Whose guards are watched.
    settings : AlertsConfig, optional
        Rules about figures, and the week's summary; without, facts alone are told.
    """

    ledger: Ledger
    channels: Fanout
    account: str = "edgekeeper"
    settings: AlertsConfig | None = None
    _rules: Rules | None = None
    _figures: FigureReader | None = None
    _week_ns: int | None = None
    _seen: dict[str, int] = field(default_factory=dict)  # last row read of each table
    _last: dict[str, int] = field(default_factory=dict)  # last row on record
    _told: set[tuple[int, str, str]] | None = None

    def look(self, now_ns: int) -> list[Alert]:
        """Report everything recorded since the last look, up to ``now_ns``, oldest first.

        What is on record as told is not told again, whichever process told it. An alert is sent
        before it is recorded: a process killed in between tells it twice rather than never.
        """
        if self._told is None:
            rows = self.ledger.read("alerts", ["event_time_ns", "rule", "message"]).rows()
            self._told = {(int(when), rule, message) for when, rule, message in rows}
        self._last = self.ledger.last_entries(_WATCHED)
        alerts = sorted(
            [
                *self._moves(now_ns),
                *self._guards(now_ns),
                *self._fits(now_ns),
                *self._fits_that_failed(now_ns),
                *self._storage(),
                *self._judged(now_ns),
            ],
            key=lambda alert: alert.event_time,
        )
        keys = [(alert.event_time, alert.rule, alert.message) for alert in alerts]
        alerts = [a for a, key in zip(alerts, keys, strict=True) if key not in self._told]
        self._told.update(keys)
        for alert in alerts:
            self.channels.send(alert)
        if alerts:
            write_alerts(self.ledger, alerts)
        return alerts

    def _rows(self, table: str, columns: Sequence[str], now_ns: int) -> "pl.DataFrame":
        """Rows that no look has read yet, by their place in the record.

        A fit that took long is recorded after later bars, and an order after the look at its
        instant: their times say nothing about whether they are new.
        """
        seen = self._seen.get(table, 0)
        if self._last[table] <= seen:
            import polars as pl

            return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        rows = self.ledger.read(table, ["entry", *columns], until_ns=now_ns, after=seen)
        if rows.height:
            self._seen[table] = int(rows["entry"][-1])
        return rows

    def _moves(self, now_ns: int) -> Iterator[Alert]:
        columns = ["event_time_ns", "line", "from_stage", "to_stage", "reason"]
        for row in self._rows("stages", columns, now_ns).iter_rows(named=True):
            verdict, _, reason = row["reason"].partition(": ")
            yield Alert(
                row["event_time_ns"],
                _MOVE_SEVERITY.get(verdict, "info"),
                "model_corrupt" if verdict == "kept" else f"line_{verdict.replace(' ', '_')}",
                f"line {row['line']} {verdict}: {reason}",
                {"line": row["line"], "from": row["from_stage"], "to": row["to_stage"]},
            )

    def _guards(self, now_ns: int) -> Iterator[Alert]:
        severities: dict[str, Any] = {"halt": "critical", "pause": "warning"}
        columns = ["event_time_ns", "account", "event", "cause", "detail"]
        rows = self._rows("guards", columns, now_ns)
        for row in rows.filter(rows["event"] == "drop").iter_rows(named=True):
            yield Alert(
                row["event_time_ns"],
                "critical",
                "strategy_dropped",
                f"a strategy of the rules was dropped: {row['detail']}",
                {"cause": row["cause"]},
            )
        for row in rows.filter(rows["account"] == self.account).iter_rows(named=True):
            what = {"halt": "account halted", "pause": "model paused"}.get(row["event"])
            if what is not None:
                yield Alert(
                    row["event_time_ns"],
                    severities[row["event"]],
                    f"guard_{row['event']}",
                    f"{what}: {row['cause']} ({row['detail']})",
                    {"cause": row["cause"]},
                )

    def _fits(self, now_ns: int) -> Iterator[Alert]:
        columns = ["fitted_at_ns", "hash", "line", "refit_index", "verdict"]
        for row in self._rows("packages", columns, now_ns).iter_rows(named=True):
            if row["verdict"] == "accepted":
                continue
            held = row["verdict"] == "needs_approval"
            yield Alert(
                row["fitted_at_ns"],
                "critical" if held else "warning",
                "fit_needs_approval" if held else "fit_vetoed",
                f"refit {row['refit_index']} of line {row['line']} "
                + ("is too good to be true and waits for a person" if held else "was vetoed"),
                {"line": row["line"], "package": row["hash"]},
            )

    def _fits_that_failed(self, now_ns: int) -> Iterator[Alert]:
        said = {"no_fit": "there is no new fit of line {0}: {1}", "pass_over": "{1}"}
        columns = ["event_time_ns", "kind", "subject", "actor", "reason", "detail_json"]
        rows = self._rows("obeyed", columns, now_ns)
        for row in rows.filter(rows["actor"] == "learn").iter_rows(named=True):
            if row["kind"] in said and json.loads(row["detail_json"]).get("failed", True):
                yield Alert(
                    row["event_time_ns"],
                    "warning",
                    "fit_failed" if row["kind"] == "no_fit" else "package_unusable",
                    said[row["kind"]].format(row["subject"], row["reason"])
                    + "; the model before stays",
                    {"subject": row["subject"]},
                )

    def _judged(self, now_ns: int) -> Iterator[Alert]:
        """Figures beyond their thresholds, and the week's summary; not of what is lived again."""
        if self.settings is None or self.ledger.unproved:
            return
        if self._rules is None:
            self._rules = Rules(self.settings.rules, self._standing())
            self._figures = FigureReader(self.ledger, self.settings.recent)
        assert self._figures is not None
        yield from self._rules.judge(self._figures.read(now_ns), now_ns)
        week, before = week_of(now_ns), self._week_ns
        self._week_ns = week
        if self.settings.weekly and before is not None and before < week:
            yield weekly_alert(self.ledger, week - WEEK_NS, self.account)

    def _standing(self) -> set[tuple[str, str]]:
        """Alerts on record that are not over."""
        rows = self.ledger.read("alerts", ["event_time_ns", "rule", "detail_json"])
        standing: set[tuple[str, str]] = set()
        for when, rule, detail in rows.iter_rows():
            cause = json.loads(detail or "{}").get("cause")
            if rule == "weekly":
                self._week_ns = week_of(int(when)) + WEEK_NS
            if rule.endswith(CLEARED):
                standing.discard((rule.removesuffix(CLEARED), cause))
            else:
                standing.add((rule, cause))
        return standing

    def _storage(self) -> Iterator[Alert]:
        """What became of bulk rows for want of room, by the wall clock: no market time has it."""
        said: dict[str, tuple[Any, str]] = {
            "stopped": ("warning", "no further {0} are kept"),
            "resumed": ("info", "{0} are kept again"),
            "put_off": ("warning", "{0} could not be moved to a segment"),
        }
        if self._last["storage"] <= self._seen.get("storage", 0):
            return
        columns = ["entry", "wall_time_ns", "event", "table_name", "reason"]
        facts = self.ledger.read("storage", columns, after=self._seen.get("storage"))
        self._seen["storage"] = int(facts["entry"][-1])
        for row in facts.filter(facts["event"].is_in(list(said))).iter_rows(named=True):
            severity, what = said[row["event"]]
            yield Alert(
                row["wall_time_ns"],
                severity,
                f"storage_{row['event']}",
                f"{what.format(row['table_name'])}: {row['reason']}",
                {"table": row["table_name"]},
            )


def write_alerts(ledger: Ledger, alerts: list[Alert]) -> None:
    """Append alerts to the record, under role ``operations``."""
    with ledger.transaction("operations") as tx:
        tx.append(
            "alerts",
            {
                "event_time_ns": [alert.event_time for alert in alerts],
                "severity": [alert.severity for alert in alerts],
                "rule": [alert.rule for alert in alerts],
                "message": [alert.message for alert in alerts],
                "detail_json": [alert.detail for alert in alerts],
            },
        )
