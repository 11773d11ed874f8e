"""The watching loop: reads what trade and learn recorded, and tells people once about each thing.

It looks at the ledger alone, never at the loops' memory: what is not on record did not happen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from edgekeeper.alerts import Alert, Fanout
from edgekeeper.ledger import Ledger

__all__ = ["Sentinel"]


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
    """

    ledger: Ledger
    channels: Fanout
    account: str = "edgekeeper"
    _seen_until: int | None = None
    _told: set[tuple[int, str, str]] | None = None

    def look(self, now_ns: int) -> list[Alert]:
        """Report everything recorded since the last look, up to ``now_ns``, oldest first.

        What is on record as told is not told again, whichever process told it. An alert is sent
        before it is recorded: a process killed in between tells it twice rather than never.
        """
        if self._told is None:
            rows = self.ledger.read("alerts", ["event_time_ns", "rule", "message"]).rows()
            self._told = {(int(when), rule, message) for when, rule, message in rows}
        since = None if self._seen_until is None else self._seen_until + 1
        alerts = sorted(
            [
                *self._moves(since, now_ns),
                *self._guards(since, now_ns),
                *self._fits(since, now_ns),
                *self._storage(),
            ],
            key=lambda alert: alert.event_time,
        )
        self._seen_until = now_ns
        keys = [(alert.event_time, alert.rule, alert.message) for alert in alerts]
        alerts = [a for a, key in zip(alerts, keys, strict=True) if key not in self._told]
        self._told.update(keys)
        for alert in alerts:
            self.channels.send(alert)
        if alerts:
            self._write(alerts)
        return alerts

    def _rows(self, table: str, since: int | None, now_ns: int) -> pl.DataFrame:
        return self.ledger.read(table, since_ns=since, until_ns=now_ns)

    def _moves(self, since: int | None, now_ns: int) -> Iterator[Alert]:
        for row in self._rows("stages", since, now_ns).iter_rows(named=True):
            verdict, _, reason = row["reason"].partition(": ")
            yield Alert(
                row["event_time_ns"],
                "warning" if verdict == "retreated" else "info",
                f"line_{verdict.replace(' ', '_')}",
                f"line {row['line']} {verdict}: {reason}",
                {"line": row["line"], "from": row["from_stage"], "to": row["to_stage"]},
            )

    def _guards(self, since: int | None, now_ns: int) -> Iterator[Alert]:
        severities: dict[str, Any] = {"halt": "critical", "pause": "warning"}
        rows = self._rows("guards", since, now_ns)
        for row in rows.filter(pl.col("event") == "drop").iter_rows(named=True):
            yield Alert(
                row["event_time_ns"],
                "critical",
                "strategy_dropped",
                f"a strategy of the rules was dropped: {row['detail']}",
                {"cause": row["cause"]},
            )
        for row in rows.filter(pl.col("account") == self.account).iter_rows(named=True):
            what = {"halt": "account halted", "pause": "model paused"}.get(row["event"])
            if what is not None:
                yield Alert(
                    row["event_time_ns"],
                    severities[row["event"]],
                    f"guard_{row['event']}",
                    f"{what}: {row['cause']} ({row['detail']})",
                    {"cause": row["cause"]},
                )

    def _fits(self, since: int | None, now_ns: int) -> Iterator[Alert]:
        for row in self._rows("packages", since, now_ns).iter_rows(named=True):
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

    def _storage(self) -> Iterator[Alert]:
        """What became of bulk rows for want of room, by the wall clock: no market time has it."""
        said: dict[str, tuple[Any, str]] = {
            "stopped": ("warning", "no further {0} are kept"),
            "resumed": ("info", "{0} are kept again"),
            "put_off": ("warning", "{0} could not be moved to a segment"),
        }
        facts = self.ledger.read("storage", where={"event": list(said)})
        for row in facts.iter_rows(named=True):
            severity, what = said[row["event"]]
            yield Alert(
                row["wall_time_ns"],
                severity,
                f"storage_{row['event']}",
                f"{what.format(row['table_name'])}: {row['reason']}",
                {"table": row["table_name"]},
            )

    def _write(self, alerts: list[Alert]) -> None:
        with self.ledger.transaction("operations") as tx:
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
