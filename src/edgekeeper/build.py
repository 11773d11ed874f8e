"""Wires the rooms together. ``replay`` is the whole loop over history, from bars to report."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgekeeper.alerts import Fanout, FileChannel
from edgekeeper.atomic import write_atomically
from edgekeeper.auditing import (
    Audited,
    check_chains,
    check_packages,
    find_bars,
    fitted_on_cards,
    read_settings,
    registry_of,
)
from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.demo import DemoMarket, demo_markets
from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.ledger import MARKET_ROLES, Ledger, RecordEnds
from edgekeeper.ledger.studies import trials_by_hand
from edgekeeper.living import FitsProved, Live, recorded_bequests
from edgekeeper.market import longest_snapshot, save_snapshot
from edgekeeper.market.live.run_folder import live_bars, read_traded
from edgekeeper.paper import PaperEnd, paper
from edgekeeper.registry import Registry
from edgekeeper.report.csv_files import decisions_csv, equity_csv
from edgekeeper.report.html import render_report
from edgekeeper.report.story import Story
from edgekeeper.report.summary import summary
from edgekeeper.report.tell import Market
from edgekeeper.resuming import check_same_run
from edgekeeper.retelling import Retold, retell
from edgekeeper.running import Asleep, Blank, Run, Screen
from edgekeeper.wanted import Wanted as PaperWanted
from edgekeeper.watch import Sentinel
from edgekeeper.workbench import (
    BacktestResult,
    Comparison,
    ExplainedSignal,
    Judgement,
    Trained,
    Tuned,
    backtest,
    bars_of_run,
    compare,
    explain,
    explain_signal,
    train,
    tune,
    validate,
)

__all__ = [
    "Audited",
    "BacktestResult",
    "Comparison",
    "DemoMarket",
    "ExplainedSignal",
    "Judgement",
    "Market",
    "PaperEnd",
    "PaperWanted",
    "Replay",
    "Retold",
    "Screen",
    "Trained",
    "Tuned",
    "audit",
    "backtest",
    "compare",
    "demo_markets",
    "explain",
    "explain_signal",
    "paper",
    "replay",
    "report",
    "train",
    "tune",
    "validate",
    "write_report",
]


@dataclass(frozen=True, slots=True)
class Replay:
    """A finished replay.

    Attributes
    ----------
    story : Story
        Figures and series.
    summary : dict
        The figures of ``--json``.
    out : Path or None
        Folder with ledger, packages, decisions and report, where one was asked for.
    """

    story: Story
    summary: dict[str, Any]
    out: Path | None


def replay(
    bars: Any,
    config: Config | None = None,
    *,
    out: str | Path | None = None,
    market: Market | None = None,
    screen: Screen | None = None,
    ledger_url: str | None = None,
) -> Replay:
    """Run the whole loop over history: signals, forecasts, shadow, promotion, trades, refits.

    Where ``out`` holds a run already, it is lived again: what is on record has to come back to the
    bit, and where the record ends the run goes on, whether it was killed there or has more bars.

    Parameters
    ----------
    bars : Bars or frame
        Anything that :meth:`Bars.from_frame` reads.
    config : Config, optional
    out : path, optional
        Folder for ``ledger.sqlite``, ``bars/``, ``models/``, ``decisions.csv``, ``equity.csv``,
        ``summary.json`` and ``report.html``; nothing is kept without it.
    market : Market, optional
        Title, caveats and known truth, for the report.
    screen : Screen, optional
    ledger_url : str, optional
        A database for the ledger instead of a file in ``out``.

    Raises
    ------
    BadData
        Bars that cannot be used, too few symbols and bars for anything, or a record that does not
        come back.
    UsageError
        A configuration that does not fit, or ``out`` holds a run made of something else.

    Examples
    --------
    >>> from edgekeeper.worlds import make_world
    >>> run = replay(make_world("noise", seed=1, symbols=2, bars=120).bars)
    >>> run.summary["bars"], run.summary["promotions"]
    (240, [])
    """
    began = time.monotonic()
    bars = bars if isinstance(bars, Bars) else Bars.from_frame(bars)
    config = config or Config()
    market = market or Market()
    screen = screen or Blank()
    _check_possible(bars, config)
    with _folder(out) as folder:
        with Ledger.open(ledger_url or folder / "ledger.sqlite", prove=True) as ledger:
            kept = folder / "bars"
            for role in MARKET_ROLES:
                ledger.verify(role)
            ledger.check_seals()
            check_same_run(ledger, bars, config, longest_snapshot(kept))
            if out:
                save_snapshot(kept, bars)
            channels = Fanout([FileChannel(folder / "alerts.log")] if out else [])
            run = Run(
                bars,
                config,
                ledger,
                registry_of(folder, config),
                Sentinel(ledger, channels),
                screen,
            )
            run.all_epochs(market)
            screen.phase("writing the report")
            story = run.tell(market, time.monotonic() - began)
            figures = summary(story, ledger, str(folder) if out else "")
            if out:
                _write_files(folder, ledger, story, figures)
        return Replay(story, figures, folder if out else None)


def _check_possible(bars: Bars, config: Config) -> None:
    """Refuse what no replay can do."""
    if config.fallback == "follow_bot":
        raise UsageError(
            'fallback = "follow_bot" needs a bot that sends its signals; a replay has none: use '
            '"rules" or "cash"'
        )
    if len(bars.instants) < 2:
        raise BadData(
            "expected bars of at least two instants, got one: there is no next open to fill at"
        )


def audit(
    run: str | Path,
    *,
    ledger_url: str | None = None,
    head: str | None = None,
    since_ns: int | None = None,
    screen: Screen | None = None,
) -> Audited:
    """Prove a finished or interrupted run: its chains, packages and bars, and every decision.

    The whole run is lived again beside its record, and each link has to come back to the byte.
    Nothing is written.

    Parameters
    ----------
    run : path
        Folder that :func:`replay` left.
    ledger_url : str, optional
        Where the ledger is, if not in the folder.
    head : str, optional
        What the ledger hash is known to have been, from outside.
    since_ns : int, optional
        Rows before the last seal at or before this instant are not recomputed. Decisions are lived
        again from the start all the same, because each one follows from all before it.
    screen : Screen, optional

    Raises
    ------
    UsageError
        No such folder.
    BadData
        Naming the first difference, or what is absent.
    """
    folder, screen = Path(run), screen or Blank()
    if not folder.is_dir():
        raise UsageError(f"expected the folder of a run, found none at {folder}: check the path")
    place = ledger_url or folder / "ledger.sqlite"
    with Ledger.open(place, read_only=True, prove=True) as ledger:
        screen.phase("recomputing the chains from their rows")
        held = ledger.check_segments()
        chains, seals = check_chains(ledger, head=head, since_ns=since_ns)
        config = read_settings(ledger)
        packages, on_a_card = check_packages(ledger, registry_of(folder, config))
        by_hand = trials_by_hand(folder / "models")
        bars = find_bars(folder / "bars")
        before = ledger.unproved
        complete = False
        with _folder(None) as aside, fitted_on_cards(on_a_card):
            registry = Registry(aside / "models")
            try:
                if ledger.read("stretches").height:
                    _live_again(folder, bars, config, ledger, registry, screen)
                else:
                    again = Run(bars, config, ledger, registry, Asleep(), screen)
                    again.all_epochs(Market(name="audit"))
                complete = True
            except RecordEnds:
                pass
        if ledger.unproved:
            role, links = next(iter(ledger.unproved.items()))
            raise BadData(
                f"{ledger.place}: the bars end, but the {role!r} chain has {links} more links: "
                "the bars beside the record are not all it was made of"
            )
        return Audited(
            ledger.place,
            ledger.head("trade"),
            chains,
            seals,
            packages,
            on_a_card,
            len(bars),
            before,
            complete,
            len(held.standing()),
            tuple(held.let_go.values()),
            tuple(held.gaps),
            0 if by_hand is None else by_hand.trials,
        )


def _live_again(
    folder: Path, bars: Bars, config: Config, ledger: Ledger, registry: Registry, screen: Screen
) -> None:
    """Take every step of a live run once more."""
    kept = Registry(folder / "models")
    bequests = recorded_bequests(ledger)
    for one in bequests:
        registry.save(kept.files(one.package))
    fits = FitsProved() if config.refits.process else None
    live = Live(bars, config, ledger, registry, Asleep(), screen, fits)
    live.begin(bequests)
    live.relive(live_bars(folder, read_traded(folder).interval, bars.symbols))


def report(run: str | Path, *, ledger_url: str | None = None) -> Retold:
    """Tell a finished run once more, from its ledger, packages and bars.

    Raises
    ------
    UsageError
        No such folder.
    BadData
        What it was made of is absent or damaged.
    """
    folder = Path(run)
    if not folder.is_dir():
        raise UsageError(f"expected the folder of a run, found none at {folder}: check the path")
    with Ledger.open(ledger_url or folder / "ledger.sqlite", read_only=True) as ledger:
        bars = bars_of_run(folder, ledger)
        return retell(folder, ledger, bars, read_settings(ledger))


@contextmanager
def _folder(out: str | Path | None) -> Iterator[Path]:
    """Give the folder asked for, made if need be, or one that vanishes afterwards."""
    if out is None:
        temporary = Path(tempfile.mkdtemp(prefix="edgekeeper-"))
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot make the folder {folder}: {error.strerror}: choose another with --out"
        ) from error
    yield folder


def write_report(path: Path, stories: list[Story], *, title: str) -> None:
    """Write one self-contained page for one or several markets."""
    page = render_report(stories, title=title, generated_from=f"edgekeeper {version('edgekeeper')}")
    write_atomically(path, page.encode())


def _write_files(folder: Path, ledger: Ledger, story: Story, figures: dict[str, Any]) -> None:
    write_atomically(folder / "decisions.csv", decisions_csv(ledger))
    write_atomically(folder / "equity.csv", equity_csv(story))
    text = json.dumps(figures, indent=2, allow_nan=False)
    write_atomically(folder / "summary.json", text.encode())
    write_report(folder / "report.html", [story], title=story.title)
