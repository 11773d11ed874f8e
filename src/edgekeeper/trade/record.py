"""``Recorder``: puts steps of the trading loop on record, a link each, as columns of facts."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.ledger import Drafts
from edgekeeper.simulator import MarketFeed
from edgekeeper.trade.account_rows import (
    Closed,
    write_decisions,
    write_equity,
    write_fills,
    write_guards,
    write_trades,
)
from edgekeeper.trade.known_terms import KnownTerms
from edgekeeper.trade.line_rows import write_evidence, write_forecasts, write_signals
from edgekeeper.trade.step import Step

__all__ = ["Recorder"]


class Recorder:
    """Turns steps into rows: as many steps as there are, in one append a table.

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
        self._owners: dict[str, _Owners] = {name: _Owners() for name in accounts}

    def record(self, drafts: Drafts, steps: Sequence[Step]) -> None:
        """Append what happened in each step to a link of its own.

        Steps come in order, and every one of them once.
        """
        feed, accounts = self.feed, self.accounts
        for step in steps:
            self._note_owners(step)
        _write_epochs(drafts, steps, feed.bars)
        write_signals(drafts, steps, feed.bars, feed.rule, feed.votes)
        _write_drops(drafts, steps, feed)
        write_forecasts(drafts, steps, feed.bars)
        _write_stretches(drafts, steps)
        write_decisions(drafts, steps, accounts, feed)
        write_fills(drafts, steps, accounts, feed)
        closed = write_trades(drafts, steps, accounts, feed, self._owner)
        if closed is not None:
            self._write_terms(drafts, closed)
        write_guards(drafts, steps, accounts, feed)
        write_equity(drafts, steps, feed.instants)
        _write_explanations(drafts, steps)
        write_evidence(drafts, steps, feed.instants)
        for owners in self._owners.values():
            owners.keep(steps[-1].open_decisions)

    def _note_owners(self, step: Step) -> None:
        if not step.logs:
            return
        for name, owners in self._owners.items():
            owners.note(int(self.feed.instants[step.first]), step.deciders.get(name))
            dealt = step.dealt.get(name)
            if dealt is not None:
                owners.deal(self.feed.bars, step.rows, dealt)

    def _owner(self, account: str, time_ns: int, symbol: int) -> str | None:
        return self._owners[account].at(time_ns, symbol)

    def _write_terms(self, drafts: Drafts, closed: Closed) -> None:
        accounts = np.array(closed.account, dtype=object)
        for account, terms in self.terms.items():
            mine = np.flatnonzero(accounts == account)
            if len(mine):
                sides = [closed.side[i] for i in mine.tolist()]
                counts = np.bincount(closed.link[mine], minlength=len(drafts.times)).tolist()
                terms.write(
                    drafts, account, closed.row[mine], closed.exit_time[mine], sides, counts
                )


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
        if self._dealt:
            kept = {key: package for key, package in self._dealt.items() if key in decisions}
            self._dealt = kept

    def at(self, time_ns: int, symbol: int) -> str | None:
        """Package that decided at an instant: a trade belongs to whoever opened it."""
        if (time_ns, symbol) in self._dealt:
            return self._dealt[time_ns, symbol]
        return self._packages[bisect_right(self._since, time_ns) - 1]


def _write_epochs(drafts: Drafts, steps: Sequence[Step], bars: Bars) -> None:
    """Append what steps run on, so that a later run can tell whether its bars are the same."""
    drafts.append(
        "epochs",
        {
            "event_time_ns": bars.event_time[[step.rows.stop - 1 for step in steps]],
            "bars": [step.bars for step in steps],
            "bars_hash": [step.bars_hash for step in steps],
        },
        [1] * len(steps),
    )


def _write_drops(drafts: Drafts, steps: Sequence[Step], feed: MarketFeed) -> None:
    """Append why strategies of the rules no longer count from an instant on."""
    if not any(step.dropped for step in steps):
        return
    reasons = [(step, reason) for step in steps for reason in step.dropped]
    drafts.append(
        "guards",
        {
            "event_time_ns": feed.instants[[step.first for step, _ in reasons]],
            "account": ["rules"] * len(reasons),
            "event": ["drop"] * len(reasons),
            "cause": ["strategy"] * len(reasons),
            "detail": [reason for _, reason in reasons],
            "actor": ["guard"] * len(reasons),
        },
        [len(step.dropped) for step in steps],
    )


def _write_stretches(drafts: Drafts, steps: Sequence[Step]) -> None:
    """Append where a live run stands, so that it can be lived again step by step."""
    stood = [(link, step.stretch) for link, step in enumerate(steps) if step.stretch is not None]
    for link, columns in stood:
        drafts.append("stretches", columns, _only(drafts, link, 1))


def _write_explanations(drafts: Drafts, steps: Sequence[Step]) -> None:
    for link, step in enumerate(steps):
        for columns in step.explanations:
            drafts.append("explanations", columns, _only(drafts, link, len(columns["score"])))


def _only(drafts: Drafts, link: int, rows: int) -> list[int]:
    """Counts of rows that all belong to one link."""
    return [rows if at == link else 0 for at in range(len(drafts.times))]
