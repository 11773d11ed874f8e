"""Keep a run's figures up to date with its record.

A look reads only what was written since the one before, so it costs milliseconds however long the
run; the first one counts where the rows lie.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgekeeper.alerts import CLEARED
from edgekeeper.config import AlertRule, AlertsConfig
from edgekeeper.monitoring.bounded import Bounded
from edgekeeper.monitoring.run_figures import ACCOUNT, LATENCY_BUCKETS, Account, Line, RunFigures
from edgekeeper.watch.figures import FigureReader

if TYPE_CHECKING:
    import polars as pl

    from edgekeeper.ledger import Ledger

__all__ = ["RunReader"]

_NULLS = {"cash": "log_e_cash", "exposure": "log_e_exposure", "incumbent": "log_e_incumbent"}
_MOST_SYMBOLS, _MOST_LINES, _MOST_NAMES, _MOST_REASONS, _MOST_ACCOUNTS = 100, 50, 100, 40, 20
_MINE = {"account": ACCOUNT}
_PAGE = 50_000
_ROLES = ("trade", "learn", "operations")


class RunReader:
    """Keeps the figures of a run up to date with its record.

    Parameters
    ----------
    ledger : Ledger
    recent : int
        Newest trades over which accuracy and win rate are measured.
    """

    def __init__(self, ledger: "Ledger", recent: int = 400) -> None:
        self.figures = RunFigures()
        self._ledger = ledger
        self._after: dict[str, int] = {}
        self._symbol, self._line = Bounded(_MOST_SYMBOLS), Bounded(_MOST_LINES)
        self._account, self._reason = Bounded(_MOST_ACCOUNTS), Bounded(_MOST_REASONS)
        self._rule = Bounded(_MOST_NAMES)
        self._guards: dict[str, int] = {}
        self._recent = FigureReader(ledger, recent)
        self._latched = {name for name, rule in AlertsConfig() if isinstance(rule, AlertRule)}

    def read(self) -> RunFigures:
        """Take in what was written since the last call."""
        self._equity()
        self._decisions()
        self._bars()
        self._steps()
        self._evidence()
        self._stages()
        self._fits()
        self._drift()
        self._alerts()
        self._trades()
        self._states()
        self._orders()
        self._links()
        self._over_recent()
        return self.figures

    # -- reading --------------------------------------------------------------------------------

    def _tally(
        self, table: str, by: Sequence[str], *, largest: Sequence[str] = (),
        summed: Sequence[str] = (), where: Mapping[str, object] | None = None,
    ) -> "pl.DataFrame":  # fmt: skip
        found = self._ledger.tally(
            table, by, largest=largest, summed=summed, where=where, after=self._after.get(table, 0)
        ).drop_nulls("last")
        if found.height:
            self._after[table] = int(found["last"].to_numpy().max())
        return found

    def _new(self, table: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield rows that are new; by pages, so that a long run is read in little memory."""
        height = _PAGE
        while height == _PAGE:
            rows = self._ledger.read(
                table, ["entry", *columns], after=self._after.get(table, 0), limit=_PAGE
            )
            height = rows.height
            if height:
                self._after[table] = int(rows["entry"][-1])
            yield from rows.iter_rows(named=True)

    def _newest(
        self, table: str, found: "pl.DataFrame", columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Rows that were the last of their groups."""
        if found.height == 0:
            return []
        rows = self._ledger.read(table, columns, where={"entry": found["last"].to_list()})
        return rows.to_dicts()

    def _equity(self) -> None:
        found = self._tally("equity", ["account"], largest=["equity"])
        for row in found.to_dicts():
            account = self.figures.accounts.setdefault(self._account(row["account"]), Account())
            account.high = max(account.high, _number(row["most_equity"], -math.inf))
        columns = ["event_time_ns", "account", "equity", "gross_exposure", "net_exposure"]
        for row in self._newest("equity", found, columns):
            account = self.figures.accounts[self._account(row["account"])]
            account.equity = _number(row["equity"])
            account.gross_exposure = _number(row["gross_exposure"])
            account.net_exposure = _number(row["net_exposure"])
            self.figures.last_bar_ns = max(self.figures.last_bar_ns or 0, row["event_time_ns"])

    def _decisions(self) -> None:
        columns = ["decision", "symbol", "reason"]
        for row in self._tally("decisions", columns, where=_MINE).to_dicts():
            self.figures.decisions[row["decision"], self._symbol(row["symbol"])] += row["rows"]
            if row["decision"] == "skip":
                self.figures.reasons[self._reason(row["reason"])] += row["rows"]

    def _bars(self) -> None:
        for row in self._tally("epochs", [], summed=["bars"]).to_dicts():
            self.figures.bars += row["sum_bars"] or 0

    def _steps(self) -> None:
        """Go through the steps by pages, as :meth:`_new` does."""
        columns = ["entry", "known_time_ns", "latency_ms"]
        height = _PAGE
        while height == _PAGE:
            rows = self._ledger.read(
                "stretches", columns, where={"kind": "bars"},
                after=self._after.get("stretches", 0), limit=_PAGE,
            )  # fmt: skip
            height = rows.height
            if height:
                self._after["stretches"] = int(rows["entry"][-1])
                self._take_steps(rows)

    def _take_steps(self, steps: "pl.DataFrame") -> None:
        import numpy as np

        figures = self.figures
        figures.instants += steps.height
        taken = steps["known_time_ns"].drop_nulls()
        figures.last_taken_ns = int(taken[-1]) if taken.len() else figures.last_taken_ns
        seconds = steps["latency_ms"].drop_nulls().to_numpy() / 1e3
        seconds = seconds[np.isfinite(seconds)]
        if len(seconds):
            figures.last_latency = float(seconds[-1])
            figures.latency_sum += float(seconds.sum())
            place = np.searchsorted(LATENCY_BUCKETS, seconds, side="left")
            counts = np.bincount(place, minlength=len(figures.latency))
            figures.latency = [a + int(b) for a, b in zip(figures.latency, counts, strict=True)]

    def _evidence(self) -> None:
        found = self._tally("evidence", ["line"])
        columns = ["line", *_NULLS.values(), "log_harm", "threshold"]
        for row in self._newest("evidence", found, columns):
            line = self._line_of(row["line"])
            line.log_evidence = {
                null: _number(row[column], -math.inf) for null, column in _NULLS.items()
            }
            line.log_threshold = _number(row["threshold"])
            line.log_harm = _number(row["log_harm"])

    def _stages(self) -> None:
        for row in self._new("stages", ["line", "to_stage"]):
            self._line_of(row["line"]).stage = row["to_stage"]

    def _fits(self) -> None:
        for row in self._new("packages", ["line", "verdict", "fitted_at_ns"]):
            line = self._line_of(row["line"])
            self.figures.fits[self._line(row["line"]), row["verdict"]] += 1
            line.last_fit_ns = max(line.last_fit_ns or 0, row["fitted_at_ns"])

    def _drift(self) -> None:
        for row in self._new("refit_requests", ["event_time_ns", "line", "reason"]):
            self._line_of(row["line"]).last_drift_ns = row["event_time_ns"]
            self.figures.requests[self._line(row["line"]), self._reason(row["reason"])] += 1

    def _alerts(self) -> None:
        figures = self.figures
        for row in self._new("alerts", ["event_time_ns", "severity", "rule"]):
            figures.alerts[row["severity"]] += 1
            over = row["rule"].endswith(CLEARED)
            rule = self._rule(row["rule"].removesuffix(CLEARED))
            if over:
                for key in [key for key in figures.standing if key[0] == rule]:
                    figures.standing[key] = False
            else:
                figures.last_alert_ns[rule, row["severity"]] = row["event_time_ns"]
                if rule in self._latched:
                    figures.standing[rule, row["severity"]] = True

    def _trades(self) -> None:
        columns = ["account", "quantity", "entry_price", "net_return", "costs", "model"]
        for row in self._new("trades", columns):
            key = (self._account(row["account"]), "fallback" if row["model"] is None else "model")
            value = abs(_number(row["quantity"])) * _number(row["entry_price"])
            profit, costs = value * _number(row["net_return"]), _number(row["costs"])
            result = "unknown" if math.isnan(profit) else "won" if profit > 0.0 else "lost"
            self.figures.trades[(*key, result)] += 1
            if result != "unknown":
                side = self.figures.gains if profit > 0.0 else self.figures.losses
                side[key] += abs(profit)
            if not math.isnan(costs):
                self.figures.costs[key] += costs

    def _states(self) -> None:
        for row in self._tally("guards", ["event"], where=_MINE).to_dicts():
            self._guards[row["event"]] = row["last"]
        last = {event: self._guards.get(event, 0) for event in ("halt", "resume", "pause", "rearm")}
        self.figures.halted = last["halt"] > last["resume"]
        self.figures.paused = last["pause"] > last["rearm"]

    def _orders(self) -> None:
        for row in self._new("obeyed", ["kind", "outcome"]):
            outcome = "done" if row["outcome"] == "done" else "refused"
            self.figures.orders[self._rule(row["kind"]), outcome] += 1

    def _links(self) -> None:
        for role in _ROLES:
            last = self._ledger.read(
                "chain", ["seq"], where={"role": role}, order=["seq"], descending=True, limit=1
            )
            if last.height:
                self.figures.links[role] = int(last["seq"][0]) + 1

    def _over_recent(self) -> None:
        if self.figures.last_bar_ns is None:
            return
        for figure in self._recent.over_results(self.figures.last_bar_ns):
            cause = self._line(figure.cause.removeprefix("line "))
            self.figures.recent[figure.metric, cause] = (figure.value, figure.count)

    def _line_of(self, name: str) -> Line:
        return self.figures.lines.setdefault(self._line(name), Line())


def _number(value: float | None, unknown: float = math.nan) -> float:
    return unknown if value is None else float(value)
