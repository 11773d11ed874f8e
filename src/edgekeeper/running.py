"""``Run``: learn, trade and watch over one record, step by step; replay and paper both drive it."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from edgekeeper.bars import IN_MEMORY, Bars, Rooms
from edgekeeper.clock import WallClock
from edgekeeper.config import Config
from edgekeeper.learn import (
    DriftService,
    FitRequest,
    LearnService,
    PolicyService,
    RefitSchedule,
    Said,
    Wish,
)
from edgekeeper.ledger import Ledger, Upkeep
from edgekeeper.memory import give_back_memory, only_new_garbage
from edgekeeper.registry import Package, Registry
from edgekeeper.report.snapshot import Snapshot
from edgekeeper.report.story import Story
from edgekeeper.report.tell import Market, tell
from edgekeeper.resuming import recorded_cuts, write_start
from edgekeeper.trade import (
    FeatureRows,
    Tape,
    TradeLoop,
    change_policies,
    cut_epochs,
    policies_to_learn,
)
from edgekeeper.types import LONG, Float32Array, Forecasts, Int64Array

__all__ = ["Asleep", "Blank", "Run", "Screen", "Watcher", "recent_instants"]


_COMPARED_INSTANTS = 1_000
"""What drift of inputs and swaps under online learning look back on."""

_EPOCHS = 3  # a fit is asked for at the end of one, taken at that of the next, and watched after
_SESSION_NS = 86_400 * 10**9


def recent_instants(config: Config, interval_ns: int) -> int:
    """Instants that a live run looks back on as a matter of course.

    Whoever asks for older ones gets them; they are computed again.

    Examples
    --------
    >>> recent_instants(Config(), 60 * 10**9), recent_instants(Config(), 86_400 * 10**9)
    (5341, 1024)
    """
    epoch = 1 if config.epoch == "bar" else max(_SESSION_NS // interval_ns, 1)
    return _COMPARED_INSTANTS + _EPOCHS * epoch + 2 * config.labels.horizon_bars + 1


class Screen(Protocol):
    """Whatever shows how a run is doing."""

    def phase(self, text: str) -> None:
        """Say what is being done now."""
        ...

    def update(self, snapshot: Snapshot) -> None:
        """Show where the run stands."""
        ...


class Blank:
    """Shows nothing."""

    def phase(self, text: str) -> None:
        """Say nothing."""

    def update(self, snapshot: Snapshot) -> None:
        """Show nothing."""


class Watcher(Protocol):
    """Whatever tells people what was recorded."""

    def look(self, now_ns: int) -> object:
        """Report what is new up to ``now_ns``."""
        ...


class Asleep:
    """Watches nothing, since an audit tells nobody anew."""

    def look(self, now_ns: int) -> object:
        """See nothing."""
        return None


class Run:
    """Learn and trade over the same ledger, epoch by epoch.

    Parameters
    ----------
    bars : Bars
        All of them for a replay; for a live run those so far.
    config : Config
    ledger : Ledger
    registry : Registry
    watch : Watcher
    screen : Screen
    ask : callable, optional
        Has a fit made by somebody else, whose answers :class:`~edgekeeper.living.Live` takes;
        without it a fit is made here, at the boundary, before anything else happens.
    rooms : Rooms
        Where all bars lie once more come.
    recent : int, optional
        Of a live run, whose bars come while it runs: instants whose features stay in memory. A
        replay has all bars, and keeps what it makes of them.

    Attributes
    ----------
    refits_by_order : bool
        Whether a line that has a fit gets another by order alone.
    requests : dict of line name to FitRequest
        What was asked of somebody else and not answered yet, oldest first.
    """

    def __init__(
        self,
        bars: Bars,
        config: Config,
        ledger: Ledger,
        registry: Registry,
        watch: Watcher,
        screen: Screen,
        ask: Callable[[FitRequest], None] | None = None,
        *,
        rooms: Rooms = IN_MEMORY,
        recent: int | None = None,
    ) -> None:
        self.live = recent is not None
        keep = None if recent is None else recent * len(bars.symbols)
        self.config, self.ledger, self.screen = config, ledger, screen
        self._ask = ask
        self.requests: dict[str, FitRequest] = {}
        self.watch = watch
        screen.phase("compiling indicators and simulator (once, cached afterwards)")
        self.tape = Tape(bars, config, rooms, keep)
        self.feed = self.tape.feed
        screen.phase("computing features and outcomes")
        self.learn = LearnService(self.feed, config, ledger, registry)
        watched = self.live if config.drift.refit is None else config.drift.refit
        self.drift = None
        if watched:
            self.drift = DriftService(self.learn, config, ledger, self._line_features)
        learns = any(line.policy and line.policy.learn for line in config.lines)
        self.policies = PolicyService(self.feed, config) if learns else None
        self.upkeep = Upkeep(ledger, config.storage, WallClock())
        self.trade = TradeLoop(
            self.feed, config, ledger, registry, self.features, self.learn.outcomes, keep=keep
        )
        if self.drift is not None or self.policies is not None:
            self.trade.said = []  # kept from boundary to boundary
        self.epochs_done = 0
        self.refits_by_order = False
        self._schedules = {line.name: RefitSchedule(line) for line in config.lines}

    def features(self, package: Package) -> FeatureRows:
        """Features of all bars so far for a package, to be picked from."""
        if self.live and (grown := self.tape.features(package.hash, package.features)) is not None:
            return grown
        return self._fitted_on(package)

    def _line_features(self, line: str, rows: Int64Array) -> Float32Array:
        """Features of a line's recipe, of some bars."""
        grown = self.tape.features_of(self.learn.features_of(line)) if self.live else None
        return (self.learn.training_data(line).matrix if grown is None else grown)[rows]

    def _fitted_on(self, package: Package) -> Float32Array:
        """Features of all bars so far, float32 [N, F]."""
        data = self.learn.training_data(package.manifest.provenance.lineage.line)
        place = {name: i for i, name in enumerate(data.features.expressions)}
        asked = [place[name] for name in package.manifest.features]
        return data.matrix if asked == list(place.values()) else data.matrix[:, asked]

    def inherited(self, packages: Mapping[str, str]) -> None:
        """Take note of lines that begin with a package: their next fit is due as after a fit."""
        for line, package in packages.items():
            self.learn.continue_from(line, package)
            self._schedules[line].due(len(self.feed.instants), self.epochs_done)

    def all_epochs(self, market: Market) -> None:
        """Carry a replay to its last bar."""
        instants = self.feed.instants
        write_start(self.ledger, self.tape.bars, self.config)
        self.screen.phase("replaying")
        cuts = recorded_cuts(self.ledger, instants, cut_epochs(instants, self.config.epoch))
        now = int(instants[0])
        with only_new_garbage():
            for first, last in pairwise(cuts):
                self.upkeep.look()
                self.trade.run(int(first), int(last))
                now = self.end_epoch(int(last))
                if int(last) < len(instants):
                    self.seal_month(now, int(instants[last]))
                self.screen.update(self.snapshot(market.name, now, int(last), len(instants)))
        self.watch.look(now)
        self.ledger.seal(now)

    def end_epoch(self, last: int, *, live: bool = False) -> int:
        """Do what is done at boundaries only, after ``last`` instants; return the newest's time."""
        now = int(self.feed.instants[last - 1])
        self.trade.end_epoch(now, live=live)
        self.epochs_done += 1
        roster = self.trade.roster
        due = [
            name
            for name, schedule in self._schedules.items()
            if name not in roster.under_way
            and not (self.refits_by_order and roster.seats[name].newest is not None)
            and schedule.due(last, self.epochs_done)
            and roster.wants_refit(name)
        ]
        made, self.trade.said = self.trade.said, None if self.trade.said is None else []
        if self.policies is not None:
            said = [(line, rows, one) for line, _, rows, one in made or []]
            change_policies(roster, self.policies.look(said, policies_to_learn(roster)), now)
        if self.drift is not None:
            for request in self.drift.look(_said(made or []), now):
                roster.refits_asked.setdefault(request.line, {})
        self._fit(due, now)
        if self.live:
            self._rest()
        return now

    def _rest(self) -> None:
        """Let go of memory that nothing needs before the next boundary."""
        self.learn.rest()
        self.tape.rooms.rest()
        give_back_memory()

    def fit_asked(self, now_ns: int) -> None:
        """Have somebody else make the fits that orders ask for, without waiting for a boundary."""
        if self._ask is not None:
            self._fit([], now_ns)

    def _fit(self, due: list[str], now_ns: int) -> None:
        roster = self.trade.roster
        asked, roster.refits_asked = roster.refits_asked, {}
        due += [name for name in sorted(asked) if name not in due]
        if due and self._ask is None:
            self.learn.note_signals(self.trade.rows_done)
        for name in due:
            request = FitRequest(name, now_ns, self.epochs_done, Wish.of(asked.get(name, {})))
            if self._ask is None:
                self.learn.refit(name, now_ns, self.epochs_done, request.wish)
            else:
                roster.under_way.add(name)
                self.requests[name] = request
                self._ask(request)
        if due and self._ask is None:
            roster.adopt(now_ns)
            self.watch.look(now_ns)

    def answered(self) -> None:
        """Forget requests whose answer is on record."""
        for name in self.requests.keys() - self.trade.roster.under_way:
            del self.requests[name]

    def seal_month(self, now_ns: int, next_ns: int) -> None:
        """Seal the record where ``next_ns`` lies in another month."""
        if _month(now_ns) != _month(next_ns):
            self.ledger.seal(now_ns, behind=True, durable=self.live)
            self.upkeep.month_end(next_ns)

    def snapshot(self, market: str, now_ns: int, done: int, total: int) -> Snapshot:
        """Return where the run stands, for the screen."""
        trade, start = self.trade, self.config.cash
        seats = trade.roster.seats.values()
        equities = {
            name: trade.accounts.book(name).equity / start
            for name in ("edgekeeper", "always_newest", "rules")
        }
        equities["buy_and_hold"] = trade.passive / start
        return Snapshot(
            market=market,
            time_ns=now_ns,
            done=done,
            total=total,
            equities=equities,
            tried=sum(seat.line.test > 0 for seat in seats),
            refused=sum(seat.line.verdict == "refused" for seat in seats),
            promoted=trade.roster.discoveries,
            event=self.upkeep.warning or (trade.roster.events.newest or (0, "", ""))[2],
        )

    def tell(self, market: Market, wall_seconds: float) -> Story:
        """Read the run back as a story."""
        newest = self.trade.roster.newest
        return tell(
            self.ledger,
            self.tape.bars,
            self.learn.labels,
            self.config,
            market,
            newest=newest,
            matrix=None if newest is None else self._fitted_on(newest),
            wall_seconds=wall_seconds,
        )


def _said(made: Sequence[tuple[str, str, slice, Forecasts]]) -> list[Said]:
    """What lines forecast, as drift is looked for in it."""
    return [
        Said(line, package, rows, np.ascontiguousarray(one.probability[:, LONG]))
        for line, package, rows, one in made
    ]


def _month(time_ns: int) -> np.datetime64:
    return np.datetime64(time_ns, "ns").astype("datetime64[M]")
