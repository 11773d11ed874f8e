"""Each instant's closed bars once, in order, whatever the source does."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.clock import Clock
from edgekeeper.errors import BadData, UsageError
from edgekeeper.market.interval import parse_interval
from edgekeeper.market.live.asking import Asking
from edgekeeper.market.live.closing import Calendar
from edgekeeper.market.live.health import Health
from edgekeeper.market.live.inbox import Inbox
from edgekeeper.market.live.keeping import Kept, bars_of
from edgekeeper.market.live.sifting import sift
from edgekeeper.market.live.source import LiveSource
from edgekeeper.waiting import Backoff

__all__ = ["BarPoller"]

_SETTLE_NS = 2 * 10**9
_SHORTEST_SLEEP_SECONDS = 0.01
_SECOND_NS = 10**9


class BarPoller:
    """Asks a source for bars and gives them on, each instant once, in the order of time.

    A bar counts when it has closed by the clock and its venue's calendar. An instant is given as
    soon as all symbols that trade then have come, or ``patience_seconds`` after its close with
    those that have. What comes for an instant already given is set aside as ``late``, what
    contradicts a bar already given as ``revised``, what is no bar with its reason: the past never
    changes. After a disconnect everything since the last instant is fetched and given in order.
    All that is given is stored first, so that a restart goes on where the consumer stopped.

    Parameters
    ----------
    source : LiveSource
    symbols : sequence of str
        At least one.
    interval : str
        ``"1m"`` to ``"1d"``.
    clock : Clock
    store_folder : path
        A folder for this source and these symbols alone; one process at a time.
    after_ns : int, optional
        Last instant the consumer has dealt with. Stored instants after it are given once more, as
        they were; None: go on after the last stored instant, or with what closes from now on.
    patience_seconds : float
        How long after its close to wait for an instant's missing symbols.
    seed : int
        Of the jitter between retries.
    sleep : callable
        Waits that many seconds; tests move a clock instead.

    Raises
    ------
    UsageError
        No symbols, an unknown symbol, interval or venue.
    StorageError, BadData
        The store cannot be read.
    """

    def __init__(
        self,
        source: LiveSource,
        symbols: Sequence[str],
        interval: str,
        *,
        clock: Clock,
        store_folder: str | Path,
        after_ns: int | None = None,
        patience_seconds: float = 30.0,
        seed: int = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not symbols:
            raise UsageError("expected at least one symbol, such as BTC/USD, got none")
        if not patience_seconds >= 0:
            raise UsageError(f"patience_seconds: expected 0 or more, got {patience_seconds}")
        self._symbols = tuple(sorted(set(symbols)))
        self._interval_ns = parse_interval(interval)
        self._clock, self._sleep = clock, sleep
        self._patience_ns = round(patience_seconds * _SECOND_NS)
        self._source = source
        self._calendar = Calendar(self._symbols, self._interval_ns, source.convention)
        self._kept = Kept(Path(store_folder), self._interval_ns, self._symbols)
        self._ready: deque[pl.DataFrame] = deque()
        self._asking = Asking(
            source,
            self._symbols,
            self._interval_ns,
            clock,
            Backoff(seed),
            Health(source.name, next_due_ns=self._calendar.next_due(clock.now_ns())),
        )
        self._inbox = self._resumed(after_ns)
        self._looked_twice_ns = self._inbox.given_ns
        self._asking.check()

    @property
    def health(self) -> Health:
        """How the source is doing; ``health.sentence(now_ns)`` says it."""
        return self._asking.health

    def backfill(self, start_ns: int, end_ns: int) -> Bars:
        """Fetch, store and return the bars that closed from ``start_ns`` to ``end_ns``.

        What is stored already is returned as it was, and between the first and the last stored
        instant nothing is added: that past has been given. :meth:`next` goes on after ``end_ns``.

        Raises
        ------
        SourceTrouble
            No answer after several tries.
        SourceRefused
            The source says no.
        BadData
            No bars in this range.
        StorageError
            They cannot be stored.
        """
        end_ns = min(end_ns, self._clock.now_ns())
        stored = self._kept.rows(start_ns, end_ns)
        parts = [stored]
        for low, high in self._not_stored(start_ns, end_ns):
            rows = self._asking.insist(low, high, self._sleep)
            sifted = sift(
                rows, self._calendar, self._symbols, self._clock.now_ns(), self._source.name
            )
            self._set_aside(sifted.refused)
            inside = sifted.bars.filter(pl.col("event_time").is_between(low, high))
            parts.append(inside.join(stored, on=["event_time", "symbol"], how="anti"))
        both = pl.concat(parts).sort("event_time", "symbol")
        if both.height == 0:
            raise BadData(
                f"{self._source.name}: no bars of {', '.join(self._symbols)} in this range: ask "
                "for a longer one, or look whether the symbols traded then"
            )
        given_ns = max(self._inbox.given_ns, end_ns)
        if both.height > stored.height:
            self._kept.add(pl.concat(parts[1:]), given_ns)
        self._inbox.gave(both, given_ns, self._keep_from(given_ns))
        self._ready = deque(rows for rows in self._ready if rows["event_time"][0] > end_ns)
        self._asking.health = replace(self.health, last_bar_ns=int(both["event_time"][-1]))
        return bars_of(both)

    def next(self, timeout_seconds: float) -> Bars | None:
        """Return the bars of the next instant, or None when there was none within the timeout.

        Trouble of the source never raises: see ``health``. A request under way is not cut short,
        so that the call may last longer by the source's own timeout.

        Raises
        ------
        StorageError, BadData
            The bars cannot be stored: disk full, or files changed by someone else.
        """
        began_ns, waited = self._clock.now_ns(), 0.0
        while True:
            self._settle()
            if self._ready:
                bars = bars_of(self._ready.popleft())
                self._asking.health = replace(self.health, last_bar_ns=int(bars.event_time[0]))
                return bars
            if self._asking.is_due():
                self._poll()
                continue
            now_ns = self._clock.now_ns()
            # slept time counts beside the clock's, which may be set back meanwhile
            left = timeout_seconds - max(waited, (now_ns - began_ns) / _SECOND_NS)
            if left <= 0:
                return None
            pause = min(left, (self._wake_ns() - now_ns) / _SECOND_NS)
            pause = max(pause, _SHORTEST_SLEEP_SECONDS)
            self._sleep(pause)
            waited += pause

    def close(self) -> None:
        """Move what was given lately into the store's own files, where other programs look for it.

        Raises
        ------
        StorageError, BadData
            They cannot be written.
        """
        self._kept.settle()

    def _resumed(self, after_ns: int | None) -> Inbox:
        """Pick up from the store: what was given, what to give once more, what to complete."""
        marked, first = self._kept.given_ns(), self._kept.first_stored_ns()
        known = [ns for ns in (marked, after_ns) if ns is not None]
        given = max(known, default=self._clock.now_ns())
        inbox = Inbox(given, given if first is None else min(first, given), self._source.name)
        stored = self._kept.rows(min(self._keep_from(given), after_ns or given), None)
        if stored.height:
            past = stored.filter(pl.col("event_time") <= given)
            inbox.remember(past.filter(pl.col("event_time") >= self._keep_from(given)))
            inbox.restore(stored.filter(pl.col("event_time") > given))
            if after_ns is not None:
                self._ready.extend(_by_instant(past.filter(pl.col("event_time") > after_ns)))
            last = past["event_time"].to_list()
            self._asking.health = replace(self.health, last_bar_ns=max(last, default=None))
        inbox.know_refused(self._kept.quarantined())
        return inbox

    def _settle(self) -> None:
        """Move what need not wait any longer from the inbox to the store, and make it ready."""
        until = self._settled_until()
        if until is None:
            return
        if self._looked_twice_ns < until and not self.health.failures and self._lacking(until):
            # one more look before a bar that is missing is given up for good
            self._looked_twice_ns = until
            self._poll()
            until = self._settled_until() or until
        missing = self._lacking(until)
        rows = self._inbox.waiting(until)
        self._kept.add(rows, until)
        self._inbox.gave(rows, until, self._keep_from(until))
        self._asking.health = replace(self.health, missing=self.health.missing + missing)
        self._ready.extend(_by_instant(rows))

    def _settled_until(self) -> int | None:
        """Newest instant that is whole, or whose time is up, as is then that of all before it."""
        settled = None
        patient_from = max(self._inbox.given_ns, self._clock.now_ns() - self._patience_ns)
        for instant in self._inbox.instants().tolist():
            if instant > patient_from:
                lacking = self._calendar.expected(instant) - self._inbox.symbols(instant)
                if lacking or self._lacking(instant, patient_from):
                    break
            settled = instant
        return settled

    def _lacking(self, until_ns: int, after_ns: int | None = None) -> int:
        """Bars due by the calendar, after one instant and up to another, that have not come."""
        due = self._calendar.due(self._aligned_ns() if after_ns is None else after_ns, until_ns)
        lacking = 0
        for symbol in self._symbols:
            came = self._inbox.times(symbol)
            # near it, since an exchange's hours may be counted from its opening
            before = np.searchsorted(came, due - self._interval_ns, side="right")
            after = np.searchsorted(came, due + self._interval_ns, side="left")
            lacking += int((self._calendar.trades(symbol, due) & (before == after)).sum())
        return lacking

    def _aligned_ns(self) -> int:
        """Late enough after the last instant that the next one due is the next one to come.

        A source may count hours from the opening, or days from its own midnight, so that its bars
        end between two instants of the calendar.
        """
        return self._inbox.given_ns + self._interval_ns // 4 * 3

    def _poll(self) -> None:
        """Ask once for everything since the last instant, and a little before it."""
        now_ns = self._clock.now_ns()
        rows = self._asking.ask(self._keep_from(self._inbox.given_ns), now_ns)
        if rows is None:
            return
        now_ns = self._clock.now_ns()
        sifted = sift(rows, self._calendar, self._symbols, now_ns, self._source.name)
        self._set_aside(self._inbox.receive(sifted))
        self._asking.answered(self._overdue(now_ns))
        next_due = self._calendar.next_due(now_ns)
        again = min(next_due + _SETTLE_NS, now_ns + round(self._pace_seconds(now_ns) * _SECOND_NS))
        self._asking.ask_again_at(again, next_due)

    def _overdue(self, now_ns: int) -> int | None:
        """First instant that should have come by now, if nothing has."""
        if self._ready or len(self._inbox.instants()):
            return None
        due = self._calendar.next_due(self._aligned_ns())
        return due if due + self._patience_ns <= now_ns else None

    def _pace_seconds(self, now_ns: int) -> float:
        """How long to leave the source alone: less while a bar that has just closed is awaited."""
        waited = (now_ns - self._calendar.next_due(self._aligned_ns())) / _SECOND_NS
        if waited < 0:
            return self._source.idle_seconds
        hurried = max(self._patience_ns / _SECOND_NS / 6, waited / 4, 1.0)
        return min(self._source.idle_seconds, hurried)

    def _wake_ns(self) -> int:
        """When something may happen: the next question, or an instant's time is up."""
        waiting = self._inbox.instants()
        if len(waiting) == 0:
            return self._asking.next_ns
        return min(self._asking.next_ns, int(waiting[0]) + self._patience_ns)

    def _not_stored(self, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
        """The stretches before and after what is stored."""
        first = self._kept.first_stored_ns()
        if first is None:
            return [(start_ns, end_ns)]
        given = self._inbox.given_ns
        both = [(start_ns, min(first - 1, end_ns)), (max(start_ns, given + 1), end_ns)]
        return [(low, high) for low, high in both if low <= high]

    def _set_aside(self, refused: pl.DataFrame) -> None:
        self._kept.quarantine(refused)
        reasons = dict(refused["reason"].value_counts().iter_rows())
        self._asking.health = self.health.set_aside(reasons)

    def _keep_from(self, instant_ns: int) -> int:
        return instant_ns - self._source.look_back * self._interval_ns


def _by_instant(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows of each instant, oldest first."""
    return rows.partition_by("event_time", maintain_order=True)
