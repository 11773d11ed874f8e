"""``paper``: opens what a live run needs, begins it or goes on with it, and closes it well."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgekeeper.alerts import Delivery, FileChannel, channels_of
from edgekeeper.auditing import registry_of
from edgekeeper.bars import Bars
from edgekeeper.clock import Clock, WallClock
from edgekeeper.config import Config
from edgekeeper.errors import StorageError
from edgekeeper.learn import LearnerProcess
from edgekeeper.ledger import MARKET_ROLES, Ledger
from edgekeeper.living import Live, live_forever
from edgekeeper.market import parse_interval, rooms_in
from edgekeeper.market.live import BarPoller, kind_of, open_live_source
from edgekeeper.market.live.run_folder import STORE, Traded, live_bars, write_traded
from edgekeeper.paper_start import (
    MODELS,
    bequests_of,
    going_on,
    history_of,
    settings_of,
    symbols_of,
)
from edgekeeper.refit_clock import RefitClock
from edgekeeper.running import Screen
from edgekeeper.trade import Order
from edgekeeper.wanted import Wanted
from edgekeeper.watch import Sentinel, keep_local, with_local
from edgekeeper.watching import Inbox, Watchdog

__all__ = ["LEDGER_VARIABLE", "PaperEnd", "paper"]

LEDGER_VARIABLE = "EDGEKEEPER_LEARNER_LEDGER"
"""Variable of the environment that tells a learner where the record is, if not in the folder."""


@dataclass(frozen=True, slots=True)
class PaperEnd:
    """Where a live run stood when it was stopped.

    Attributes
    ----------
    bars : int
        Taken in this session.
    steps : int
        On record in all.
    equity : float
    halted : bool
    standing : str
        ACTIVE, REDUCING (halted with positions left) or HALTED.
    champion : str or None
    ledger : str
        Hash of the trade chain.
    """

    bars: int
    steps: int
    equity: float
    halted: bool
    standing: str
    champion: str | None
    ledger: str

    def figures(self) -> dict[str, Any]:
        """Return the same for programs."""
        return asdict(self)


class _Polled:
    """A poller as a live run sees it."""

    def __init__(self, poller: BarPoller, busy: Callable[[], None]) -> None:
        self.poller, self._busy = poller, busy

    def next(self, timeout_seconds: float) -> Bars | None:
        """Return the bars of the next instant, or None."""
        bars = self.poller.next(timeout_seconds)
        if bars is not None:
            self._busy()  # to take them may mean to fit models
        return bars

    @property
    def next_due_ns(self) -> int | None:
        """When the next bar closes."""
        return self.poller.health.next_due_ns


def paper(
    wanted: Wanted,
    config: Config | None,
    *,
    out: Path,
    screen: Screen,
    stop: Callable[[], bool],
    told: Callable[[Live, BarPoller], None] = lambda live, poller: None,
    clock: Clock | None = None,
    sleep: Callable[[float], None] | None = None,
    patience_seconds: float = 1.0,
    ledger_url: str | None = None,
    watched: bool = True,
) -> PaperEnd:
    """Trade on paper from now on, until ``stop`` says so.

    Where ``out`` holds a live run already it is lived again, proved against its record, and goes
    on from there.

    Parameters
    ----------
    wanted : Wanted
    config : Config or None
        None: the one on record, that of the parent, or the default.
    out : path
    screen : Screen
    stop : callable
    told : callable
        Called about once a second with the run and its poller.
    clock, sleep
        For tests; else those of the source, which are mostly the machine's.
    patience_seconds : float
        How long to wait for bars before looking for orders again.
    ledger_url : str, optional
    watched : bool
        Whether a second process watches, as ``[watch]`` says; see :class:`Watchdog`.

    Raises
    ------
    UsageError
        No source, or a folder that holds something else.
    BadData
        A record that does not come back, or no bars.
    SourceTrouble, SourceRefused
        The source has no history to give at the start.
    """
    with ExitStack() as opened:
        ledger = opened.enter_context(_verified(out, ledger_url))
        goes_on = ledger.read("stretches").height > 0
        config = _local_settings(out, config, settings_of(ledger, config, wanted))
        learner = _learner(out, ledger_url, config) if config.refits.process else None
        # What a learner has written is proved by its hashes alone, until an audit fits it again.
        ledger.start_over(MARKET_ROLES if learner is None else ("trade",))
        if learner is not None:
            opened.callback(learner.close)
        registry = registry_of(out, config)
        wanted = _settled(out, wanted, goes_on)
        if clock is None:
            clock, sleep, patience_seconds = _time_of(wanted, out, patience_seconds)
        sleep = sleep or time.sleep
        bequests = bequests_of(ledger, wanted, registry, goes_on)
        screen.phase(f"asking {wanted.source} for bars")
        history = history_of(out, wanted, config, _poller(wanted, out, clock, sleep), clock)
        channels = _channels(out, config)
        opened.callback(channels.close)
        sentinel = Sentinel(ledger, channels, settings=config.alerts)
        live = Live(
            history, config, ledger, registry, sentinel, screen, learner, rooms=rooms_in(out)
        )
        live.begin(bequests)
        screen.phase("going over what is on record")
        live.relive(live_bars(out, wanted.interval, wanted.symbols))
        screen.phase("fitting what is due")
        live.go_on(stop)
        poller = _poller(wanted, out, clock, sleep, after_ns=live.now_ns)
        opened.callback(poller.close)
        watchdog = opened.enter_context(_watchdog(out, live, screen, ledger_url, watched))
        inbox: Callable[[], Iterable[Order]] = Inbox(ledger, watchdog)
        if config.refits.schedule == "clock":
            hours = RefitClock(config, ledger, clock)
            opened.callback(hours.close)
            inbox = _with_hours(inbox, hours, live)
        screen.phase("waiting for bars")
        _trade(
            live, poller, inbox, watchdog, told, stop=stop, clock=clock,
            patience_seconds=patience_seconds,
        )  # fmt: skip
        ledger.seal(live.now_ns)
        return _end(live)


@contextmanager
def _verified(out: Path, ledger_url: str | None) -> Iterator[Ledger]:
    """Open the record of a folder, made if need be, once its chains and seals hold."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make the folder {out}: {error.strerror}") from error
    with Ledger.open(ledger_url or out / "ledger.sqlite") as ledger:
        for role in MARKET_ROLES:
            ledger.verify(role)
        ledger.check_seals()
        yield ledger


def _settled(out: Path, wanted: Wanted, goes_on: bool) -> Wanted:
    """Fill in what is traded from the folder and the source, and write it down."""
    if goes_on:
        wanted = going_on(out, wanted)
    elif not wanted.interval:
        wanted = replace(wanted, interval=kind_of(wanted.source).interval)
    wanted = replace(wanted, symbols=symbols_of(out, wanted, goes_on))
    write_traded(out, Traded(wanted.source, wanted.symbols, wanted.interval))
    return wanted


def _time_of(
    wanted: Wanted, out: Path, patience_seconds: float
) -> tuple[Clock, Callable[[float], None], float]:
    """The clock that a source lives by, how to wait by it, and how long to."""
    made = kind_of(wanted.source).clock
    if made is None:
        return WallClock(), time.sleep, patience_seconds
    place = wanted.source.partition(":")[2]
    clock = made(place, out, parse_interval(wanted.interval))
    return clock, clock.sleep, patience_seconds * clock.speed


def _watchdog(
    out: Path, live: Live, screen: Screen, ledger_url: str | None, watched: bool
) -> Watchdog:
    """Who stops trading when the second process falls silent; it is started here if wanted."""
    settings = live.config.watch
    if not watched:
        settings = settings.model_copy(update={"enabled": False})
    if settings.enabled:
        screen.phase("starting the watch")
    book = live.run.trade.accounts.book("edgekeeper")
    return Watchdog(out, settings, lambda: book.halted, ledger_url=ledger_url)


def _channels(out: Path, config: Config) -> Delivery:
    """Where alerts go: beside the record, in the profile of hours beside the packages too, and to
    whom ``[notify]`` names.
    """
    files = [FileChannel(out / "alerts.log")]
    if config.refits.schedule == "clock":
        (out / MODELS).mkdir(exist_ok=True)
        files.append(FileChannel(out / MODELS / "alerts.log", "models"))
    return channels_of(out, config.notify, files=files)


def _with_hours(
    inbox: Callable[[], Iterable[Order]], hours: RefitClock, live: Live
) -> Callable[[], Iterable[Order]]:
    """Orders of people, and after them those of the clock."""

    def both() -> Iterator[Order]:
        yield from inbox()
        yield from hours.orders(live.now_ns, live.run.trade.roster.under_way)

    return both


def _learner(out: Path, ledger_url: str | None, config: Config) -> LearnerProcess:
    """A process that fits beside this one, started when there is something to fit."""
    command = [sys.executable, "-m", "edgekeeper.learning", str(out.resolve())]
    place = {LEDGER_VARIABLE: ledger_url} if ledger_url else {}  # it may hold a password
    return LearnerProcess(command, config.refits, out / "learner.log", place)


def _end(live: Live) -> PaperEnd:
    book = live.run.trade.accounts.book("edgekeeper")
    return PaperEnd(
        live.bars_taken,
        live.run.trade.steps,
        book.equity,
        book.halted,
        book.standing.value,
        live.run.trade.roster.champion,
        live.ledger.head("trade"),
    )


def _trade(
    live: Live,
    poller: BarPoller,
    inbox: Callable[[], Iterable[Order]],
    watchdog: Watchdog,
    told: Callable[[Live, BarPoller], None],
    *,
    stop: Callable[[], bool],
    clock: Clock,
    patience_seconds: float,
) -> None:
    """Take what comes, with a sign of life before and after each step."""

    def idle() -> None:
        watchdog.beat("alive")
        told(live, poller)

    live_forever(
        live,
        _Polled(poller, lambda: watchdog.beat("busy")),
        inbox,
        stop=stop,
        idle=idle,
        clock=clock,
        patience_seconds=patience_seconds,
    )


def _local_settings(out: Path, given: Config | None, config: Config) -> Config:
    """Return the settings with those of this place: as given now, or else as kept here."""
    if given is None:
        config = with_local(out, config)
    keep_local(out, config)
    return config


def _poller(
    wanted: Wanted,
    out: Path,
    clock: Clock,
    sleep: Callable[[float], None],
    after_ns: int | None = None,
) -> BarPoller:
    return BarPoller(
        open_live_source(wanted.source),
        wanted.symbols,
        wanted.interval,
        clock=clock,
        store_folder=out / STORE,
        after_ns=after_ns,
        sleep=sleep,
    )
