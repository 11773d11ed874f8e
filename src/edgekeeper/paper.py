"""``paper``: opens what a live run needs, begins it or goes on with it, and closes it well."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgekeeper.alerts import Fanout, FileChannel
from edgekeeper.auditing import find_bars, read_settings, registry_of
from edgekeeper.bars import Bars, GrowingBars
from edgekeeper.clock import Clock, WallClock
from edgekeeper.config import Config
from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.learn import LearnerProcess
from edgekeeper.ledger import MARKET_ROLES, Ledger
from edgekeeper.living import Live, live_forever, recorded_bequests
from edgekeeper.market import longest_snapshot, parse_interval, save_snapshot
from edgekeeper.market.atomic import write_atomically
from edgekeeper.market.live import BarPoller, open_live_source
from edgekeeper.market.live.keeping import Kept, bars_of
from edgekeeper.refit_clock import RefitClock
from edgekeeper.registry import Registry
from edgekeeper.running import Screen
from edgekeeper.trade import Bequest, Order
from edgekeeper.watch import Sentinel, keep_local, with_local
from edgekeeper.watching import Inbox, Watchdog

__all__ = [
    "LEDGER_VARIABLE",
    "PaperEnd",
    "Wanted",
    "joined",
    "paper",
    "read_wanted",
    "stored_bars",
]

LEDGER_VARIABLE = "EDGEKEEPER_LEARNER_LEDGER"
"""Variable of the environment that tells a learner where the record is, if not in the folder."""

_DAY_NS = 86_400 * 10**9
_LIVE, _BARS, _MODELS, _WANTED = "live", "bars", "models", "paper.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a live run is to trade.

    Attributes
    ----------
    source : str
        A live source, such as ``"ccxt:kraken"`` or ``"folder:bars"``.
    symbols : tuple of str
        Empty for those of the run it comes from.
    interval : str
        Empty for that of the run that goes on, or an hour.
    history_days : float or None
        How far back to begin; None: as far as the lines need for a first fit.
    parent : Path or None
        Folder of a run whose packages and bars to begin with.
    """

    source: str
    symbols: tuple[str, ...] = ()
    interval: str = ""
    history_days: float | None = None
    parent: Path | None = None


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
    sleep: Callable[[float], None] = time.sleep,
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
        For tests.
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
    clock = clock or WallClock()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make the folder {out}: {error.strerror}") from error
    place = ledger_url or out / "ledger.sqlite"
    with ExitStack() as opened:
        ledger = opened.enter_context(Ledger.open(place))
        for role in MARKET_ROLES:
            ledger.verify(role)
        ledger.check_seals()
        goes_on = ledger.read("stretches").height > 0
        config = _local_settings(out, config, _settings(ledger, config, wanted))
        learner = _learner(out, ledger_url, config) if config.refits.process else None
        # What a learner has written is proved by its hashes alone, until an audit fits it again.
        ledger.start_over(MARKET_ROLES if learner is None else ("trade",))
        if learner is not None:
            opened.callback(learner.close)
        registry = registry_of(out, config)
        if goes_on:
            wanted = _going_on(out, wanted)
        elif not wanted.interval:
            wanted = replace(wanted, interval="1h")
        symbols = _symbols(out, wanted, goes_on)
        _write_wanted(out, wanted, symbols)
        bequests = _bequests(ledger, wanted, registry, goes_on)
        screen.phase(f"asking {wanted.source} for bars")
        poller = _poller(wanted, symbols, out, clock, sleep)
        history = _history(out, wanted, config, poller, clock)
        by_clock = config.refits.schedule == "clock"
        sentinel = Sentinel(ledger, _channels(out, by_clock), settings=config.alerts)
        live = Live(history, config, ledger, registry, sentinel, screen, learner)
        live.begin(bequests)
        screen.phase("going over what is on record")
        live.relive(stored_bars(out, wanted.interval, symbols))
        screen.phase("fitting what is due")
        live.go_on(stop)
        poller = _poller(wanted, symbols, out, clock, sleep, after_ns=live.now_ns)
        opened.callback(poller.close)
        book = live.run.trade.accounts.book("edgekeeper")
        settings = config.watch if watched else config.watch.model_copy(update={"enabled": False})
        if settings.enabled:
            screen.phase("starting the watch")
        with Watchdog(out, settings, lambda: book.halted, ledger_url=ledger_url) as watchdog:
            screen.phase("waiting for bars")
            inbox: Callable[[], Iterable[Order]] = Inbox(ledger, watchdog)
            if by_clock:
                hours = RefitClock(config, ledger, clock)
                opened.callback(hours.close)
                inbox = _with_hours(inbox, hours, live)
            _trade(live, poller, inbox, watchdog, told, stop=stop, clock=clock,
                   patience_seconds=patience_seconds)  # fmt: skip
        ledger.seal(live.now_ns)
        return _end(live)


def _channels(out: Path, by_clock: bool) -> Fanout:
    """Where alerts go: beside the record, and in the profile of hours beside the packages too."""
    files = [FileChannel(out / "alerts.log")]
    if by_clock:
        (out / _MODELS).mkdir(exist_ok=True)
        files.append(FileChannel(out / _MODELS / "alerts.log", "models"))
    return Fanout(files)


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


def _going_on(out: Path, wanted: Wanted) -> Wanted:
    """What a run was started with; another source will do, other bars will not."""
    before = read_wanted(out)
    if wanted.interval and wanted.interval != before.interval:
        raise UsageError(
            f"{out} trades bars of {before.interval}: leave --interval out, or choose another "
            "folder with --out"
        )
    return replace(before, source=wanted.source or before.source)


def read_wanted(out: Path) -> Wanted:
    """Return what the run in a folder trades.

    Raises
    ------
    BadData
        ``paper.json`` is missing or damaged.
    """
    try:
        kept = json.loads((out / _WANTED).read_text("utf-8"))
        return Wanted(str(kept["source"]), tuple(kept["symbols"]), str(kept["interval"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadData(
            f"{out / _WANTED} is missing or damaged ({error}): write it anew, as "
            '{"source": "ccxt:kraken", "symbols": ["BTC/USD"], "interval": "1h"}'
        ) from error


def _write_wanted(out: Path, wanted: Wanted, symbols: tuple[str, ...]) -> None:
    kept = {"source": wanted.source, "symbols": symbols, "interval": wanted.interval}
    write_atomically(out / _WANTED, json.dumps(kept, indent=2).encode())


def _settings(ledger: Ledger, config: Config | None, wanted: Wanted) -> Config:
    """Return the configuration to run with; a run that goes on keeps its own."""
    if ledger.read("runs").height:
        recorded = read_settings(ledger)
        if config is not None and config.hash() != recorded.hash():
            raise UsageError(
                f"{ledger.place} was started with another configuration: leave --config out to go "
                "on with it, or choose another folder with --out, and --from to take models along"
            )
        return recorded if config is None else config
    if config is None and wanted.parent is not None:
        with Ledger.open(wanted.parent / "ledger.sqlite", read_only=True) as parent:
            return read_settings(parent)
    return config or Config()


def _symbols(out: Path, wanted: Wanted, goes_on: bool) -> tuple[str, ...]:
    if goes_on:
        return find_bars(out / _BARS).symbols
    if wanted.symbols:
        return tuple(sorted(set(wanted.symbols)))
    if wanted.parent is not None:
        return find_bars(wanted.parent / _BARS).symbols
    raise UsageError("--symbols: expected at least one, such as BTC/USD, got none")


def _bequests(
    ledger: Ledger, wanted: Wanted, registry: Registry, goes_on: bool
) -> tuple[Bequest, ...]:
    """Packages to begin with: those on record, or the newest accepted ones of the parent."""
    recorded = recorded_bequests(ledger)
    if goes_on or recorded:
        return recorded
    if wanted.parent is None:
        return ()
    theirs = Registry(wanted.parent / _MODELS)
    with Ledger.open(wanted.parent / "ledger.sqlite", read_only=True) as parent:
        run_id = parent.read("runs")["run_id"][0]
        fits = parent.read(
            "packages", ["line", "hash", "fitted_at_ns"], where={"verdict": "accepted"}
        )
    newest: dict[str, str] = {}
    for row in fits.sort("fitted_at_ns", maintain_order=True).iter_rows(named=True):
        newest[row["line"]] = row["hash"]
    for package in newest.values():
        registry.save(theirs.files(package))
    return tuple(Bequest(line, package, run_id) for line, package in newest.items())


def _poller(
    wanted: Wanted,
    symbols: Sequence[str],
    out: Path,
    clock: Clock,
    sleep: Callable[[float], None],
    after_ns: int | None = None,
) -> BarPoller:
    return BarPoller(
        open_live_source(wanted.source),
        symbols,
        wanted.interval,
        clock=clock,
        store_folder=out / _LIVE,
        after_ns=after_ns,
        sleep=sleep,
    )


def _history(out: Path, wanted: Wanted, config: Config, poller: BarPoller, clock: Clock) -> Bars:
    """Bars the run begins with: kept beside the record, or fetched and kept there now."""
    kept = longest_snapshot(out / _BARS)
    if kept is not None:
        return kept
    now = clock.now_ns()
    parent = None if wanted.parent is None else find_bars(wanted.parent / _BARS)
    start = now - _span_ns(wanted, config) if parent is None else int(parent.event_time[-1]) + 1
    try:
        fetched = poller.backfill(start, now)
    except BadData:
        if parent is None:
            raise
        fetched = None
    history = fetched if parent is None else joined(parent, fetched)
    assert history is not None
    save_snapshot(out / _BARS, history)
    return history


def joined(parent: Bars, later: Bars | None) -> Bars:
    """Bars, and those that came after them.

    Raises
    ------
    UsageError
        Bars with context, which live ones do not have.
    """
    if later is None:
        return parent
    if parent.context:
        raise UsageError(
            f"the run to begin with reads {', '.join(sorted(parent.context))}, which live sources "
            "do not give yet: train a run on bars alone"
        )
    grown = GrowingBars(parent)
    newer = int(np.searchsorted(later.event_time, parent.event_time[-1], side="right"))
    if newer < len(later):
        grown.append(later.rows(newer, len(later)).among(parent.symbols))
    return grown.bars


def _span_ns(wanted: Wanted, config: Config) -> int:
    """How far back to ask: bars of a first fit and half as many again, nights left out."""
    if wanted.history_days is not None:
        return round(wanted.history_days * _DAY_NS)
    interval = parse_interval(wanted.interval)
    bars = 1.5 * max((line.min_bars for line in config.lines), default=100)
    around_the_clock = all("/" in symbol for symbol in wanted.symbols)
    share = 1.0 if around_the_clock else 5 / 7 if interval >= _DAY_NS else 32.5 / 168
    return round(bars * interval / share)


def stored_bars(out: Path, interval: str, symbols: tuple[str, ...]) -> Bars | None:
    """Bars that came while a run lived, as they are kept beside it; None: there are none."""
    rows = Kept(out / _LIVE, parse_interval(interval), symbols).rows(None, None)
    return bars_of(rows) if rows.height else None
