"""``Live``: a run that goes on. What comes is lived once, and after a stop lived again.

A live run is a row of steps, each on record: the history it began with, bars that came, boundaries
between epochs, and orders of people in between. Going on after a stop means to take the recorded
steps once more, with the same bars and orders, and to compare link by link; then time goes on.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from edgekeeper.bars import IN_MEMORY, Bars, Rooms
from edgekeeper.clock import Clock, WallClock
from edgekeeper.config import Config
from edgekeeper.errors import BadData, EdgekeeperError, UsageError
from edgekeeper.learn import FitAnswer, FitRequest, LearnService
from edgekeeper.ledger import Ledger
from edgekeeper.registry import Registry
from edgekeeper.resuming import write_start
from edgekeeper.running import Run, Screen, Watcher, recent_instants
from edgekeeper.trade import (
    ADOPT,
    BARS,
    BOUNDARY,
    LEARN,
    NO_FIT,
    PASS_OVER,
    Bequest,
    Order,
    same_epoch,
)

__all__ = [
    "BarSupply",
    "Fits",
    "FitsProved",
    "Live",
    "bars_of_step",
    "live_forever",
    "recorded_bequests",
    "recorded_steps",
]


class BarSupply(Protocol):
    """Whatever gives bars while time passes; see :class:`~edgekeeper.market.live.BarPoller`."""

    def next(self, timeout_seconds: float) -> Bars | None:
        """Return the bars of the next instant; None: there was none within the timeout."""
        ...

    @property
    def next_due_ns(self) -> int | None:
        """When the next bar closes, as far as that is known."""
        ...


class Fits(Protocol):
    """Whoever makes fits for a live run, beside it."""

    def ask(self, request: FitRequest) -> None:
        """Have a line fitted after all that were asked for before."""
        ...

    def answers(self, wait_seconds: float) -> list[FitAnswer]:
        """Return the answers that came since the last call, oldest first."""
        ...

    @property
    def waiting(self) -> int:
        """Requests whose answer nobody has taken yet."""
        ...

    def again(self, learn: LearnService, request: FitRequest) -> None:
        """Make a fit on record once more, if it is to be proved."""
        ...


class FitsProved:
    """Makes each fit on record again where its answer was taken: for an audit, which asks none."""

    def ask(self, request: FitRequest) -> None:
        """Ask nobody."""

    def answers(self, wait_seconds: float) -> list[FitAnswer]:
        """Return nothing: all answers are on record."""
        return []

    @property
    def waiting(self) -> int:
        """Return 0: nobody is asked."""
        return 0

    def again(self, learn: LearnService, request: FitRequest) -> None:
        """Make it once more; what it records has to be what stands there."""
        learn.refit(request.line, request.now_ns, request.epoch, request.wish)


BEGINNING = "beginning"
_STEPS_AT_FIRST = 2  # the history, and the boundary after it
_LOOK_SECONDS = 0.2


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
        Opened with ``prove=True``, or, where fits are made elsewhere, ``prove=["trade"]``.
    registry : Registry
    watch : Watcher
    screen : Screen
    fits : Fits, optional
        Who makes fits elsewhere. Without it they are made here, while bars wait.
    rooms : Rooms
        Where all bars lie once more come.
    recent : int, optional
        Instants whose features stay in memory; by default as many as are looked back on.
    """

    def __init__(
        self,
        history: Bars,
        config: Config,
        ledger: Ledger,
        registry: Registry,
        watch: Watcher,
        screen: Screen,
        fits: Fits | None = None,
        *,
        rooms: Rooms = IN_MEMORY,
        recent: int | None = None,
    ) -> None:
        self.ledger, self.config, self.watch = ledger, config, watch
        self.registry, self.fits = registry, fits
        ask = None if fits is None else self._ask
        if recent is None:
            recent = recent_instants(config, history.interval_ns)
        self.run = Run(
            history, config, ledger, registry, watch, screen, ask, rooms=rooms, recent=recent
        )
        self.run.refits_by_order = config.refits.schedule == "clock"
        self._asks = False  # requests on record were answered before, or are asked once more
        self._to_adopt = False
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
        state = book.standing.value if book.halted else "model paused" if book.paused else ""
        if book.flattening:
            state += ": positions are closed at the next open"
        who = run.trade.roster.champion or self.config.fallback
        lines = [f"{seat.line.name} {seat.line.stage}" for seat in run.trade.roster.seats.values()]
        faults = "; ".join(run.tape.faults)
        fitting = f"fitting {', '.join(run.requests)}" if run.requests else ""
        told = [f"equity {book.equity:,.2f}", f"{who} decides", ", ".join(lines)]
        parts = [*told, fitting, state, faults]
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
        self.take_fits()

    def obey(self, order: Order) -> str:
        """Carry out an order, or refuse it; return what came of it."""
        outcome = self.run.trade.obey(order, self.now_ns)
        self.run.answered()
        self.run.fit_asked(self.now_ns)
        self.watch.look(self.now_ns)
        return outcome

    # -- fits that are made elsewhere -----------------------------------------------------------

    def _ask(self, request: FitRequest) -> None:
        if self._asks and self.fits is not None:
            self.fits.ask(request)

    def go_on(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Ask for fits from now on, and for those that the record holds no answer to.

        A run that has not traded yet waits for its first fits: nothing is missed meanwhile.
        """
        if self.fits is None:
            return
        self._asks = self._to_adopt = True
        fitted = [(row["line"], row["fitted_at_ns"]) for row in self._fits_waiting()]
        for request in self.run.requests.values():
            if (request.line, request.now_ns) not in fitted:
                self.fits.ask(request)
        fresh = self.run.trade.steps == _STEPS_AT_FIRST
        self.take_fits()
        while fresh and self.fits.waiting and not stop():
            self.take_fits(wait_seconds=_LOOK_SECONDS)

    def take_fits(self, wait_seconds: float = 0.0) -> None:
        """Take the answers that came: at a boundary, so that no epoch has two packages."""
        if self.fits is None or not self._asks:
            return
        for answer in self.fits.answers(wait_seconds):
            self._to_adopt |= answer.package is not None
            if answer.package is None:
                line, now = answer.request.line, answer.request.now_ns
                reason = answer.problem or "there is not enough data for it yet"
                detail = {"line": line, "failed": bool(answer.problem)}
                self._answer(NO_FIT, line, reason, f"{line}-{now}", detail)
        if self._to_adopt and not self.open:
            self._to_adopt = False
            for row in self._fits_waiting():
                self._adopt(row)

    def _fits_waiting(self) -> list[dict[str, Any]]:
        return self.run.trade.roster.fits_waiting()

    def _adopt(self, row: dict[str, Any]) -> None:
        package, line = row["hash"], row["line"]
        reason, kind = f"fit {row['refit_index']} of line {line}", ADOPT
        try:
            self.registry.load(package)
        except EdgekeeperError as error:
            reason, kind = f"{reason} cannot be loaded: {error}", PASS_OVER
        self._answer(kind, package, reason, package, {"line": line})

    def _answer(
        self, kind: str, subject: str, reason: str, name: str, detail: dict[str, Any]
    ) -> None:
        number = f"{kind}-{self.run.trade.steps}-{name}"
        self.obey(Order(number, kind, subject, LEARN, reason, detail))

    def _fit_again(self, order: Order) -> None:
        """Let an audit make the fit that an answer on record is about."""
        request = self.run.requests.get(str(order.detail.get("line")))
        if order.actor == LEARN and order.kind != NO_FIT and self.fits is not None and request:
            self.fits.again(self.run.learn, request)

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
                self.take(bars_of_step(stored, step, self.run.tape.bars), step.latency_ms)
            for order in step.orders:
                self._fit_again(order)
                self.obey(order)
        if self.fits is not None:
            for row in self._fits_waiting():  # made, but not taken before the run was stopped
                if row["line"] in self.run.requests:
                    self.fits.again(self.run.learn, self.run.requests[row["line"]])
        self.bars_taken = self.instants_taken = 0
        if self.ledger.read("stretches").height > 2:
            self.told = self.run.trade.roster.events.count


def bars_of_step(stored: Bars | None, step: Step, before: Bars) -> Bars:
    """Return the bars of a step on record, which come after those ``before``, as it took them.

    Raises
    ------
    BadData
        Bars that are not there any more.
    """
    part = stored.until(step.until_ns) if stored is not None else None
    last = int(before.event_time[-1])
    first = 0 if part is None else int(np.searchsorted(part.event_time, last, "right"))
    if part is None or first == len(part):
        raise BadData(
            f"absent: the bars of the step until {_stamp(step.until_ns)}, which is on record: "
            "restore the folder of the run from a backup"
        )
    return part.rows(first, len(part)).among(before.symbols).known_at(step.known_ns)


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
    inbox: Callable[[], Iterable[Order]],
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
        Orders that were not obeyed yet, oldest first; asked again when bars have come, so that
        an order given before that holds for them.
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
        live.take_fits()
        for order in inbox():
            live.obey(order)
        idle()
        if stop():
            return
        bars = supply.next(patience_seconds)
        if bars is not None:
            for order in inbox():
                live.obey(order)
            live.end_epoch_before(int(bars.event_time[0]))
            live.take(bars.among(names).known_at(clock.now_ns()))
        # A session that is over need not wait for the next one's first bar.
        due = supply.next_due_ns
        if live.open and (due is not None or live.config.epoch == "bar"):
            live.end_epoch_before(due)


def _stamp(time_ns: int) -> str:
    return f"{np.datetime64(time_ns, 'ns').astype('datetime64[s]')}Z"
