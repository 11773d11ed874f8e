"""Rows of what accounts did: decisions, orders, fills, trades, guards, marks; step by step.

Prices are written raw, as the venue quotes them. Inside, books work on adjusted prices and units,
so that a split is not a loss; here both are turned back with the adjustment known at that bar.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgekeeper.fills import EXIT_REASONS
from edgekeeper.ledger import Drafts
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
from edgekeeper.trade.line_rows import SIDE_NAMES, names_of
from edgekeeper.trade.step import Step
from edgekeeper.types import SIDES, Float64Array, Int64Array

__all__ = [
    "DECISIONS",
    "Closed",
    "write_decisions",
    "write_equity",
    "write_fills",
    "write_guards",
    "write_trades",
]

DECISIONS = ("skip", "reduce", "take")
_NAMED_EXITS = (*EXIT_REASONS, "opposite", "flattened")
_TRADES, _GUARDS, _FILLS = range(3)
"""Places in ``Log.counts``."""
assert _NAMED_EXITS[EXIT_OPPOSITE] == "opposite"
assert _NAMED_EXITS[EXIT_FLATTENED] == "flattened"


class _Piece(NamedTuple):
    """What one step did to one account."""

    link: int
    step: Step
    account: str
    log: Log


class Closed(NamedTuple):
    """Trades that ended: rows of the bars they were decided on, and whose they were, [n] each."""

    link: Int64Array
    account: list[str]
    row: Int64Array
    exit_time: Int64Array
    side: Sequence[str]


def _pieces(steps: Sequence[Step], accounts: Sequence[str]) -> list[_Piece]:
    return [
        _Piece(link, step, account, step.logs[account])
        for link, step in enumerate(steps)
        if step.logs
        for account in accounts
    ]


def _counted(steps: Sequence[Step], accounts: Sequence[str], what: int) -> list[tuple[_Piece, int]]:
    """Pieces that have some, each with how many."""
    pieces = [(piece, int(piece.log.counts[what])) for piece in _pieces(steps, accounts)]
    return [(piece, count) for piece, count in pieces if count]


def write_decisions(
    drafts: Drafts, steps: Sequence[Step], accounts: Sequence[str], feed: MarketFeed
) -> None:
    """Append verdicts, and the orders of those that trade.

    Of the first account every verdict is kept: people ask why it stayed out. The others are there
    to be compared with, and of them only what they trade on is kept.
    """
    pieces = _pieces(steps, accounts)
    if not pieces:
        return
    lengths = [p.step.bars for p in pieces]
    verdicts = np.concatenate([p.log.verdicts for p in pieces])
    first = np.repeat([p.account == accounts[0] for p in pieces], lengths)
    kept = np.flatnonzero(first | (verdicts[:, 0] > 0))
    row = np.concatenate([np.arange(p.step.rows.start, p.step.rows.stop) for p in pieces])[kept]
    piece = np.repeat(np.arange(len(pieces)), lengths)[kept]
    decision, direction, reason, source = verdicts[kept].T.tolist()
    owner = _owners(pieces)
    columns: dict[str, Any] = {
        "event_time_ns": feed.bars.event_time[row],
        "symbol": names_of(feed.bars, row),
        "account": [pieces[i].account for i in piece.tolist()],
        "side": [SIDE_NAMES[d] for d in direction],
        "decision": [DECISIONS[d] for d in decision],
        "reason": [REASONS[r] for r in reason],
        "model": [owner[at] if by else None for at, by in zip(kept.tolist(), source, strict=True)],
    }
    counts = _per_link(np.array([p.link for p in pieces])[piece], steps)
    picked = np.flatnonzero(decision)
    if not len(picked):
        drafts.append("decisions", columns, counts)
        return
    row, piece = row[picked], piece[picked]
    value, stop, target = _orders(pieces, len(verdicts))[:, kept[picked]]
    equity = _equity_at(pieces, piece, feed.instants, feed.bars.event_time[row])
    adjustment = feed.bars.adjustment[row]
    stop, target = stop / adjustment, target / adjustment
    for name, known in (("size", value / equity), ("stop", stop), ("target", target)):
        columns[name] = np.full(len(kept), np.nan)
        columns[name][picked] = known
    drafts.append("decisions", columns, counts)
    chosen = picked.tolist()
    decided = columns["event_time_ns"][picked]
    traded = [columns["symbol"][i] for i in chosen]
    drafts.append(
        "orders",
        {
            "event_time_ns": decided,
            "id": list(map(_order_id, traded, decided.tolist())),
            "account": [columns["account"][i] for i in chosen],
            "symbol": traded,
            "side": [columns["side"][i] for i in chosen],
            "action": ["open"] * len(chosen),
            "order_type": ["market"] * len(chosen),
            "quantity": value / feed.close[row] * adjustment,
            "stop": stop,
            "target": target,
        },
        _per_link(np.array([p.link for p in pieces])[piece], steps),
    )


def _owners(pieces: Sequence[_Piece]) -> list[str | None]:
    """Package that decided on each bar of each piece, one after the other."""
    found: list[str | None] = []
    for piece in pieces:
        alone = piece.step.deciders.get(piece.account)
        found += piece.step.dealt.get(piece.account) or [alone] * piece.step.bars
    return found


def _equity_at(
    pieces: Sequence[_Piece], piece: Int64Array, instants: Int64Array, times: Int64Array
) -> Float64Array:
    """Equity of the account of each of these pieces at an instant, [n]."""
    marks = np.concatenate([p.log.equity[:, 0] for p in pieces])
    lengths = [p.step.last - p.step.first for p in pieces]
    begins = np.cumsum([0, *lengths[:-1]]) - [p.step.first for p in pieces]
    return marks[begins[piece] + np.searchsorted(instants, times)]


def _orders(pieces: Sequence[_Piece], count: int) -> Float64Array:
    """Value, stop and target of each row's order, [3, n]; zero where there is none."""
    found = np.zeros((3, count))
    begin = 0
    for piece in pieces:
        written = piece.log.order_records[: piece.log.tally["orders"][0]]
        if len(written):
            at = begin + written["row"]
            for row, name in zip(found, ("value", "stop", "target"), strict=True):
                row[at] = written[name]
        begin += piece.step.bars
    return found


def write_fills(
    drafts: Drafts, steps: Sequence[Step], accounts: Sequence[str], feed: MarketFeed
) -> None:
    """Append what was bought and sold."""
    pieces = _counted(steps, accounts, _FILLS)
    if not pieces:
        return
    keys = np.concatenate([p.log.fill_keys[:count] for p, count in pieces])
    fills = np.concatenate([p.log.fills[:count] for p, count in pieces])
    adjustment = _adjustment_at(feed, keys[:, 0], keys[:, 1])
    entries = keys[:, 2] == FILL_ENTRY
    bought = fills[:, 0] > 0
    sign = np.where(bought, 1.0, -1.0)
    value = np.abs(fills[:, 0]) * fills[:, 1]
    symbols = [feed.bars.symbols[symbol] for symbol in keys[:, 0].tolist()]
    drafts.append(
        "fills",
        {
            "event_time_ns": keys[:, 1],
            "order_id": list(map(_order_id, symbols, keys[:, 3].tolist())),
            "account": [p.account for p, count in pieces for _ in range(count)],
            "symbol": symbols,
            "side": [SIDES[0] if long else SIDES[1] for long in (bought == entries).tolist()],
            "action": ["open" if entry else "close" for entry in entries.tolist()],
            "quantity": np.abs(fills[:, 0]) * adjustment,
            "price": fills[:, 1] * (1.0 + sign * fills[:, 2] / value) / adjustment,
            "reference_price": fills[:, 1] / adjustment,
        },
        _per_link(_links(pieces), steps),
    )


def write_trades(
    drafts: Drafts,
    steps: Sequence[Step],
    accounts: Sequence[str],
    feed: MarketFeed,
    owner: Callable[[str, int, int], str | None],
) -> Closed | None:
    """Append the trades that ended; return them, if there are any.

    ``owner`` says which package decided for an account, at a time, on a symbol.
    """
    pieces = _counted(steps, accounts, _TRADES)
    if not pieces:
        return None
    keys = np.concatenate([p.log.trade_keys[:count] for p, count in pieces])
    trades = np.concatenate([p.log.trades[:count] for p, count in pieces])
    account = [p.account for p, count in pieces for _ in range(count)]
    symbol, decided, entered, ended, reason, source, bars_held = keys.T
    side = [SIDES[0] if quantity > 0 else SIDES[1] for quantity in trades[:, 0].tolist()]
    adjustment = _adjustment_at(feed, symbol, ended)
    link = _links(pieces)
    drafts.append(
        "trades",
        {
            "exit_time_ns": ended,
            "decision_time_ns": decided,
            "entry_time_ns": entered,
            "account": account,
            "symbol": [feed.bars.symbols[one] for one in symbol.tolist()],
            "side": side,
            "quantity": np.abs(trades[:, 0]) * adjustment,
            "entry_price": trades[:, 1] / _adjustment_at(feed, symbol, entered),
            "exit_price": trades[:, 2] / adjustment,
            "exit_reason": [_NAMED_EXITS[r] for r in reason.tolist()],
            "gross_return": trades[:, 3],
            "net_return": trades[:, 4],
            "costs": trades[:, 6],
            "mfe": trades[:, 7],
            "mae": trades[:, 8],
            "bars_held": bars_held,
            "model": [
                owner(name, when, one) if by_model else None
                for name, when, one, by_model in zip(
                    account, decided.tolist(), symbol.tolist(), source.tolist(), strict=True
                )
            ],
        },
        _per_link(link, steps),
    )
    return Closed(link, account, feed.rows_of(decided, symbol), ended, side)


def write_guards(
    drafts: Drafts, steps: Sequence[Step], accounts: Sequence[str], feed: MarketFeed
) -> None:
    """Append pauses, halts and what ended them."""
    pieces = _counted(steps, accounts, _GUARDS)
    if not pieces:
        return
    events = np.concatenate([p.log.guards[:count] for p, count in pieces])
    first = np.repeat([p.step.first for p, _ in pieces], [count for _, count in pieces])
    values = np.concatenate([p.log.guard_values[:count] for p, count in pieces])
    named = [GUARD_EVENTS[e] for e in events[:, 1]]
    drafts.append(
        "guards",
        {
            "event_time_ns": feed.instants[first + events[:, 0]],
            "account": [p.account for p, count in pieces for _ in range(count)],
            "event": named,
            "cause": [GUARD_CAUSES[c] for c in events[:, 2]],
            "detail": [f"{v:.4g}" for v in values],
            "actor": ["operator" if name in ("rearm", "resume") else "guard" for name in named],
        },
        _per_link(_links(pieces), steps),
    )


def write_equity(drafts: Drafts, steps: Sequence[Step], instants: Int64Array) -> None:
    """Append the marks of all accounts, those that are not recorded otherwise too."""
    marked = [(step, account) for step in steps for account in step.logs]
    if not marked:
        return
    equity = np.concatenate([log.equity for step in steps for log in step.logs.values()])
    drafts.append(
        "equity",
        {
            "event_time_ns": np.concatenate([instants[s.first : s.last] for s, _ in marked]),
            "account": [account for s, account in marked for _ in range(s.first, s.last)],
            "equity": equity[:, 0],
            "cash": equity[:, 1],
            "gross_exposure": equity[:, 2] / equity[:, 0],
            "net_exposure": equity[:, 3] / equity[:, 0],
        },
        [(step.last - step.first) * len(step.logs) for step in steps],
    )


def _adjustment_at(feed: MarketFeed, symbols: Int64Array, times: Int64Array) -> Float64Array:
    """Adjustment of the bar of each (symbol, time)."""
    return feed.bars.adjustment[feed.rows_of(times, symbols)]


def _links(pieces: Sequence[tuple[_Piece, int]]) -> Int64Array:
    """Link of each row, for so many rows of each piece."""
    return np.repeat([p.link for p, _ in pieces], [count for _, count in pieces])


def _per_link(link: Int64Array, steps: Sequence[Step]) -> list[int]:
    """Count the rows of each link."""
    counts: list[int] = np.bincount(link, minlength=len(steps)).tolist()
    return counts


def _order_id(symbol: str, time_ns: int) -> str:
    return f"{symbol}@{time_ns}"
