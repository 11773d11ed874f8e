"""What a live run begins with: symbols, settings, history, and what another run leaves."""

from pathlib import Path

from edgekeeper.auditing import find_bars, read_settings
from edgekeeper.bars import Bars, joined
from edgekeeper.clock import Clock
from edgekeeper.config import Config
from edgekeeper.errors import BadData, UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.living import recorded_bequests
from edgekeeper.market import longest_snapshot, parse_interval, save_snapshot
from edgekeeper.market.live import BarPoller, kind_of
from edgekeeper.market.live.run_folder import read_traded
from edgekeeper.registry import Registry
from edgekeeper.trade import Bequest
from edgekeeper.wanted import Wanted

__all__ = [
    "MODELS",
    "bequests_of",
    "going_on",
    "history_of",
    "settings_of",
    "symbols_of",
]

MODELS = "models"
_DAY_NS = 86_400 * 10**9
_BARS = "bars"


def going_on(out: Path, wanted: Wanted) -> Wanted:
    """What a run was started with; another source will do, other bars will not."""
    before = read_traded(out)
    if wanted.interval and wanted.interval != before.interval:
        raise UsageError(
            f"{out} trades bars of {before.interval}: leave --interval out, or choose another "
            "folder with --out"
        )
    return Wanted(wanted.source or before.source, before.symbols, before.interval)


def settings_of(ledger: Ledger, config: Config | None, wanted: Wanted) -> Config:
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


def symbols_of(out: Path, wanted: Wanted, goes_on: bool) -> tuple[str, ...]:
    """Return the symbols asked for, or those of the run that goes on or is begun with.

    Raises
    ------
    UsageError
        None of these.
    """
    if goes_on:
        return find_bars(out / _BARS).symbols
    if wanted.symbols:
        return tuple(sorted(set(wanted.symbols)))
    if wanted.parent is not None:
        return find_bars(wanted.parent / _BARS).symbols
    given = kind_of(wanted.source).symbols
    if given:
        return given
    raise UsageError("--symbols: expected at least one, such as BTC/USD, got none")


def bequests_of(
    ledger: Ledger, wanted: Wanted, registry: Registry, goes_on: bool
) -> tuple[Bequest, ...]:
    """Packages to begin with: those on record, or the newest accepted ones of the parent."""
    recorded = recorded_bequests(ledger)
    if goes_on or recorded:
        return recorded
    if wanted.parent is None:
        return ()
    theirs = Registry(wanted.parent / MODELS)
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


def history_of(out: Path, wanted: Wanted, config: Config, poller: BarPoller, clock: Clock) -> Bars:
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
    if parent is not None and parent.context:
        raise UsageError(
            f"the run to begin with reads {', '.join(sorted(parent.context))}, which live sources "
            "do not give yet: train a run on bars alone"
        )
    history = fetched if parent is None else joined(parent, fetched)
    assert history is not None
    save_snapshot(out / _BARS, history)
    return history


def _span_ns(wanted: Wanted, config: Config) -> int:
    """How far back to ask: bars of a first fit and half as many again, nights left out."""
    if wanted.history_days is not None:
        return round(wanted.history_days * _DAY_NS)
    interval = parse_interval(wanted.interval)
    bars = 1.5 * max((line.min_bars for line in config.lines), default=100)
    around_the_clock = all("/" in symbol for symbol in wanted.symbols)
    share = 1.0 if around_the_clock else 5 / 7 if interval >= _DAY_NS else 32.5 / 168
    return round(bars * interval / share)
