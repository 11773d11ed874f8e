"""``Learning``: the student that fits lines on outcomes, and lets them decide once they have proof.

What it knows is what stands on record. Fits run in a process of their own; here their packages are
taken over, evidence is counted day by day, and lines move.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from edgekeeper.clock import Clock
from edgekeeper.config import Config, RefitsConfig
from edgekeeper.errors import EdgekeeperError, Refused
from edgekeeper.learn import FitAnswer, FitRequest
from edgekeeper.learn.process import LearnerProcess
from edgekeeper.ledger import Ledger
from edgekeeper.rollout import Stage
from edgekeeper.sidecar.days import Days
from edgekeeper.sidecar.facts import nanoseconds
from edgekeeper.sidecar.funnel import Opinion
from edgekeeper.sidecar.halts import Order
from edgekeeper.sidecar.herald import Herald
from edgekeeper.sidecar.inputs import SignalRow
from edgekeeper.sidecar.judging import abstention, judge
from edgekeeper.sidecar.line_orders import obey_line_order
from edgekeeper.sidecar.lines import BotLine, Lines
from edgekeeper.sidecar.messages import SignalIn
from edgekeeper.sidecar.model import SignalModel, load_model
from edgekeeper.sidecar.restoring import restore
from edgekeeper.sidecar.scribe import Scribe
from edgekeeper.sidecar.settings import LEDGER_VARIABLE, line_of
from edgekeeper.sidecar.student import OutcomeNote, SignalNote

__all__ = ["Fitter", "Learning", "fitting_process"]


class Fitter(Protocol):
    """Whoever fits lines beside the answering."""

    def ask(self, request: FitRequest) -> None:
        """Have a line fitted after all that were asked for before."""
        ...

    def answers(self) -> list[FitAnswer]:
        """Return the answers that came since the last call."""
        ...

    def close(self) -> None:
        """End what is under way."""
        ...


def fitting_process(folder: Path, bounds: RefitsConfig, ledger_url: str = "") -> LearnerProcess:
    """Return a process that fits, started when it is first needed.

    Parameters
    ----------
    folder : Path
        Packages are left in it.
    bounds : RefitsConfig
        Memory and time of one fit.
    ledger_url : str
        Of the record; empty: the file in the folder.
    """
    return LearnerProcess(
        [sys.executable, "-m", "edgekeeper.sidecar.fitting", str(folder)],
        bounds,
        folder / "signals-learner.log",
        {LEDGER_VARIABLE: ledger_url} if ledger_url else None,
    )


class Learning:
    """Fits, counts evidence, moves lines.

    Parameters
    ----------
    folder : Path
        Packages lie in it.
    scribe : Scribe
    config : Config
    clock : Clock
    fitter : Fitter
    herald : Herald
    """

    def __init__(
        self,
        folder: Path,
        scribe: Scribe,
        config: Config,
        clock: Clock,
        fitter: Fitter,
        herald: Herald,
    ) -> None:
        self.folder, self.config, self._scribe, self._clock = folder, config, scribe, clock
        self.lines = Lines([line_of(name) for name in config.sidecar.lines], config)
        self.days = Days(config.sidecar.outcome_days)
        self.ended = 0
        self.asked: dict[str, int] = {}
        self._fitter, self._herald = fitter, herald

    def begin(self, ledger: Ledger) -> None:
        """Take up what the record holds."""
        self.ended = restore(ledger, self.lines, self.days)
        for one in self.lines.by_name.values():
            if one.line.package:
                self._load(one)
        self._advance()

    def close(self) -> None:
        """End the process that fits."""
        self._fitter.close()

    # -- before ---------------------------------------------------------------------------------

    def opinions(self, signal: SignalIn, bar_features: Mapping[str, float]) -> tuple[Opinion, ...]:
        """Say what each line makes of a signal, in the order in which they are asked."""
        row = SignalRow(
            nanoseconds(signal.time), signal.symbol, signal.side, signal.source,
            signal.confidence, signal.features, bar_features,
        )  # fmt: skip
        return tuple(self._opinion(one, row) for one in self.lines.deciding)

    def _opinion(self, one: BotLine, row: SignalRow) -> Opinion:
        share = one.line.share
        if one.model is None:
            why = one.broken or "its package is not loaded"
            return abstention(one.name, one.line.package, share, why)
        return judge(
            one.name, one.model, share, row, self.config.policy, self.config.sidecar.min_known
        )

    # -- after ----------------------------------------------------------------------------------

    def signal_noted(self, note: SignalNote) -> None:
        """Take a signal that is on record."""
        self.days.signal(note)
        self._advance()

    def outcome_noted(self, note: OutcomeNote) -> None:
        """Take an outcome that is on record."""
        self.days.outcome(note)
        self.ended += note.net_return is not None
        self._advance()

    def _advance(self) -> None:
        """Count the days that are over, and move the lines that the rules move."""
        for day in self.days.over():
            if not day.signals:
                continue
            rows = self.lines.day_rows(day)
            moves = [
                row
                for move in self.lines.due_moves()
                for row in self.lines.move_rows(move, self.days.latest_ns)
            ]
            self._write_rows({"sidecar_evidence": rows, "sidecar_moves": moves}, day.end_ns)

    def _write_rows(self, tables: Mapping[str, list[dict[str, Any]]], time_ns: int) -> None:
        facts = {name: _columns(rows) for name, rows in tables.items() if rows}
        if facts:
            self._scribe.write(facts, event_time_ns=time_ns)
        for row in tables.get("sidecar_moves", ()):
            self._herald.move(row)
        for row in tables.get("sidecar_fits", ()):
            self._herald.fit(row)

    # -- fits -----------------------------------------------------------------------------------

    async def look(self) -> None:
        """Ask for fits that are due, and take over those that are there."""
        for one in self.lines.by_name.values():
            due = max(
                self.config.sidecar.min_outcomes,
                one.asked_at + self.config.sidecar.refit_outcomes if one.asked_at else 0,
            )
            if self.ended >= due and one.line.stage is not Stage.RETIRED:
                self.ask(one)
        for answer in self._fitter.answers():
            await self._take_over(answer)

    def ask(self, one: BotLine) -> None:
        """Have a line fitted, unless that is under way."""
        if one.name not in self.asked:
            self.asked[one.name] = one.asked_at = self.ended
            self._fitter.ask(FitRequest(one.name, self._clock.now_ns(), one.fits))

    async def _take_over(self, answer: FitAnswer) -> None:
        one = self.lines.by_name[answer.request.line]
        outcomes = self.asked.pop(one.name)
        verdict, reason, metrics, model = "failed", answer.problem, {}, None
        if answer.package is not None:
            try:
                model = await asyncio.to_thread(load_model, self.folder, answer.package)
                verdict, reason = model.manifest["verdict"], model.manifest["reason"]
                metrics = model.manifest["metrics"]
            except EdgekeeperError as error:
                reason = str(error)
        fit = {
            "wall_time_ns": self._clock.now_ns(), "line": one.name, "hash": answer.package,
            "refit_index": one.fits, "outcomes": outcomes, "verdict": verdict, "reason": reason,
            "metrics_json": metrics,
        }  # fmt: skip
        one.fits += 1
        one.held = answer.package or "" if verdict == "needs_approval" else one.held
        moves = []
        swaps = not (one.pinned or self.lines.frozen) or not one.line.package
        if verdict == "accepted" and answer.package and swaps:
            said = f"fitted on {outcomes} outcomes"
            moves.append(self.use(one, answer.package, said=said, actor="rule", model=model))
        self._write_rows({"sidecar_fits": [fit], "sidecar_moves": moves}, self.days.latest_ns)

    def use(
        self, one: BotLine, package: str, *, said: str, actor: str, verdict: str = "",
        pinned: bool | None = None, model: SignalModel | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Forecast with a package from now on; return the row that says so."""
        word = verdict or ("registered" if one.line.stage is Stage.CANDIDATE else "refitted")
        row = self.lines.package_row(
            one.name, package, self.days.latest_ns, word, said, actor, pinned=pinned
        )
        if model is not None:
            one.model, one.broken = model, ""
        self._load(one)
        return row

    def _load(self, one: BotLine) -> None:
        if one.model is not None and one.model.hash == one.line.package:
            return
        try:
            one.model, one.broken = load_model(self.folder, one.line.package), ""
        except EdgekeeperError as error:
            one.model, one.broken = None, f"its package cannot be loaded ({error})"

    # -- orders ---------------------------------------------------------------------------------

    def owns(self, subject: str) -> bool:
        """Whether an order names one of these lines, or a package that one of them has used."""
        return any(
            subject == one.name or any(package.startswith(subject) for package in one.history)
            for one in self.lines.by_name.values()
        )

    def obey(self, order: Order) -> str:
        """Carry out an order about lines; return what became of it."""
        try:
            rows = obey_line_order(self, order)
        except Refused as error:
            return f"refused: {error}"
        self._write_rows({"sidecar_moves": rows}, self.days.latest_ns)
        return "done"


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns; records as JSON, which a list of them would not be."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: list(_values(rows, name)) for name in names}


def _values(rows: list[dict[str, Any]], name: str) -> Iterator[Any]:
    for row in rows:
        value = row.get(name)
        yield json.dumps(value, sort_keys=True) if isinstance(value, dict) else value
