"""What an epoch leaves in the ledger, as columns. Prices are written raw, as the venue quotes them.

Inside, books work on adjusted prices and units, so that a split is not a loss; here both are
turned back with the adjustment known at that bar.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.fills import EXIT_REASONS
from edgekeeper.ledger import Transaction
from edgekeeper.rollout import EvidenceBars
from edgekeeper.simulator import (
    EXIT_FLATTENED,
    EXIT_OPPOSITE,
    FILL_ENTRY,
    GUARD_CAUSES,
    GUARD_EVENTS,
    REASONS,
    Log,
    MarketFeed,
)
from edgekeeper.trade.known_terms import KnownTerms
from edgekeeper.types import SIDES, Float64Array, Forecasts, Int8Array, Int64Array

__all__ = [
    "DECISIONS",
    "Recorder",
    "write_drops",
    "write_epoch",
    "write_equity",
    "write_evidence",
    "write_forecasts",
    "write_signals",
]

DECISIONS = ("skip", "reduce", "take")
_NAMED_EXITS = (*EXIT_REASONS, "opposite", "flattened")
assert _NAMED_EXITS[EXIT_OPPOSITE] == "opposite"
assert _NAMED_EXITS[EXIT_FLATTENED] == "flattened"
_BETS = ("log_e_cash", "log_e_exposure", "log_e_incumbent", "log_harm", "threshold")
_SIDE_NAMES = {1: SIDES[0], 0: "none", -1: SIDES[1]}


class Recorder:
    """Turns logs of books into rows, account after account in one append a table.

    Parameters
    ----------
    feed : MarketFeed
    accounts : sequence of str
        Those whose decisions, orders, fills, trades and guards are kept.
    terms : mapping, optional
        What writes the features that closed trades were decided on, for some of the accounts.
    """

    def __init__(
        self,
        feed: MarketFeed,
        accounts: Sequence[str],
        terms: Mapping[str, KnownTerms] | None = None,
    ) -> None:
        self.feed = feed
        self.accounts = tuple(accounts)
        self.terms = dict(terms or {})
        self.names = np.array(feed.bars.symbols, dtype=object)
        self._owners: dict[str, _Owners] = {name: _Owners() for name in accounts}

    def write(
        self,
        tx: Transaction,
        logs: Mapping[str, Log],
        first: int,
        last: int,
        packages: Mapping[str, str | None],
        dealt: Mapping[str, Sequence[str | None] | None] | None = None,
    ) -> None:
        """Append what happened at instants first:last, and the marks of every account in ``logs``.

        Parameters
        ----------
        tx : Transaction
        logs : mapping
            Account to log; accounts that are not ours leave their marks only.
        first, last : int
        packages : mapping
            Account to the package that decides for it; absent where none does.
        dealt : mapping, optional
            Account to the package of each row, where they are not all the same.
        """
        rows = slice(int(self.feed.offsets[first]), int(self.feed.offsets[last]))
        times = self.feed.instants[first:last]
        for name in self.accounts:
            self._owners[name].note(int(times[0]), packages.get(name))
        by_row = {name: rows for name, rows in (dealt or {}).items() if rows is not None}
        for name, owners in by_row.items():
            self._owners[name].deal(self.feed.bars, rows, owners)
        ours = {name: logs[name] for name in self.accounts}
        self._decisions(tx, ours, rows, times, packages, by_row)
        filled = {name: log for name, log in ours.items() if log.counts[2]}
        if filled:
            self._fills(tx, filled)
        closed = {name: log for name, log in ours.items() if log.counts[0]}
        if closed:
            self._trades(tx, closed)
        for name, log in ours.items():
            if log.counts[1]:
                _write_guards(tx, name, log, times)
        write_equity(tx, logs, times)

    def forget(self, account: str, open_decisions: Collection[tuple[int, int]]) -> None:
        """Let go of who decided what, but for what is open: (instant, symbol)."""
        self._owners[account].keep(open_decisions)

    def _decisions(
        self,
        tx: Transaction,
        logs: Mapping[str, Log],
        rows: slice,
        times: Int64Array,
        packages: Mapping[str, str | None],
        by_row: Mapping[str, Sequence[str | None]],
    ) -> None:
        bars, count = self.feed.bars, rows.stop - rows.start
        event_time = _again(bars.event_time[rows], len(logs))
        symbols = self.names[bars.symbol[rows]].tolist() * len(logs)
        verdicts = np.concatenate([log.verdicts for log in logs.values()])
        decision, direction, reason, source = verdicts.T.tolist()
        owner: list[str | None] = []
        for name in logs:
            owner += by_row.get(name) or [packages.get(name)] * count
        columns: dict[str, Any] = {
            "event_time_ns": event_time,
            "symbol": symbols,
            "account": [name for name in logs for _ in range(count)],
            "side": [_SIDE_NAMES[d] for d in direction],
            "decision": [DECISIONS[d] for d in decision],
            "reason": [REASONS[r] for r in reason],
            "model": [package if by else None for package, by in zip(owner, source, strict=True)],
        }
        picked = np.flatnonzero(verdicts[:, 0] > 0)
        if not len(picked):
            tx.append("decisions", columns)
            return
        at = np.searchsorted(times, event_time[:count])
        equity = np.concatenate([log.equity[at, 0] for log in logs.values()])[picked]
        value = np.concatenate([log.value for log in logs.values()])[picked]
        adjustment = bars.adjustment[rows][picked % count]
        stop = np.concatenate([log.stop for log in logs.values()])[picked] / adjustment
        target = np.concatenate([log.target for log in logs.values()])[picked] / adjustment
        for name, known in (("size", value / equity), ("stop", stop), ("target", target)):
            columns[name] = np.full(len(event_time), np.nan)
            columns[name][picked] = known
        tx.append("decisions", columns)
        close = self.feed.close[rows][picked % count]
        tx.append(
            "orders",
            {
                "event_time_ns": event_time[picked],
                "id": [_order_id(symbols[i], event_time[i]) for i in picked],
                "account": [columns["account"][i] for i in picked],
                "symbol": [symbols[i] for i in picked],
                "side": [columns["side"][i] for i in picked],
                "action": "open",
                "order_type": "market",
                "quantity": value / close * adjustment,
                "stop": stop,
                "target": target,
            },
        )

    def _fills(self, tx: Transaction, logs: Mapping[str, Log]) -> None:
        counts = {name: int(log.counts[2]) for name, log in logs.items()}
        keys = np.concatenate([log.fill_keys[: counts[name]] for name, log in logs.items()])
        fills = np.concatenate([log.fills[: counts[name]] for name, log in logs.items()])
        adjustment = self._adjustment_at(keys[:, 0], keys[:, 1])
        entries = keys[:, 2] == FILL_ENTRY
        bought = fills[:, 0] > 0
        sign = np.where(bought, 1.0, -1.0)
        value = np.abs(fills[:, 0]) * fills[:, 1]
        tx.append(
            "fills",
            {
                "event_time_ns": keys[:, 1],
                "order_id": [
                    _order_id(self.names[symbol], decided) for symbol, decided in keys[:, [0, 3]]
                ],
                "account": _each(counts),
                "symbol": self.names[keys[:, 0]],
                "side": [SIDES[0] if long else SIDES[1] for long in bought == entries],
                "action": ["open" if entry else "close" for entry in entries],
                "quantity": np.abs(fills[:, 0]) * adjustment,
                "price": fills[:, 1] * (1.0 + sign * fills[:, 2] / value) / adjustment,
                "reference_price": fills[:, 1] / adjustment,
            },
        )

    def _trades(self, tx: Transaction, logs: Mapping[str, Log]) -> None:
        counts = {name: int(log.counts[0]) for name, log in logs.items()}
        keys = np.concatenate([log.trade_keys[: counts[name]] for name, log in logs.items()])
        trades = np.concatenate([log.trades[: counts[name]] for name, log in logs.items()])
        accounts, symbols = _each(counts), keys[:, 0]
        sides = [SIDES[0] if quantity > 0 else SIDES[1] for quantity in trades[:, 0]]
        adjustment = self._adjustment_at(symbols, keys[:, 3])
        tx.append(
            "trades",
            {
                "exit_time_ns": keys[:, 3],
                "decision_time_ns": keys[:, 1],
                "entry_time_ns": keys[:, 2],
                "account": accounts,
                "symbol": self.names[symbols],
                "side": sides,
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
                    self._owners[name].at(decided, symbol) if source else None
                    for name, (symbol, decided, source) in zip(
                        accounts, keys[:, [0, 1, 5]].tolist(), strict=True
                    )
                ],
            },
        )
        for account in self.terms.keys() & counts.keys():
            of = np.flatnonzero(np.array(accounts, dtype=object) == account)
            rows = self.feed.rows_of(keys[of, 1], symbols[of])
            self.terms[account].write(tx, account, rows, keys[of, 3], [sides[i] for i in of])

    def _adjustment_at(self, symbols: Int64Array, times: Int64Array) -> Float64Array:
        """Adjustment of the bar of each (symbol, time)."""
        return self.feed.bars.adjustment[self.feed.rows_of(times, symbols)]


class _Owners:
    """Which package decided for an account, and since when; row by row in an A/B test."""

    def __init__(self) -> None:
        self._since: list[int] = []
        self._packages: list[str | None] = []
        self._dealt: dict[tuple[int, int], str | None] = {}

    def note(self, time_ns: int, package: str | None) -> None:
        if not self._packages or self._packages[-1] != package:
            self._since.append(time_ns)
            self._packages.append(package)

    def deal(self, bars: Bars, rows: slice, packages: Sequence[str | None]) -> None:
        keys = zip(bars.event_time[rows].tolist(), bars.symbol[rows].tolist(), strict=True)
        self._dealt.update(zip(keys, packages, strict=True))

    def keep(self, decisions: Collection[tuple[int, int]]) -> None:
        self._dealt = {key: package for key, package in self._dealt.items() if key in decisions}

    def at(self, time_ns: int, symbol: int) -> str | None:
        """Package that decided at an instant: a trade belongs to whoever opened it."""
        if (time_ns, symbol) in self._dealt:
            return self._dealt[time_ns, symbol]
        return self._packages[bisect_right(self._since, time_ns) - 1]


def _again(times: Int64Array, often: int) -> Int64Array:
    """The same times so often, one after the other; for short ones a tenth of ``np.tile``."""
    return np.concatenate((times,) * often)


def _each(counts: Mapping[str, int]) -> list[str]:
    """Name each account as often as it has rows."""
    return [name for name, count in counts.items() for _ in range(count)]


def _write_guards(tx: Transaction, account: str, log: Log, times: Int64Array) -> None:
    count = int(log.counts[1])
    events = log.guards[:count]
    named = [GUARD_EVENTS[e] for e in events[:, 1]]
    tx.append(
        "guards",
        {
            "event_time_ns": times[events[:, 0]],
            "account": account,
            "event": named,
            "cause": [GUARD_CAUSES[c] for c in events[:, 2]],
            "detail": [f"{v:.4g}" for v in log.guard_values[:count]],
            "actor": ["operator" if name in ("rearm", "resume") else "guard" for name in named],
        },
    )


def _order_id(symbol: str, time_ns: int) -> str:
    return f"{symbol}@{time_ns}"


def write_equity(tx: Transaction, logs: Mapping[str, Log], times: Int64Array) -> None:
    """Append the marks of accounts, one account after the other."""
    equity = np.concatenate([log.equity for log in logs.values()])
    tx.append(
        "equity",
        {
            "event_time_ns": _again(times, len(logs)),
            "account": [name for name in logs for _ in times],
            "equity": equity[:, 0],
            "cash": equity[:, 1],
            "gross_exposure": equity[:, 2] / equity[:, 0],
            "net_exposure": equity[:, 3] / equity[:, 0],
        },
    )


def write_epoch(tx: Transaction, bars: Bars, rows: slice, digest: str) -> None:
    """Append what an epoch runs on, so that a later run can tell whether its bars are the same."""
    tx.append(
        "epochs",
        {
            "event_time_ns": int(bars.event_time[rows.stop - 1]),
            "bars": rows.stop - rows.start,
            "bars_hash": digest,
        },
    )


def write_signals(
    tx: Transaction,
    bars: Bars,
    rows: slice,
    rule: Int8Array,
    votes: Mapping[str, Int8Array],
    names: Any,
) -> None:
    """Append both sides of every bar as signals; the rules' own carry their name.

    Where the rules are several strategies, what each said itself follows, as ``rules:NAME``.
    """
    proposed = rule[rows].tolist()
    times, known = bars.event_time[rows], bars.known_time[rows]
    symbols = names[bars.symbol[rows]]
    place = [np.arange(len(proposed))] * 2
    side: list[str] = [side for side in SIDES for _ in proposed]
    source = ["rules" if r == sign else "every_bar" for sign in (1, -1) for r in proposed]
    for name, vote in votes.items():
        fired = np.flatnonzero(vote[rows])
        place.append(fired)
        side += [_SIDE_NAMES[said] for said in vote[rows][fired].tolist()]
        source += [f"rules:{name}"] * len(fired)
    at = np.concatenate(place)
    tx.append(
        "signals",
        {
            "event_time_ns": times[at],
            "known_time_ns": known[at],
            "symbol": symbols[at].tolist(),
            "side": side,
            "source": source,
        },
    )


def write_drops(tx: Transaction, time_ns: int, reasons: Sequence[str]) -> None:
    """Append why strategies of the rules no longer count from an instant on."""
    tx.append(
        "guards",
        {
            "event_time_ns": time_ns,
            "account": "rules",
            "event": "drop",
            "cause": "strategy",
            "detail": list(reasons),
            "actor": "guard",
        },
    )


def write_forecasts(
    tx: Transaction,
    bars: Bars,
    rows: slice,
    forecasts: Mapping[str, Forecasts],
    packages: Mapping[str, str],
    names: Any,
) -> None:
    """Append what each line's package forecasts of both sides of these rows."""
    if not forecasts:
        return
    count = rows.stop - rows.start
    columns: dict[str, Any] = {
        "event_time_ns": _again(bars.event_time[rows], len(forecasts)),
        "symbol": names[bars.symbol[rows]].tolist() * len(forecasts),
        "line": [line for line in forecasts for _ in range(count)],
        "package": [packages[line] for line in forecasts for _ in range(count)],
        "novelty": np.concatenate([one.novelty for one in forecasts.values()]),
    }
    for field in ("probability", "expected_return", "lower", "upper", "risk", "bars_held"):
        values = np.concatenate([getattr(one, field) for one in forecasts.values()])
        for index, side in enumerate(SIDES):
            columns[f"{field}_{side}"] = values[:, index]
    tx.append("forecasts", columns)


def write_evidence(
    tx: Transaction,
    times: Int64Array,
    lines: Mapping[str, EvidenceBars],
    thresholds: Mapping[str, float],
) -> None:
    """Append the evidence of each line after each bar; a ruined bet is NULL."""
    if not lines:
        return

    def of_all(name: str) -> Float64Array:
        values: Float64Array = np.concatenate([getattr(bars, name) for bars in lines.values()])
        return values

    bets = np.empty((len(_BETS), len(lines) * len(times)))
    for row, name in zip(bets, ("log_cash", "log_exposure", "log_incumbent", "harm"), strict=False):
        row[:] = of_all(name)
    with np.errstate(divide="ignore", invalid="ignore"):
        np.log(bets[3], out=bets[3])
    bets[4] = [thresholds[line] for line in lines for _ in times]
    bets[~np.isfinite(bets)] = np.nan
    known = dict(zip(_BETS, bets, strict=True))
    tx.append(
        "evidence",
        {
            "event_time_ns": _again(times, len(lines)),
            "line": [line for line in lines for _ in times],
            **known,
            "book_return": of_all("gain"),
            "exposure_return": of_all("passive_gain"),
            "incumbent_return": of_all("incumbent_gain"),
            "scale": of_all("scale"),
        },
    )
