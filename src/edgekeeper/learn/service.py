"""The learning loop: reads the ledger, leaves candidates and refits in registry and ledger.

It never decides who trades. Each fit is judged, packaged, stored and recorded with its verdict;
``trade`` finds the record and swaps at the next epoch's boundary.
"""

import math
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np

from edgekeeper.config import Config
from edgekeeper.errors import Refused, UsageError
from edgekeeper.features import FeatureSet
from edgekeeper.labels import Labels
from edgekeeper.learn.holding import held_for_columns
from edgekeeper.learn.importance_shift import IMPORTANCE_ROWS, importance_shift
from edgekeeper.learn.line_state import LineState
from edgekeeper.learn.recovering import recover
from edgekeeper.learn.search_record import append_search
from edgekeeper.learn.wish import Wish
from edgekeeper.ledger import Ledger
from edgekeeper.market import bars_hash
from edgekeeper.models import (
    DataWindow,
    Lineage,
    PackageBytes,
    Provenance,
    build_package,
    summed_in_order,
)
from edgekeeper.registry import Registry
from edgekeeper.rollout import policy_of
from edgekeeper.simulator import MarketFeed
from edgekeeper.splits import HoldOut
from edgekeeper.train import (
    Candidate,
    TrainingData,
    barrier_of,
    feature_set_of,
    join_signals,
    labels_hash,
    make_learner,
    train_candidate,
    wants_signals,
)
from edgekeeper.types import BoolArray, Int64Array
from edgekeeper.validate import HoldOutData, Verdict, judge

__all__ = ["LearnService"]

_PARITY_ROWS = 10_000


class LearnService:
    """Fits the lines of a configuration on what is known at each epoch's boundary.

    Parameters
    ----------
    feed : MarketFeed
        Bars of the run, so far as they have come; a fit at time t reads none after t.
    config : Config
    ledger : Ledger
        Read for signals, written for packages under role ``learn``.
    registry : Registry

    Raises
    ------
    UsageError
        A line with an unknown learner, parameter or catalogue, or with a feature that has a fault.
    """

    def __init__(
        self, feed: MarketFeed, config: Config, ledger: Ledger, registry: Registry
    ) -> None:
        self.feed = feed
        self.config = config
        self.ledger = ledger
        self.registry = registry
        self._signalled: BoolArray = np.zeros(0, dtype=np.bool_)
        self._read_until: int | None = None
        self._read_entry: int | None = None
        self._noted_rows: int | None = None
        self._lines: dict[str, LineState] = {}
        self._to_recover: set[str] = set()
        self._look()
        for line in config.lines:
            make_learner(line)  # a wrong recipe is told now, not after a year of bars
            if line.target == "relative" and len(self.bars.symbols) < 2:
                raise UsageError(
                    f'lines.{line.name}.target: "relative" compares symbols with each other, and '
                    'these bars have one: give several, or use target = "direction"'
                )
            features, left_out = feature_set_of(line, self._with_signals)
            self._lines[line.name] = LineState(
                line, features, dict(left_out), HoldOut(config.gates.holdout_share)
            )

    def _look(self) -> None:
        """Take the bars that are there, and their outcomes as far as they can be known."""
        feed = self.feed
        self.bars, self.rules, self.volatility = feed.bars, feed.rule, feed.volatility
        self.labels: Labels = barrier_of(self.config).label(self.bars, self.volatility)
        self._data: dict[tuple[str, str], TrainingData] = {}
        new = len(self.bars) - len(self._signalled)
        self._signalled = np.append(self._signalled, np.zeros(new, dtype=np.bool_))
        self._with_signals = self.bars
        if any(wants_signals(line) for line in self.config.lines):
            self._with_signals = join_signals(self.bars, self.rules, self.labels)

    def outcomes(self, rows: Int64Array) -> Labels:
        """Outcomes of some bars of the feed, as far as they are known by the last of all."""
        feed = self.feed
        if len(feed.bars) == len(self.bars):
            return self.labels.take(rows)
        return barrier_of(self.config).label_rows(feed.bars, feed.volatility, rows)

    def features_of(self, line: str) -> FeatureSet:
        """Features of a line's recipe, without those that these bars cannot give."""
        return self._lines[line].features

    def training_data(self, line: str) -> TrainingData:
        """Features and outcomes of a line; computed once for lines that share both."""
        if len(self.feed.bars) != len(self.bars):
            self._look()
        state = self._lines[line]
        key = state.features.hash, state.config.target
        if key not in self._data:
            self._data[key] = TrainingData.prepare(
                self._with_signals,
                state.features,
                self.config,
                volatility=self.volatility,
                labels=self.labels,
                target=state.config.target,
            )
        return self._data[key]

    def rest(self) -> None:
        """Let go of what only the next fit needs, and can compute again."""
        self._data = {}

    def continue_from(self, line: str, package: str) -> None:
        """Take a package of another run as the parent of the next fit."""
        self._lines[line].parent = package

    def left_out(self, line: str) -> dict[str, tuple[str, ...]]:
        """Features of the recipe that these bars cannot give, and the columns they miss."""
        return self._lines[line].left_out

    def take_over(self) -> None:
        """Go on from the fits on record, which another process made; see :func:`recover`."""
        self._to_recover = {line.name for line in self.config.lines}

    @summed_in_order()
    def refit(self, line: str, now_ns: int, epoch: int = 0, wish: Wish | None = None) -> str | None:
        """Fit, judge, package and record one line; return the package's hash.

        Where the recipe has a search rule and the last search is ``every_epochs`` old by
        ``epoch``, it searches first, and every trial goes on record. Returns None where there is
        not enough data yet. The verdict is in the ledger's table ``packages``.
        """
        wish = wish or Wish()
        data = self.training_data(line)
        self._mark_signals(now_ns)
        state = self._lines[line]
        if line in self._to_recover:
            recover(state, data, self.config, self._signalled, self.ledger, self.registry)
            self._to_recover.remove(line)
        seed = state.seed(self.config)
        searching = wish.tune or state.search_due(epoch)
        recipe = state.config if searching else state.tuned or state.config
        read_before = len(state.hold_out.readings.periods)
        try:
            candidate = train_candidate(
                data,
                wish.apply(recipe, self.config.refits, self.bars.instants, now_ns),
                self.config,
                now_ns=now_ns,
                seed=seed,
                hold_out=state.hold_out,
                signalled=self._signalled,
                search_seed=seed if searching else None,
            )
        except Refused:
            del state.hold_out.readings.periods[read_before:]  # nobody has seen what it would say
            return None
        if candidate.searched is not None:
            state.note_search(candidate.searched, epoch)
        view = HoldOutData(
            self.bars,
            data.matrix,
            data.volatility,
            data.labels,
            candidate.hold_out,
            now_ns,
            self.rules,
        )
        own = policy_of(state.config, self.config)
        verdict = judge(candidate.judged, state.predecessor, view, own, trials=state.trials)
        verdict = held_for_columns(verdict, candidate.clairvoyant, self.config.gates.max_auc)
        if wish.force and verdict.outcome == "vetoed":
            verdict = replace(verdict, outcome="accepted")
        package = self._package(state, data, candidate, verdict, now_ns, wish)
        self.registry.save(package)
        newest = data.matrix[candidate.rows[-IMPORTANCE_ROWS:]]
        shift = importance_shift(state.predecessor, candidate.judged, newest)
        self._record(state, candidate, verdict, package, now_ns, wish, shift)
        if verdict.outcome == "accepted":
            state.predecessor = candidate.judged
            state.parent = package.hash
        state.refits += 1
        return package.hash

    def note_signals(self, rows: int) -> None:
        """Take it from who wrote them that each of the first so many bars has its signals.

        Whoever shares a process with the trading loop need not wait for its record to be written.
        """
        self._noted_rows = rows

    def _mark_signals(self, now_ns: int) -> None:
        """Mark the bars for which there is a signal."""
        if self._noted_rows is None:
            self._read_signals(now_ns)
        else:
            self._signalled[: self._noted_rows] = True

    def _read_signals(self, now_ns: int) -> None:
        """Mark the bars for which the ledger holds a signal, reading only what is new."""
        since = None if self._read_until is None else self._read_until + 1
        columns = ["entry", "event_time_ns", "symbol"]
        frame = self.ledger.read(
            "signals", columns, since_ns=since, until_ns=now_ns, after=self._read_entry
        )
        self._read_until = now_ns
        if frame.height == 0:
            return
        self._read_entry = int(frame["entry"][-1])
        instants, span = self.bars.instants, len(self.bars.symbols)
        index = {name: i for i, name in enumerate(self.bars.symbols)}
        symbols = np.array([index.get(name, -1) for name in frame["symbol"].to_list()])
        times = frame["event_time_ns"].to_numpy()
        instant = np.searchsorted(instants, times)
        row_key = np.searchsorted(instants, self.bars.event_time) * span + self.bars.symbol
        row = np.searchsorted(row_key, instant * span + symbols).clip(max=len(row_key) - 1)
        # A signal may be of another symbol, or of a bar that is not there: nothing to learn from.
        found = (self.bars.event_time[row] == times) & (self.bars.symbol[row] == symbols)
        self._signalled[row[found]] = True

    def _package(
        self,
        state: LineState,
        data: TrainingData,
        candidate: Candidate,
        verdict: Verdict,
        now_ns: int,
        wish: Wish,
    ) -> PackageBytes:
        rows = candidate.rows
        known = self.bars.until(now_ns)
        sample: Int64Array = rows[-_PARITY_ROWS:]
        provenance = Provenance(
            created_at=now_ns,
            code_version=version("edgekeeper"),
            lineage=Lineage(state.config.name, state.refits, state.parent),
            data=DataWindow(
                first=int(self.bars.event_time[rows[0]]),
                last=now_ns,
                rows=len(rows),
                symbols=known.symbols_present,
                hash=bars_hash(known),
            ),
            labels=self.config.labels.model_dump(mode="json"),
            op_versions=state.features.op_versions,
            metrics=verdict.hold_out.metrics(),
            gates={
                "outcome": verdict.outcome,
                "profile": self.config.gates.profile,
                "gates": [gate.record() for gate in verdict.gates],
                "trials": state.trials,
                "samples": candidate.samples,
                "hold_out_uses": candidate.hold_out_uses,
                "shipped": "fitted on all known rows; the hold-out judged a fit on the older part",
                **({"wished": wish.record()} if wish.record() else {}),
            },
        )
        return build_package(
            candidate.shipped,
            provenance,
            features=data.matrix[sample],
            volatility=data.volatility[sample],
            event_time=data.bars.event_time[sample],
        )

    def _record(
        self,
        state: LineState,
        candidate: Candidate,
        verdict: Verdict,
        package: PackageBytes,
        now_ns: int,
        wish: Wish,
        shift: float | None,
    ) -> None:
        metrics: dict[str, Any] = {
            name: value if math.isfinite(value) else None
            for name, value in verdict.hold_out.metrics().items()
        }
        metrics["samples"] = candidate.samples
        metrics["importance_shift"] = shift
        if wish.record():
            metrics["wished"] = wish.record()
        with self.ledger.transaction("learn", event_time_ns=now_ns) as tx:
            if candidate.searched is not None:
                append_search(
                    tx,
                    candidate.searched,
                    features=state.features.hash,
                    time_ns=now_ns,
                    data_hash=bars_hash(self.bars.until(now_ns)),
                    labels_hash=labels_hash(self.config),
                )
            tx.append(
                "packages",
                {
                    "fitted_at_ns": now_ns,
                    "hash": package.hash,
                    "line": state.config.name,
                    "refit_index": state.refits,
                    "window_start_ns": int(self.bars.event_time[candidate.rows[0]]),
                    "window_end_ns": now_ns,
                    "verdict": verdict.outcome,
                    "reasons_json": {gate.name: gate.record() for gate in verdict.gates},
                    "metrics_json": metrics,
                },
            )
