"""``Answering``: decides signals in the order in which they come, each once and for good.

Whether an id is known already is found out by writing: the ledger takes a key once. So a new
signal costs no look-up, and two processes, a repetition after years or one after a ``kill -9`` all
meet the same row. Nothing is answered before it is on disk.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from edgekeeper.clock import Clock
from edgekeeper.config import SidecarConfig
from edgekeeper.errors import BadData
from edgekeeper.ledger import GroupCommitter, Ledger
from edgekeeper.sidecar.answer_rows import answer_now, decision_facts
from edgekeeper.sidecar.bar_market import BarMarket, Settled
from edgekeeper.sidecar.exchange import UnknownSignal
from edgekeeper.sidecar.facts import (
    answer_of,
    check_same,
    nanoseconds,
    outcome_columns,
    signal_columns,
)
from edgekeeper.sidecar.funnel import Asked, decide
from edgekeeper.sidecar.halts import Halts
from edgekeeper.sidecar.messages import (
    Answer,
    BarsIn,
    OutcomeIn,
    OutcomeNoted,
    SignalIn,
)
from edgekeeper.sidecar.remembering import Known, Memory
from edgekeeper.sidecar.student import OutcomeNote, SignalNote, Student

__all__ = ["Answering"]

_SECOND_NS = 10**9


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
        self._signals, self._outcomes = Memory(), Memory()
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

    def _take_signal(self, signal: SignalIn, told: dict[str, object]) -> Known:
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
        facts = decision_facts(signal, told, now, self._settings.mode, seen, decided, opinions)
        note = SignalNote(
            signal.id,
            int(str(told["event_time_ns"])),
            decided.size,
            decided.chance if decided.counted else None,
            {one.line: one.size for one in opinions},
        )
        answer = answer_now(decided, facts["sidecar_signals"])

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

        return self._signals.begin(signal.id, told, settled(), before)

    # -- outcomes -------------------------------------------------------------------------------

    async def outcome(self, outcome: OutcomeIn) -> OutcomeNoted:
        """Note how a signal's trade ended; the first that was told stands."""
        told = outcome_columns(outcome)
        known = self._outcomes.get(outcome.id)
        new = known is None
        if known is None:
            known = self._outcomes.begin(
                outcome.id, told, self._note(outcome, told),
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

    async def _written(
        self, key: str, facts: Mapping[str, Mapping[str, object]], event_time_ns: int
    ) -> None:
        receipt = self._writer.append(facts, key=key, event_time_ns=event_time_ns, durable=True)
        await asyncio.wrap_future(receipt)

    async def _on_record(self, table: str, where: Mapping[str, object]) -> dict[str, Any] | None:
        rows = await asyncio.to_thread(self._reader.read, table, None, where=where, limit=1)
        return rows.row(0, named=True) if rows.height else None
