"""The trading loop: one epoch after another, through the books, the evidence and the ledger.

``run`` carries every book over bars, an epoch's at once or as they come, and appends what
happened. At an epoch's boundary the roster asks the rules of ``rollout`` what the record demands,
and swaps in what ``learn`` left. Beside these, only a person's order changes who trades.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgekeeper.config import Config
from edgekeeper.errors import UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.market import BarsHasher, bars_hash
from edgekeeper.registry import Registry
from edgekeeper.rollout import RULES_LINE, BookBars, EvidenceBars, MarketRisk, Move
from edgekeeper.simulator import GUARD_CAUSES, GUARD_EVENTS, MarketFeed
from edgekeeper.trade.accounts import ACCOUNTS, Accounts
from edgekeeper.trade.correcting import Correction, OutcomeSource
from edgekeeper.trade.dealing import deal
from edgekeeper.trade.explaining import DecisionReasons
from edgekeeper.trade.known_terms import KnownTerms
from edgekeeper.trade.obeying import obey
from edgekeeper.trade.orders import Order
from edgekeeper.trade.record import Recorder
from edgekeeper.trade.roster import Roster
from edgekeeper.trade.seats import FeatureSource, SegmentForecasts, book_bars
from edgekeeper.trade.step import Step
from edgekeeper.types import Float64Array, Forecasts

__all__ = ["BARS", "BOUNDARY", "HISTORY", "TradeLoop"]

HISTORY, BARS, BOUNDARY = "history", "bars", "boundary"
"""Kinds of steps of a live run."""

_AT_ONCE = 256  # instants of history whose covariances are in memory together


class TradeLoop:
    """State of trading, and the only writer of role ``trade``.

    Parameters
    ----------
    feed : MarketFeed
    config : Config
    ledger : Ledger
    registry : Registry
    features : FeatureSource
    outcomes : OutcomeSource, optional
        Where a line learns online.
    stopwatch : callable, optional
        Seconds that pass, for live runs, whose forecasts are timed. A replay measures nothing: it
        takes latencies from the feed.
    keep : int, optional
        Newest rows of which indicators stay in memory; None: all.

    Attributes
    ----------
    rows_done : int
        Bars from the first on that are on record, both sides of each as signals.
    said : list of (line, package, rows, Forecasts) or None
        What was forecast since somebody emptied it; None: nobody wants to know.
    """

    def __init__(
        self,
        feed: MarketFeed,
        config: Config,
        ledger: Ledger,
        registry: Registry,
        features: FeatureSource,
        outcomes: OutcomeSource | None = None,
        stopwatch: Callable[[], float] | None = None,
        *,
        keep: int | None = None,
    ) -> None:
        bars = feed.bars
        self.feed = feed
        self.config = config
        self.ledger = ledger
        self.forecasts = SegmentForecasts(feed, features)
        self._outcomes = outcomes
        self.corrections = {
            line.name: Correction(feed, features, line.online)
            for line in config.lines
            if line.online is not None
        }
        if self.corrections and outcomes is None:
            raise UsageError(
                f"line {next(iter(self.corrections))} learns online: expected outcomes"
            )
        symbols = len(bars.symbols)
        self.accounts = Accounts(config, bars.periods_per_year, symbols)
        self.roster = Roster(
            symbols, config, ledger, registry, self.accounts, bars.periods_per_year
        )
        self.recorder = Recorder(feed, ACCOUNTS, {"edgekeeper": KnownTerms(feed, keep)})
        self._record = ledger.gather("trade", self.recorder.record)
        self.reasons = DecisionReasons(feed, registry, features, config.explain)
        self.risk = MarketRisk(symbols, config.evidence.covariance_span)
        self._last_close = np.full(symbols, math.nan)
        self.passive = config.cash
        self.steps = 0
        self.rows_done = 0
        self._gross = 0.0
        self.stopwatch = stopwatch
        self._hasher: BarsHasher | None = None
        self._forecasting: set[str] = set()  # lines that forecast in this epoch
        self.said: list[tuple[str, str, slice, Forecasts]] | None = None

    # -- bars -----------------------------------------------------------------------------------

    def look_back(self, first: int, last: int) -> None:
        """Take instants ``first:last`` as history: seen and learned from, never traded."""
        feed = self.feed
        rows = slice(int(feed.offsets[first]), int(feed.offsets[last]))
        now = int(feed.instants[last - 1])
        step = Step(first, last, rows, self._hash(rows, live=False))
        step.stretch = self._stretch(HISTORY, now)
        self._record.write(now, step)
        self.rows_done = rows.stop
        for begin in range(first, last, _AT_ONCE):
            self._market(begin, min(begin + _AT_ONCE, last))

    def run(
        self, first: int, last: int, *, live: bool = False, dropped: Sequence[str] = ()
    ) -> None:
        """Carry everything over instants ``first:last`` and append what happened.

        ``dropped`` says why strategies of the rules no longer count from these instants on.

        Live, these are bars of an epoch that may go on: a step of its own on record, and safe on
        disk before anything else is done.
        """
        feed = self.feed
        rows = slice(int(feed.offsets[first]), int(feed.offsets[last]))
        now = int(feed.instants[last - 1])
        step = Step(first, last, rows, self._hash(rows, live=live), tuple(dropped))
        for one in dropped:
            self.roster.events.append((now, "dropped", f"strategy dropped: {one}"))
        self._forecast(step)
        if live:
            known = int(feed.bars.known_time[rows].max())
            step.stretch = self._stretch(BARS, now, known, float(feed.latency_ms[last - 1]))
        covariance, returns = self._market(first, last)
        gross = self._step_accounts(step)
        self._hold_passively(returns, gross)
        self._step_lines(step, returns, covariance)
        if live:
            self._record.write(now, step, durable=True)
        else:
            self._record.put(now, step, bars=step.bars)
        self.rows_done = rows.stop

    def _forecast(self, step: Step) -> None:
        """Ask each line's package, and each line that learns online what it makes of that."""
        first, last = step.first, step.last
        active = {
            name: seat.package
            for name, seat in self.roster.seats.items()
            if seat.package is not None and seat.line.forecasts
        }
        began = self.stopwatch() if self.stopwatch else 0.0
        forecasts = {name: self.forecasts.get(one, first, last) for name, one in active.items()}
        for name in self.corrections.keys() & active.keys():
            forecasts[name] = self.corrections[name].read(
                active[name], first, last, forecasts[name]
            )
        if self.stopwatch and active:
            self.feed.note_latency(1e3 * (self.stopwatch() - began))
        step.forecasts = forecasts
        step.packages = {name: one.hash for name, one in active.items()}
        if self.said is not None:
            self.said += [
                (name, step.packages[name], step.rows, one) for name, one in forecasts.items()
            ]

    def _step_accounts(self, step: Step) -> Float64Array:
        """Advance all accounts; return Edgekeeper's gross exposure after each bar."""
        roster, first, last = self.roster, step.first, step.last
        dealt = deal(self.feed.bars, step.rows, roster, step.forecasts)
        newest = roster.newest
        by_account: dict[str, Forecasts | None] = {
            "edgekeeper": dealt.forecasts,
            "always_newest": (
                self.forecasts.get(newest, first, last) if newest is not None else None
            ),
        }
        by_model = {} if dealt.by_model is None else {"edgekeeper": dealt.by_model}
        policies = {} if dealt.policy is None else {"edgekeeper": dealt.policy}
        logs = self.accounts.step(self.feed, first, last, by_account, by_model, policies)
        step.logs = logs
        step.deciders = {name: self.accounts.package(name) for name in ACCOUNTS}
        if dealt.packages is not None:
            step.dealt = {"edgekeeper": dealt.packages}
        step.open_decisions = self.accounts.book("edgekeeper").open_decisions
        mine = logs["edgekeeper"]
        step.explanations = self.reasons.of(
            "edgekeeper", mine, (first, last), roster.deciders, dealt.packages
        )
        self._note_guards(mine.guards[: mine.counts[1]], self.feed.instants[first:last])
        return mine.equity[:, 2] / mine.equity[:, 0]

    def _note_guards(self, guards: Any, times: Any) -> None:
        for instant, event, cause in guards:
            kind = GUARD_EVENTS[event]
            if kind in ("pause", "halt"):
                cause = GUARD_CAUSES[cause]
                self.roster.events.append((int(times[instant]), kind, cause))

    def _step_lines(self, step: Step, returns: Float64Array, covariance: Float64Array) -> None:
        """Advance the virtual books, and let each line's bets see the bars."""
        roster, first, last = self.roster, step.first, step.last
        before = roster.rules_book.equity
        log = roster.rules_book.step(self.feed.chunk(first, last))
        rules = book_bars(roster.rules_book, log, before)
        done: dict[str, BookBars] = {}
        for name, forecast in step.forecasts.items():
            seat = roster.seats[name]
            before = seat.book.equity
            log = seat.book.step(self.feed.chunk(first, last, forecast))
            seat.line.trades += int(log.counts[0])
            self._forecasting.add(name)
            done[name] = book_bars(seat.book, log, before)
        seen: dict[str, EvidenceBars] = {}
        thresholds: dict[str, float] = {}
        for name, bars in done.items():
            seat = roster.seats[name]
            assert seat.line.evidence is not None
            rival = roster.champion
            if rival is None or rival == name or rival not in done:
                rival = RULES_LINE
            if rival != seat.incumbent:
                seat.incumbent = rival
                seat.line.evidence.new_incumbent()
            incumbent = done.get(rival, rules)
            seen[name] = seat.line.evidence.update(bars, incumbent, returns, covariance)
            thresholds[name] = seat.line.threshold
        step.evidence, step.thresholds = seen, thresholds

    def _hold_passively(self, returns: Float64Array, gross: Float64Array) -> None:
        """Let an equal-weight basket hold, each bar, what Edgekeeper had at work the bar before."""
        for bar, exposure in zip(returns, gross, strict=True):
            known = bar[np.isfinite(bar)]
            if len(known):
                self.passive *= 1.0 + self._gross * float(known.mean())
            self._gross = float(exposure)

    def _market(self, first: int, last: int) -> tuple[Float64Array, Float64Array]:
        """Return (covariance predicted before each bar, close-to-close returns) of an epoch."""
        feed = self.feed
        symbols = len(feed.bars.symbols)
        returns = np.full((last - first, symbols), math.nan)
        for t in range(first, last):
            rows = slice(int(feed.offsets[t]), int(feed.offsets[t + 1]))
            index = feed.bars.symbol[rows]
            close = feed.close[rows]
            returns[t - first, index] = close / self._last_close[index] - 1.0
            self._last_close[index] = close
        return self.risk.update(returns), returns

    def _hash(self, rows: slice, *, live: bool) -> str:
        """Hash of some bars; one hasher for all bars that were there at the start."""
        bars = self.feed.bars
        if live:
            return bars_hash(bars.rows(rows.start, rows.stop))
        if self._hasher is None:
            self._hasher = BarsHasher(bars)
        return self._hasher.rows(rows.start, rows.stop)

    def _stretch(
        self,
        kind: str,
        now_ns: int,
        known_ns: int | None = None,
        latency_ms: float = math.nan,
    ) -> dict[str, object]:
        """Say where a live run stands, so that it can be lived again step by step."""
        number, self.steps = self.steps, self.steps + 1
        return {
            "event_time_ns": now_ns,
            "number": number,
            "kind": kind,
            "known_time_ns": known_ns,
            "latency_ms": latency_ms,
        }

    # -- between steps ---------------------------------------------------------------------------

    def end_epoch(self, now_ns: int, *, live: bool = False) -> list[Move]:
        """Do what is done at boundaries: lines learn online, and move as the record demands."""
        if live:
            with self.ledger.transaction("trade", event_time_ns=now_ns) as tx:
                tx.append("stretches", self._stretch(BOUNDARY, now_ns))
        if self._outcomes is not None:
            for correction in self.corrections.values():
                correction.end_epoch(self._outcomes, now_ns)
        forecasting, self._forecasting = self._forecasting, set()
        return self.roster.end_epoch(forecasting, now_ns)

    def obey(self, order: Order, now_ns: int) -> str:
        """Carry out an order of a person; return ``"done"`` or ``"refused: why"``."""
        return obey(self.roster, order, self.steps, now_ns)
