"""``Answering``: decides signals in the order in which they come, each once and for good.

Whether an id is known already is found out by writing: the ledger takes a key once. So a new
signal costs no look-up, and two processes, a repetition after years or one after a ``kill -9`` all
meet the same row. Nothing is answered before it is on disk.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgekeeper.clock import Clock
from edgekeeper.config import SidecarConfig
from edgekeeper.errors import BadData
from edgekeeper.ledger import GroupCommitter, Ledger
from edgekeeper.sidecar.bar_market import BarMarket, Settled
from edgekeeper.sidecar.exchange import UnknownSignal
from edgekeeper.sidecar.facts import (
    FORECAST,
    answer_of,
    check_same,
    nanoseconds,
    outcome_columns,
    signal_columns,
)
from edgekeeper.sidecar.funnel import Asked, Decided, decide
from edgekeeper.sidecar.halts import Halts
from edgekeeper.sidecar.messages import (
    Answer,
    BarsIn,
    ForecastOut,
    OutcomeIn,
    OutcomeNoted,
    SignalIn,
)
from edgekeeper.sidecar.student import OutcomeNote, SignalNote, Student

__all__ = ["Answering"]

_REMEMBERED = 5_000
_SECOND_NS = 10**9


@dataclass(slots=True)
class _Known:
    """A signal or outcome that came: what it said, and what is answered once that is on disk."""

    told: Mapping[str, object]
    answer: "asyncio.Future[Any]"


class _Memory:
    """The newest of what came, by id; older ones are on record."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._settled: deque[str] = deque()

    def get(self, id: str) -> _Known | None:
        return self._known.get(id)

    def put(self, id: str, known: _Known) -> None:
        self._known[id] = known

    def settle(self, id: str, *, failed: bool) -> None:
        """Let go of what failed, and of the oldest of what did not."""
        if failed:
            self._known.pop(id, None)
            return
        self._settled.append(id)
        if len(self._settled) > _REMEMBERED:
            self._known.pop(self._settled.popleft(), None)


class Answering:
    """The exchange in the process that holds the record.

    Parameters
    ----------
    writer : GroupCommitter
        Of role ``signals``.
    reader : Ledger
        The same record, opened for reading: it never waits for what is being written.
    settings : SidecarConfig
    clock : Clock
    halts : Halts
    student : Student
    market : BarMarket
    """

    def __init__(
        self,
        writer: GroupCommitter,
        reader: Ledger,
        settings: SidecarConfig,
        clock: Clock,
        halts: Halts,
        student: Student,
        market: BarMarket,
    ) -> None:
        self._writer, self._reader = writer, reader
        self._settings, self._clock, self._halts = settings, clock, halts
        self._student, self._market = student, market
        self._signals, self._outcomes = _Memory(), _Memory()
        self._storing = asyncio.Lock()

    # -- signals --------------------------------------------------------------------------------

    async def signal(self, signal: SignalIn) -> Answer:
        """Decide about a signal; see :class:`Exchange`.

        What was decided stands for good. Whether a halt is in force is said as it is now: a bot
        that asks once more about an old signal must not trade through it.
        """
        told = signal_columns(signal)
        known = self._signals.get(signal.id)
        if known is None:
            known = self._take_signal(signal, told)
        check_same("signal", signal.id, known.told, told)
        answer: Answer = await asyncio.shield(known.answer)
        halted = bool(self._halts.why)
        return answer if answer.halted == halted else answer.model_copy(update={"halted": halted})

    def _take_signal(self, signal: SignalIn, told: dict[str, object]) -> _Known:
        """Decide at once, in the order of arrival, and hand in what was decided."""
        now = self._clock.now_ns()
        seen = self._market.before(signal.symbol, int(str(told["event_time_ns"])))
        opinions = self._student.opinions(signal, seen.features)
        asked = Asked(
            signal.id,
            self._halts.why,
            (now - int(str(told["event_time_ns"]))) / _SECOND_NS,
            opinions,
            seen.bars,
        )
        decided = decide(asked, self._settings)
        stop, target = seen.brackets(signal.side) if decided.size > 0.0 else (None, None)
        row = {
            **told,
            "wall_time_ns": now,
            "id": signal.id,
            "bar_features_json": json.dumps(seen.features) if seen.features else None,
            "mode": self._settings.mode,
            "stop": stop,
            "target": target,
            **_answer_columns(decided),
        }
        said = {name: value for name, value in row.items() if value is not None}
        facts: dict[str, Mapping[str, object]] = {"sidecar_signals": said}
        if opinions:
            facts["sidecar_forecasts"] = {
                "event_time_ns": told["event_time_ns"],
                "id": signal.id,
                "line": [one.line for one in opinions],
                "package": [one.package for one in opinions],
                **{f: [getattr(one.forecast, f) for one in opinions] for f in FORECAST},
                "size": [one.size for one in opinions],
                "reason": [one.reasons[-1] for one in opinions],
            }
        note = SignalNote(
            signal.id,
            int(str(told["event_time_ns"])),
            decided.size,
            decided.chance if decided.counted else None,
            {one.line: one.size for one in opinions},
        )
        answer = _answer(signal.id, decided, row)

        async def settled() -> Answer:
            await self._written(f"signal:{signal.id}", facts, note.event_time_ns)
            self._student.signal_noted(note)
            self._market.signal_noted(
                signal.id, signal.symbol, signal.side, note.event_time_ns, decided.size
            )
            return answer

        async def before(error: BadData) -> Answer:
            row = await self._on_record("sidecar_signals", {"id": signal.id})
            if row is None:
                raise error
            check_same("signal", signal.id, row, told)
            return answer_of(row)

        return self._begin(self._signals, signal.id, told, settled(), before)

    # -- outcomes -------------------------------------------------------------------------------

    async def outcome(self, outcome: OutcomeIn) -> OutcomeNoted:
        """Note how a signal's trade ended; the first that was told stands."""
        told = outcome_columns(outcome)
        known = self._outcomes.get(outcome.id)
        new = known is None
        if known is None:
            known = self._begin(
                self._outcomes, outcome.id, told, self._note(outcome, told),
                lambda error: self._noted_before(outcome.id, told, error),
            )  # fmt: skip
        check_same("outcome", outcome.id, known.told, told)
        first: bool = await asyncio.shield(known.answer)
        return OutcomeNoted(id=outcome.id, new=new and first)

    async def _note(self, outcome: OutcomeIn, told: dict[str, object]) -> bool:
        closed, now = int(str(told["event_time_ns"])), self._clock.now_ns()
        since = await self._time_of(outcome.id)
        if closed < since:
            raise BadData("closed_at: expected a time at or after the signal's, got an earlier one")
        if closed > now + self._settings.max_ahead_seconds * _SECOND_NS:
            raise BadData("closed_at: expected a time that is past, got one that is to come")
        row = {**told, "wall_time_ns": now, "id": outcome.id, "source": "bot"}
        await self._written(f"outcome:bot:{outcome.id}", {"sidecar_outcomes": row}, closed)
        returned = told["net_return"]
        note = OutcomeNote(
            outcome.id, "bot", closed, None if returned is None else outcome.net_return
        )
        self._student.outcome_noted(note)
        self._market.outcome_told(outcome.id)
        return True

    async def _noted_before(self, id: str, told: dict[str, object], error: BadData) -> bool:
        row = await self._on_record("sidecar_outcomes", {"id": id, "source": "bot"})
        if row is None:
            raise error
        check_same("outcome", id, row, told)
        return False

    async def _time_of(self, id: str) -> int:
        """Time of the signal that an outcome belongs to; waits while that is being written."""
        known = self._signals.get(id)
        if known is not None:
            await asyncio.shield(known.answer)
            return int(str(known.told["event_time_ns"]))
        row = await self._on_record("sidecar_signals", {"id": id})
        if row is None:
            raise UnknownSignal(
                f"no signal {id!r} is on record: send the signal first, then its outcome again"
            )
        return int(row["event_time_ns"])

    # -- bars -----------------------------------------------------------------------------------

    async def bars(self, bars: BarsIn) -> int:
        """Take bars; return how many were new."""
        newest = max(nanoseconds(bar.time) for bar in bars.bars)
        if newest > self._clock.now_ns() + self._settings.max_ahead_seconds * _SECOND_NS:
            raise BadData("bars: expected bars that are closed, got one that closes in the future")
        async with self._storing:
            new = await asyncio.to_thread(self._market.store, bars)
            await self.settle(self._market.take(bars))
        return new

    async def settle(self, found: list[Settled]) -> None:
        """Write down outcomes that bars have shown."""
        for one in found:
            row = {
                "event_time_ns": one.ended.closed_ns,
                "wall_time_ns": self._clock.now_ns(),
                "id": one.id,
                "source": "bars",
                "net_return": one.ended.net_return,
                "exit_reason": one.ended.reason,
            }
            try:
                await self._written(
                    f"outcome:bars:{one.id}", {"sidecar_outcomes": row}, one.ended.closed_ns
                )
            except BadData:
                continue  # settled before, by a process that did not live to know
            self._student.outcome_noted(
                OutcomeNote(one.id, "bars", one.ended.closed_ns, one.ended.net_return)
            )

    # -- writing --------------------------------------------------------------------------------

    def _begin(
        self,
        memory: _Memory,
        id: str,
        told: Mapping[str, object],
        doing: Awaitable[Any],
        before: Callable[[BadData], Awaitable[Any]],
    ) -> _Known:
        """Start writing; where the id stands on record already, ``before`` says what was."""
        task = asyncio.ensure_future(self._settle(memory, id, doing, before))
        task.add_done_callback(_seen)
        known = _Known(told, task)
        memory.put(id, known)
        return known

    async def _settle(
        self,
        memory: _Memory,
        id: str,
        doing: Awaitable[Any],
        before: Callable[[BadData], Awaitable[Any]],
    ) -> Any:
        failed = True
        try:
            try:
                answer = await doing
            except BadData as error:
                if isinstance(error, UnknownSignal):
                    raise
                answer = await before(error)
            failed = False
            return answer
        finally:
            memory.settle(id, failed=failed)

    async def _written(
        self, key: str, facts: Mapping[str, Mapping[str, object]], event_time_ns: int
    ) -> None:
        receipt = self._writer.append(facts, key=key, event_time_ns=event_time_ns, durable=True)
        await asyncio.wrap_future(receipt)

    async def _on_record(self, table: str, where: Mapping[str, object]) -> dict[str, Any] | None:
        rows = await asyncio.to_thread(self._reader.read, table, None, where=where, limit=1)
        return rows.row(0, named=True) if rows.height else None


def _seen(task: "asyncio.Future[Any]") -> None:
    """Take note of a failure, which whoever asked has been told of, if they are still there."""
    if not task.cancelled():
        task.exception()


def _answer_columns(decided: Decided) -> dict[str, object]:
    opinion = decided.opinion
    forecast = opinion.forecast if opinion else ForecastOut()
    return {
        "decision": decided.decision,
        "size": decided.size,
        **forecast.model_dump(),
        "line": opinion.line if opinion else None,
        "model": opinion.package if opinion else None,
        "reasons_json": json.dumps(decided.reasons, ensure_ascii=False),
        "halted": int(decided.halted),
        "explored": int(decided.explored),
        "counted": int(decided.counted),
        "chance": decided.chance,
    }


def _answer(id: str, decided: Decided, row: Mapping[str, Any]) -> Answer:
    opinion = decided.opinion
    return Answer(
        id=id,
        decision=decided.decision,
        size=decided.size,
        stop=row["stop"],
        target=row["target"],
        forecast=opinion.forecast if opinion else ForecastOut(),
        reasons=decided.reasons,
        model=opinion.package if opinion else None,
        mode=row["mode"],
        halted=decided.halted,
    )
