"""What an epoch leaves in the ledger, as columns. Prices are written raw, as the venue quotes them.

Inside, books work on adjusted prices and units, so that a split is not a loss; here both are
turned back with the adjustment known at that bar.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.fills import EXIT_REASONS
from edgekeeper.ledger import Transaction
from edgekeeper.market import bars_hash
from edgekeeper.rollout import EvidenceBars
from edgekeeper.simulator import (
    EXIT_OPPOSITE,
    FILL_ENTRY,
    GUARD_CAUSES,
    GUARD_EVENTS,
    REASONS,
    Log,
)
from edgekeeper.trade.known_terms import KnownTerms
from edgekeeper.types import SIDES, Float64Array, Forecasts, Int64Array

__all__ = [
    "DECISIONS",
    "Recorder",
    "write_epoch",
    "write_equity",
    "write_evidence",
    "write_forecasts",
    "write_signals",
]

DECISIONS = ("skip", "reduce", "take")
_NAMED_EXITS = (*EXIT_REASONS, "opposite")
assert _NAMED_EXITS[EXIT_OPPOSITE] == "opposite"
_SIDE_NAMES = np.array([SIDES[1], "none", SIDES[0]], dtype=object)


class Recorder:
    """Turns logs of books into rows, for the account it is made for.

    Parameters
    ----------
    bars : Bars
        Of the whole run.
    account : str
    terms : KnownTerms, optional
        Writes what each closed trade was decided on.
    """

    def __init__(self, bars: Bars, account: str, terms: KnownTerms | None = None) -> None:
        self.bars = bars
        self.terms = terms
        self.account = account
        self.names = np.array(bars.symbols, dtype=object)
        self._since: list[int] = []
        self._packages: list[str | None] = []
        self._key = _row_key(bars, bars.event_time, bars.symbol)

    def write(
        self,
        tx: Transaction,
        log: Log,
        first: int,
        last: int,
        package: str | None,
        *,
        marks: bool = True,
    ) -> None:
        """Append decisions, orders, fills, trades and guards of instants first:last, and marks."""
        rows = slice(int(self.bars.instant_offsets[first]), int(self.bars.instant_offsets[last]))
        times = self.bars.instants[first:last]
        if not self._packages or self._packages[-1] != package:
            self._since.append(int(times[0]))
            self._packages.append(package)
        self._decisions(tx, log, rows, times, package)
        if log.counts[2]:
            self._fills(tx, log)
        if log.counts[0]:
            self._trades(tx, log)
        if log.counts[1]:
            self._guards(tx, log, times)
        if marks:
            write_equity(tx, {self.account: log}, times)

    def _decisions(
        self, tx: Transaction, log: Log, rows: slice, times: Int64Array, package: str | None
    ) -> None:
        bars = self.bars
        event_time = bars.event_time[rows]
        equity = log.equity[np.searchsorted(times, event_time), 0]
        taken = log.decision > 0
        symbols = self.names[bars.symbol[rows]]
        sides = _SIDE_NAMES[log.direction + 1]
        adjustment = bars.adjustment[rows]
        nothing = np.nan
        columns: dict[str, Any] = {
            "event_time_ns": event_time,
            "symbol": symbols,
            "account": self.account,
            "side": sides,
            "decision": [DECISIONS[d] for d in log.decision],
            "size": np.where(taken, log.value / equity, nothing),
            "stop": np.where(taken, log.stop / adjustment, nothing),
            "target": np.where(taken, log.target / adjustment, nothing),
            "reason": [REASONS[r] for r in log.reason],
            "model": [package if source else None for source in log.source],
        }
        tx.append("decisions", columns)
        if taken.any():
            picked = np.flatnonzero(taken)
            tx.append(
                "orders",
                {
                    "event_time_ns": event_time[picked],
                    "id": [_order_id(symbols[i], event_time[i]) for i in picked],
                    "account": self.account,
                    "symbol": symbols[picked],
                    "side": sides[picked],
                    "action": "open",
                    "order_type": "market",
                    "quantity": (log.value / bars.adjusted("close")[rows] * adjustment)[picked],
                    "stop": columns["stop"][picked],
                    "target": columns["target"][picked],
                },
            )

    def _fills(self, tx: Transaction, log: Log) -> None:
        count = int(log.counts[2])
        keys, fills = log.fill_keys[:count], log.fills[:count]
        adjustment = self._adjustment_at(keys[:, 0], keys[:, 1])
        entries = keys[:, 2] == FILL_ENTRY
        bought = fills[:, 0] > 0
        long = bought == entries
        sign = np.where(bought, 1.0, -1.0)
        value = np.abs(fills[:, 0]) * fills[:, 1]
        tx.append(
            "fills",
            {
                "event_time_ns": keys[:, 1],
                "order_id": [
                    _order_id(self.names[symbol], decided) for symbol, decided in keys[:, [0, 3]]
                ],
                "account": self.account,
                "symbol": self.names[keys[:, 0]],
                "side": np.where(long, SIDES[0], SIDES[1]).astype(object),
                "action": np.where(entries, "open", "close").astype(object),
                "quantity": np.abs(fills[:, 0]) * adjustment,
                "price": fills[:, 1] * (1.0 + sign * fills[:, 2] / value) / adjustment,
                "reference_price": fills[:, 1] / adjustment,
            },
        )

    def _package_at(self, time_ns: int) -> str | None:
        """Package that decided at an instant: a trade belongs to whoever opened it."""
        return self._packages[bisect_right(self._since, time_ns) - 1]

    def _trades(self, tx: Transaction, log: Log) -> None:
        count = int(log.counts[0])
        keys, trades = log.trade_keys[:count], log.trades[:count]
        symbols = keys[:, 0]
        adjustment = self._adjustment_at(symbols, keys[:, 3])
        tx.append(
            "trades",
            {
                "exit_time_ns": keys[:, 3],
                "decision_time_ns": keys[:, 1],
                "entry_time_ns": keys[:, 2],
                "account": self.account,
                "symbol": self.names[symbols],
                "side": np.where(trades[:, 0] > 0, SIDES[0], SIDES[1]).astype(object),
                "quantity": np.abs(trades[:, 0]) * adjustment,
                "entry_price": trades[:, 1] / self._adjustment_at(symbols, keys[:, 2]),
                "exit_price": trades[:, 2] / adjustment,
                "exit_reason": [_NAMED_EXITS[r] for r in keys[:, 4]],
                "gross_return": trades[:, 3],
                "net_return": trades[:, 4],
                "costs": trades[:, 6],
                "mfe": trades[:, 7],
                "mae": trades[:, 8],
                "bars_held": keys[:, 6],
                "model": [
                    self._package_at(decided) if source else None
                    for decided, source in keys[:, [1, 5]]
                ],
            },
        )
        if self.terms is not None:
            rows = np.searchsorted(self._key, _row_key(self.bars, keys[:, 1], symbols))
            sides = np.where(trades[:, 0] > 0, SIDES[0], SIDES[1]).astype(object)
            self.terms.write(tx, self.account, rows, keys[:, 3], sides)

    def _guards(self, tx: Transaction, log: Log, times: Int64Array) -> None:
        count = int(log.counts[1])
        events = log.guards[:count]
        tx.append(
            "guards",
            {
                "event_time_ns": times[events[:, 0]],
                "account": self.account,
                "event": [GUARD_EVENTS[e] for e in events[:, 1]],
                "cause": [GUARD_CAUSES[c] for c in events[:, 2]],
                "detail": [f"{v:.4g}" for v in log.guard_values[:count]],
                "actor": [
                    "operator" if GUARD_EVENTS[e] in ("rearm", "resume") else "guard"
                    for e in events[:, 1]
                ],
            },
        )

    def _adjustment_at(self, symbols: Int64Array, times: Int64Array) -> Float64Array:
        """Adjustment of the bar of each (symbol, time)."""
        key = _row_key(self.bars, times, symbols)
        return self.bars.adjustment[np.searchsorted(self._key, key)]


def _row_key(bars: Bars, times: Int64Array, symbols: Any) -> Int64Array:
    """Number that sorts as rows do: by time, then symbol."""
    return np.searchsorted(bars.instants, times) * len(bars.symbols) + symbols


def _order_id(symbol: str, time_ns: int) -> str:
    return f"{symbol}@{time_ns}"


def write_equity(tx: Transaction, logs: Mapping[str, Log], times: Int64Array) -> None:
    """Append the marks of accounts, one account after the other."""
    equity = np.concatenate([log.equity for log in logs.values()])
    tx.append(
        "equity",
        {
            "event_time_ns": np.tile(times, len(logs)),
            "account": np.repeat(np.array(list(logs), dtype=object), len(times)),
            "equity": equity[:, 0],
            "cash": equity[:, 1],
            "gross_exposure": equity[:, 2] / equity[:, 0],
            "net_exposure": equity[:, 3] / equity[:, 0],
        },
    )


def write_epoch(tx: Transaction, bars: Bars, rows: slice) -> None:
    """Append what an epoch runs on, so that a later run can tell whether its bars are the same."""
    tx.append(
        "epochs",
        {
            "event_time_ns": int(bars.event_time[rows.stop - 1]),
            "bars": rows.stop - rows.start,
            "bars_hash": bars_hash(bars.rows(rows.start, rows.stop)),
        },
    )


def write_signals(tx: Transaction, bars: Bars, rows: slice, rule: Any, names: Any) -> None:
    """Append both sides of every bar as signals; the rules' own carry their name."""
    symbols = names[bars.symbol[rows]]
    for side, sign in zip(SIDES, (1, -1), strict=True):
        tx.append(
            "signals",
            {
                "event_time_ns": bars.event_time[rows],
                "known_time_ns": bars.known_time[rows],
                "symbol": symbols,
                "side": side,
                "source": ["rules" if r == sign else "every_bar" for r in rule[rows]],
            },
        )


def write_forecasts(
    tx: Transaction, bars: Bars, rows: slice, forecasts: Forecasts, line: str, package: str,
    names: Any,
) -> None:  # fmt: skip
    """Append a line's forecasts of both sides of these rows."""
    columns: dict[str, Any] = {
        "event_time_ns": bars.event_time[rows],
        "symbol": names[bars.symbol[rows]],
        "line": line,
        "package": package,
        "novelty": forecasts.novelty,
    }
    for field in ("probability", "expected_return", "lower", "upper", "risk", "bars_held"):
        values = getattr(forecasts, field)
        for index, side in enumerate(SIDES):
            columns[f"{field}_{side}"] = values[:, index]
    tx.append("forecasts", columns)


def write_evidence(
    tx: Transaction, times: Int64Array, line: str, threshold: float, bars: EvidenceBars
) -> None:
    """Append the evidence of a line after each bar; a ruined bet is NULL."""
    finite = {
        name: np.where(np.isfinite(values), values, np.nan)
        for name, values in (
            ("log_e_cash", bars.log_cash),
            ("log_e_exposure", bars.log_exposure),
            ("log_e_incumbent", bars.log_incumbent),
        )
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        harm = np.log(bars.harm)
    tx.append(
        "evidence",
        {
            "event_time_ns": times,
            "line": line,
            **finite,
            "log_harm": np.where(np.isfinite(harm), harm, np.nan),
            "threshold": threshold if np.isfinite(threshold) else np.nan,
            "book_return": bars.gain,
            "exposure_return": bars.passive_gain,
            "incumbent_return": bars.incumbent_gain,
            "scale": bars.scale,
        },
    )
