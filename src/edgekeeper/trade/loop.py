"""The trading loop: one epoch after another, through the books, the evidence and the ledger.

``run_epoch`` carries every book over the epoch's bars and appends what happened. At the boundary
``apply_moves`` asks the rules of ``rollout`` what the record demands, and ``adopt`` swaps in what
``learn`` left. Nothing else changes who trades.
"""

import math
from typing import Any

import numpy as np

from edgekeeper.config import Config
from edgekeeper.ledger import Ledger, Transaction
from edgekeeper.registry import Pointer, Registry
from edgekeeper.rollout import (
    ALLOWED,
    RULES_LINE,
    BookBars,
    EvidenceBars,
    Line,
    LineEvidence,
    MarketRisk,
    Move,
    Stage,
    next_move,
    recipe_hash,
    recipe_of,
)
from edgekeeper.simulator import (
    GUARD_CAUSES,
    GUARD_EVENTS,
    Book,
    MarketFeed,
    book_parameters,
)
from edgekeeper.stats.sequential import e_lond_level
from edgekeeper.trade.accounts import ACCOUNTS, Accounts
from edgekeeper.trade.explaining import DecisionReasons
from edgekeeper.trade.known_terms import KnownTerms
from edgekeeper.trade.record import (
    Recorder,
    write_epoch,
    write_evidence,
    write_forecasts,
    write_signals,
)
from edgekeeper.trade.seats import FeatureSource, Seat, SegmentForecasts, book_bars
from edgekeeper.types import Float64Array, Forecasts

__all__ = ["TradeLoop"]


class TradeLoop:
    """State of trading, and the only writer of role ``trade``.

    Parameters
    ----------
    feed : MarketFeed
    config : Config
    ledger : Ledger
    registry : Registry
    features : FeatureSource
    """

    def __init__(
        self,
        feed: MarketFeed,
        config: Config,
        ledger: Ledger,
        registry: Registry,
        features: FeatureSource,
    ) -> None:
        bars = feed.bars
        self.feed = feed
        self.config = config
        self.ledger = ledger
        self.registry = registry
        self.forecasts = SegmentForecasts(feed, features)
        symbols = len(bars.symbols)
        self.accounts = Accounts(config, bars.periods_per_year, symbols)
        self.recorder = Recorder(bars, ACCOUNTS, {"edgekeeper": KnownTerms(bars)})
        self.reasons = DecisionReasons(feed, registry, features, config.explain)
        self.names = np.array(bars.symbols, dtype=object)
        self._virtual = book_parameters(
            config.model_copy(update={"fallback": "rules"}),
            periods_per_year=bars.periods_per_year,
            virtual=True,
        )
        self.rules_book = Book(self._virtual, symbols)
        self.risk = MarketRisk(symbols, config.evidence.covariance_span)
        self._last_close = np.full(symbols, math.nan)
        self.seats: dict[str, Seat] = {}
        for line in config.lines:
            book = Book(self._virtual, symbols)
            book.use_model(True)
            seat = Seat(line, Line(line.name, recipe_of(line, config), 0), book)
            self.seats[line.name] = seat
        self.champion: str | None = None
        self.tests = 0
        self.discoveries = 0
        self.events: list[tuple[int, str, str]] = []
        self.passive = config.cash
        self._gross = 0.0
        self._adopted = 0

    # -- one epoch ------------------------------------------------------------------------------

    def run_epoch(self, first: int, last: int) -> None:
        """Carry everything over instants ``first:last`` and append what happened."""
        feed = self.feed
        times = feed.instants[first:last]
        rows = slice(int(feed.offsets[first]), int(feed.offsets[last]))
        with self.ledger.transaction("trade", event_time_ns=int(times[-1])) as tx:
            write_epoch(tx, feed.bars, rows)
            write_signals(tx, feed.bars, rows, feed.rule, self.names)
            forecasts = self._forecast(tx, first, last, rows)
            covariance, returns = self._market(first, last)
            gross = self._step_accounts(tx, first, last, forecasts)
            self._hold_passively(returns, gross)
            self._step_lines(tx, first, last, forecasts, returns, covariance)

    def _forecast(
        self, tx: Transaction, first: int, last: int, rows: slice
    ) -> dict[str, Forecasts]:
        active = {
            name: seat.package
            for name, seat in self.seats.items()
            if seat.package is not None and seat.line.forecasts
        }
        forecasts = {name: self.forecasts.get(one, first, last) for name, one in active.items()}
        packages = {name: one.hash for name, one in active.items()}
        write_forecasts(tx, self.feed.bars, rows, forecasts, packages, self.names)
        return forecasts

    def _step_accounts(
        self, tx: Transaction, first: int, last: int, forecasts: dict[str, Forecasts]
    ) -> Float64Array:
        """Advance all accounts; return Edgekeeper's gross exposure after each bar."""
        newest = self.newest
        by_account: dict[str, Forecasts | None] = {
            "edgekeeper": forecasts.get(self.champion) if self.champion else None,
            "always_newest": (
                self.forecasts.get(newest, first, last) if newest is not None else None
            ),
        }
        logs = self.accounts.step(self.feed, first, last, by_account)
        packages = {name: self.accounts.package(name) for name in ACCOUNTS}
        self.recorder.write(tx, logs, first, last, packages)
        mine = logs["edgekeeper"]
        champion = self.seats[self.champion].package if self.champion else None
        self.reasons.write(tx, "edgekeeper", mine, first, last, champion)
        self._note_guards(mine.guards[: mine.counts[1]], self.feed.instants[first:last])
        return mine.equity[:, 2] / mine.equity[:, 0]

    def _note_guards(self, guards: Any, times: Any) -> None:
        for instant, event, cause in guards:
            kind = GUARD_EVENTS[event]
            if kind in ("pause", "halt"):
                self.events.append((int(times[instant]), kind, GUARD_CAUSES[cause]))

    def _step_lines(
        self,
        tx: Transaction,
        first: int,
        last: int,
        forecasts: dict[str, Forecasts],
        returns: Float64Array,
        covariance: Float64Array,
    ) -> None:
        """Advance the virtual books, and let each line's bets see the bars."""
        times = self.feed.instants[first:last]
        before = self.rules_book.equity
        log = self.rules_book.step(self.feed.chunk(first, last))
        rules = book_bars(self.rules_book, log, before)
        done: dict[str, BookBars] = {}
        for name, forecast in forecasts.items():
            seat = self.seats[name]
            before = seat.book.equity
            log = seat.book.step(self.feed.chunk(first, last, forecast))
            seat.line.trades += int(log.counts[0])
            seat.line.epochs += 1
            done[name] = book_bars(seat.book, log, before)
        seen: dict[str, EvidenceBars] = {}
        thresholds: dict[str, float] = {}
        for name, bars in done.items():
            seat = self.seats[name]
            assert seat.line.evidence is not None
            rival = self.champion if self.champion in done and self.champion != name else RULES_LINE
            if rival != seat.incumbent:
                seat.incumbent = rival
                seat.line.evidence.new_incumbent()
            incumbent = done.get(rival, rules)
            seen[name] = seat.line.evidence.update(bars, incumbent, returns, covariance)
            thresholds[name] = seat.line.threshold
        write_evidence(tx, times, seen, thresholds)

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

    # -- at the boundary ------------------------------------------------------------------------

    @property
    def newest(self) -> Any:
        """Package a bot would trade that takes every refit of the first line."""
        return next(iter(self.seats.values())).newest if self.seats else None

    def wants_refit(self, line: str) -> bool:
        """Whether anyone still uses a line: a retired one only if it feeds always-newest."""
        retired = self.seats[line].line.stage is Stage.RETIRED
        return not retired or line == next(iter(self.seats))

    def apply_moves(self, now_ns: int) -> list[Move]:
        """Move lines as the record demands; at most one line is promoted at a boundary."""
        moves: list[Move] = []
        before = self.champion
        for seat in self.seats.values():
            move = next_move(seat.line, self.config.evidence)
            if move is None:
                continue
            if move.target is Stage.PRODUCTION:
                if any(done.target is Stage.PRODUCTION for done in moves):
                    continue
                if self.champion is not None:
                    moves.append(self._stand_down(move.line))
            self._take(move, seat, now_ns)
            moves.append(move)
        if moves:
            with self.ledger.transaction("trade", event_time_ns=now_ns) as tx:
                for move in moves:
                    self._write_move(tx, move, now_ns)
        if self.champion != before:
            concerned = next(m for m in reversed(moves) if m.line in (before, self.champion))
            self._point(now_ns, f"{concerned.line} {concerned.verdict}: {concerned.reason}")
        return moves

    def _stand_down(self, successor: str) -> Move:
        """Send the champion back to shadow, where it may earn its place anew."""
        assert self.champion is not None
        line = self.seats[self.champion].line
        move = Move(line.name, line.stage, Stage.SHADOW, "stood down", f"{successor} beat it", {})
        line.stage, line.verdict = move.target, move.verdict
        line.reasons.append(move.reason)
        self.champion = None
        self._begin_test(line)
        return move

    def _take(self, move: Move, seat: Seat, now_ns: int) -> None:
        """Carry out a move of one line."""
        line = seat.line
        assert move.target in ALLOWED[line.stage]
        line.stage, line.verdict = move.target, move.verdict
        line.reasons.append(move.reason)
        self.events.append((now_ns, move.verdict, f"{line.name} {move.verdict}: {move.reason}"))
        if move.target is Stage.PRODUCTION:
            assert line.evidence is not None
            self.discoveries += 1
            line.evidence.watch_for_harm()
            self.champion = line.name
            self.accounts.use("edgekeeper", seat.package)
            self.accounts.champion_changed("edgekeeper")
        elif line.name == self.champion:
            self.champion = None
            self.accounts.use("edgekeeper", None)
            if move.target is Stage.SHADOW:
                self._begin_test(line)

    def _begin_test(self, line: Line) -> None:
        """Start a fresh body of evidence; a restart is a new test and pays for it."""
        self.tests += 1
        line.test = self.tests
        line.level = e_lond_level(
            self.tests, self.discoveries, self.config.evidence.false_discovery_rate
        )
        if line.evidence is None:
            line.evidence = LineEvidence(len(self.feed.bars.symbols), self.config.evidence)
        else:
            line.evidence.restart()
        line.trades = line.epochs = 0

    def adopt(self, now_ns: int) -> None:
        """Swap in packages that ``learn`` has recorded since the last boundary.

        They are told by their place in the record, not by their time: a fit that took longer than
        an epoch is recorded after later epochs, and still counts.
        """
        columns = ["fitted_at_ns", "hash", "line", "refit_index", "verdict"]
        frame = self.ledger.read("packages", columns, until_ns=now_ns).slice(self._adopted)
        self._adopted += frame.height
        for row in frame.iter_rows(named=True):
            if row["line"] not in self.seats:
                continue  # of a line that this configuration does not have
            seat = self.seats[row["line"]]
            package = self.registry.load(row["hash"])
            seat.newest = package
            seat.line.refits += 1
            self._swap(seat, package, row, now_ns)
        if frame.height:
            self.accounts.use("always_newest", self.newest)

    def _swap(self, seat: Seat, package: Any, row: dict[str, Any], now_ns: int) -> None:
        line = seat.line
        if line.stage is Stage.RETIRED:
            return
        first = line.stage is Stage.CANDIDATE
        if row["verdict"] != "accepted":
            reason = f"refit {row['refit_index']} {row['verdict'].replace('_', ' ')}"
            line.reasons.append(reason)
            if first:
                line.verdict = row["verdict"]
            self.events.append((now_ns, "veto", f"{line.name}: {reason}"))
            return
        seat.package = package
        line.package = package.hash
        if line.name == self.champion:
            self.accounts.use("edgekeeper", package)
            self._point(now_ns, f"refit {row['refit_index']} of {line.name}")
        if first:
            self._register(seat, now_ns)

    def _register(self, seat: Seat, now_ns: int) -> None:
        """Enter shadow: the recipe is on record, and evidence counts from the next bar on."""
        line = seat.line
        line.registered_ns = now_ns
        line.stage, line.verdict = Stage.SHADOW, "in shadow"
        self._begin_test(line)
        move = Move(line.name, Stage.CANDIDATE, Stage.SHADOW, "in shadow", "passed its gates", {})
        with self.ledger.transaction("trade", event_time_ns=now_ns) as tx:
            tx.append(
                "lines",
                {
                    "registered_at_ns": now_ns,
                    "line": line.name,
                    "name": line.name,
                    "recipe_hash": recipe_hash(line.recipe),
                    "recipe_json": [line.recipe],
                    "test_index": line.test,
                    "level": line.level,
                },
            )
            self._write_move(tx, move, now_ns)
        self.events.append((now_ns, "shadow", f"{line.name}: entered shadow"))

    def _write_move(self, tx: Transaction, move: Move, now_ns: int) -> None:
        tx.append(
            "stages",
            {
                "event_time_ns": now_ns,
                "line": move.line,
                "from_stage": str(move.source),
                "to_stage": str(move.target),
                "reason": f"{move.verdict}: {move.reason}",
                "actor": "rule",
                "evidence_json": [move.evidence],
            },
        )

    def _point(self, now_ns: int, reason: str) -> None:
        if self.ledger.unproved:
            return  # the record goes on from here, and so did the pointer
        champion = self.seats[self.champion].line.package if self.champion else None
        self.registry.set_pointer(
            Pointer(champion=champion, changed_at=now_ns, reason=reason or RULES_LINE)
        )
