"""``Live``: a run that goes on. What comes is lived once, and after a stop lived again.

A live run is a row of steps, each on record: the history it began with, bars that came, boundaries
between epochs, and orders of people in between. Going on after a stop means to take the recorded
steps once more, with the same bars and orders, and to compare link by link; then time goes on.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.clock import Clock, WallClock
from edgekeeper.config import Config
from edgekeeper.errors import BadData, UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.registry import Registry
from edgekeeper.resuming import write_start
from edgekeeper.running import Run, Screen, Watcher
from edgekeeper.trade import BARS, BOUNDARY, Bequest, Order, same_epoch

__all__ = ["BarSupply", "Live", "live_forever", "recorded_bequests", "recorded_steps"]


class BarSupply(Protocol):
    """Whatever gives bars while time passes; see :class:`~edgekeeper.market.live.BarPoller`."""

    def next(self, timeout_seconds: float) -> Bars | None:
        """Return the bars of the next instant; None: there was none within the timeout."""
        ...

    @property
    def next_due_ns(self) -> int | None:
        """When the next bar closes, as far as that is known."""
        ...


BEGINNING = "beginning"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a live run as it stands on record."""

    kind: str
    until_ns: int
    known_ns: int
    latency_ms: float
    orders: tuple[Order, ...]


class Live:
    """A run that goes on: the driver of ``paper``.

    Parameters
    ----------
    history : Bars
        What it begins with: seen and learned from, never traded. All symbols are among these.
    config : Config
    ledger : Ledger
        Opened with ``prove=True``.
    registry : Registry
    watch : Watcher
    screen : Screen
    """

    def __init__(
        self,
        history: Bars,
        config: Config,
        ledger: Ledger,
        registry: Registry,
        watch: Watcher,
        screen: Screen,
    ) -> None:
        self.ledger, self.config, self.watch = ledger, config, watch
        self.run = Run(history, config, ledger, registry, watch, screen)
        self.open = False  # whether the present epoch has bars
        self.bars_taken = self.instants_taken = 0
        self._dropped: list[str] = []  # strategies, by their reasons
        self.told = 0  # events of the roster that people have seen already

    @property
    def now_ns(self) -> int:
        """Last instant that was taken."""
        return int(self.run.feed.instants[-1])

    @property
    def sentence(self) -> str:
        """Where the run stands, in a line."""
        run = self.run
        book = run.trade.accounts.book("edgekeeper")
        state = "HALTED" if book.halted else "model paused" if book.paused else ""
        who = run.trade.roster.champion or self.config.fallback
        lines = [f"{seat.line.name} {seat.line.stage}" for seat in run.trade.roster.seats.values()]
        faults = "; ".join(run.tape.faults)
        parts = [f"equity {book.equity:,.2f}", f"{who} decides", ", ".join(lines), state, faults]
        return "; ".join(part for part in parts if part)

    def begin(self, bequests: tuple[Bequest, ...] = ()) -> None:
        """Take the history, and what another run leaves; fit what can be fitted."""
        run = self.run
        write_start(self.ledger, run.tape.bars, self.config)
        run.trade.look_back(0, len(run.feed.instants))
        if bequests:
            run.trade.roster.inherit(bequests, self.now_ns)
            run.inherited({one.line: one.package for one in bequests})
        self._end_epoch()

    def take(self, bars: Bars, latency_ms: float | None = None) -> None:
        """Take the bars of one instant or several of one epoch: decide, and write it down."""
        run = self.run
        run.upkeep.look()
        latencies = None
        if latency_ms is not None:
            latencies = np.zeros(len(bars.instants))
            latencies[-1] = latency_ms
        before = self.now_ns
        first, last = run.tape.extend(bars, latencies)
        run.seal_month(before, self.now_ns)
        dropped = [fault for fault in run.tape.faults if fault not in self._dropped]
        self._dropped += dropped
        run.trade.run(first, last, live=True, dropped=dropped)
        self.open = True
        self.bars_taken += len(bars)
        self.instants_taken += len(bars.instants)
        self.watch.look(self.now_ns)

    def end_epoch_before(self, next_ns: int | None) -> None:
        """End the epoch where an instant to come does not belong to it."""
        if self.open and (
            next_ns is None or not same_epoch(self.now_ns, next_ns, self.config.epoch)
        ):
            self._end_epoch()

    def _end_epoch(self) -> None:
        self.run.end_epoch(len(self.run.feed.instants), live=True)
        self.open = False

    def obey(self, order: Order) -> str:
        """Carry out an order, or refuse it; return what came of it."""
        outcome = self.run.trade.obey(order, self.now_ns)
        self.watch.look(self.now_ns)
        return outcome

    def relive(self, stored: Bars | None) -> None:
        """Take every recorded step after the beginning once more, from stored bars.

        Raises
        ------
        BadData
            Bars that are not there any more, or a step that does not come back.
        """
        for step in recorded_steps(self.ledger):
            if step.kind == BOUNDARY:
                self._end_epoch()
            elif step.kind == BARS:
                self.take(self._stored(stored, step), step.latency_ms)
            for order in step.orders:
                self.obey(order)
        self.bars_taken = self.instants_taken = 0
        if self.ledger.read("stretches").height > 2:
            self.told = len(self.run.trade.roster.events)

    def _stored(self, stored: Bars | None, step: Step) -> Bars:
        part = stored.until(step.until_ns) if stored is not None else None
        first = 0 if part is None else int(np.searchsorted(part.event_time, self.now_ns, "right"))
        if part is None or first == len(part):
            raise BadData(
                f"absent: the bars of the step until {_stamp(step.until_ns)}, which is on record: "
                "restore the folder of the run from a backup"
            )
        names = self.run.tape.bars.symbols
        return part.rows(first, len(part)).among(names).known_at(step.known_ns)


def recorded_bequests(ledger: Ledger) -> tuple[Bequest, ...]:
    """Packages that a live run began with."""
    rows = ledger.read("bequests").iter_rows(named=True)
    return tuple(Bequest(row["line"], row["package"], row["run_id"]) for row in rows)


def recorded_steps(ledger: Ledger) -> Iterator[Step]:
    """Steps of a live run after its beginning, with the orders that were obeyed after each.

    Raises
    ------
    UsageError
        The record is one of a replay.
    """
    rows = ledger.read("stretches")
    if rows.height == 0 and ledger.read("runs").height:
        raise UsageError(
            f"{ledger.place} holds a replay, which paper cannot go on with: choose another folder "
            "with --out, and --from to begin with what the replay learned"
        )
    obeyed: dict[int, list[Order]] = {}
    for row in ledger.read("obeyed").iter_rows(named=True):
        obeyed.setdefault(row["after"], []).append(Order.of(row))
    for row in rows.iter_rows(named=True):
        if row["number"] == 0:
            continue  # the history: the boundary after it ends the beginning
        known, latency = row["known_time_ns"], row["latency_ms"]
        yield Step(
            row["kind"] if row["number"] > 1 else BEGINNING,
            row["event_time_ns"],
            0 if known is None else known,
            0.0 if latency is None else latency,
            tuple(obeyed.get(row["number"] + 1, ())),
        )


def live_forever(
    live: Live,
    supply: BarSupply,
    inbox: Callable[[], list[Order]],
    *,
    stop: Callable[[], bool],
    idle: Callable[[], None] = lambda: None,
    clock: Clock | None = None,
    stopwatch: Callable[[], float] = time.perf_counter,
    patience_seconds: float = 1.0,
) -> None:
    """Take what comes until ``stop`` says so.

    Parameters
    ----------
    live : Live
    supply : BarSupply
    inbox : callable
        Orders of people that were not obeyed yet, oldest first.
    stop : callable
    idle : callable
        Called whenever there was nothing for a second, and after each step.
    clock : Clock, optional
    stopwatch : callable
        What forecasts are timed by.
    patience_seconds : float
        How long to wait for bars before looking for orders again.
    """
    clock = clock or WallClock()
    names = live.run.tape.bars.symbols
    live.run.trade.stopwatch = stopwatch
    while True:
        for order in inbox():
            live.obey(order)
        idle()
        if stop():
            return
        bars = supply.next(patience_seconds)
        if bars is not None:
            live.end_epoch_before(int(bars.event_time[0]))
            live.take(bars.among(names).known_at(clock.now_ns()))
        # A session that is over need not wait for the next one's first bar.
        due = supply.next_due_ns
        if live.open and (due is not None or live.config.epoch == "bar"):
            live.end_epoch_before(due)


def _stamp(time_ns: int) -> str:
    return f"{np.datetime64(time_ns, 'ns').astype('datetime64[s]')}Z"
