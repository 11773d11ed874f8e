"""One side-car in this process: each id decided once, nothing answered before it is on disk."""

import asyncio
from datetime import timedelta
from pathlib import Path
from runpy import run_path

import pytest

from edgekeeper.clock import ManualClock
from edgekeeper.desk import give_order
from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar import Conflict, UnknownSignal
from edgekeeper.sidecar.facts import nanoseconds
from edgekeeper.sidecar.running import opened

_KIT = run_path(str(Path(__file__).with_name("kit.py")))
START, outcome, signal = _KIT["START"], _KIT["outcome"], _KIT["signal"]


def held(folder, doing, *, at=START, **options):
    """Run ``doing(sidecar, clock)`` beside an open side-car."""
    clock = ManualClock(nanoseconds(at))

    async def go():
        async with opened(folder, clock=clock, **options) as sidecar:
            return await doing(sidecar, clock)

    return asyncio.run(go())


def test_the_bot_decides_while_no_model_does(folder):
    async def doing(sidecar, clock):
        return await sidecar.answering.signal(signal(features={"rsi": 40.0, "adx": None}))

    answer = held(folder, doing)
    assert (answer.decision, answer.size, answer.mode) == ("take", 1.0, "observe")
    assert answer.model is None
    assert answer.forecast.probability is None
    assert answer.reasons[-1] == "no model has earned its place: the bot decides"
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        row = ledger.read("sidecar_signals").row(0, named=True)
        assert row["features_json"] == '{"adx":null,"rsi":40.0}'
        assert row["confidence"] is None  # not zero
        assert ledger.verify("signals").links == 2


def test_the_same_id_gets_the_same_answer_and_other_facts_are_refused(folder):
    async def doing(sidecar, clock):
        first = await sidecar.answering.signal(signal())
        clock.advance_to(clock.now_ns() + 3_600 * 10**9)  # stale by now, were it decided anew
        again = await sidecar.answering.signal(signal())
        with pytest.raises(Conflict, match="another side and confidence"):
            await sidecar.answering.signal(signal(side="short", confidence=0.5))
        both = await asyncio.gather(*(sidecar.answering.signal(signal("b")) for _ in range(9)))
        return first, again, both

    first, again, both = held(folder, doing)
    assert first == again
    assert len({one.model_dump_json() for one in both}) == 1
    later = held(folder, doing, at=START + timedelta(days=400))
    assert later[0] == first  # another process, long after
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.read("sidecar_signals", ["id"])["id"].to_list() == ["a", "b"]


def test_what_comes_too_late_or_from_the_future_is_kept_and_skipped(folder):
    async def doing(sidecar, clock):
        late = await sidecar.answering.signal(signal("late", START - timedelta(minutes=6)))
        early = await sidecar.answering.signal(signal("early", START + timedelta(minutes=2)))
        return late, early

    late, early = held(folder, doing)
    assert late.decision == early.decision == "skip"
    assert "too late to trade on" in late.reasons[-1]
    assert "ahead of this machine's clock" in early.reasons[-1]
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        rows = ledger.read("sidecar_signals", ["counted", "chance"])
        assert rows.rows() == [(0, None), (0, None)]


def test_an_outcome_is_told_once(folder):
    async def doing(sidecar, clock):
        exchange = sidecar.answering
        with pytest.raises(UnknownSignal, match="send the signal first"):
            await exchange.outcome(outcome("a"))
        await exchange.signal(signal())
        clock.advance_to(nanoseconds(START + timedelta(hours=1)))
        with pytest.raises(BadData, match="at or after the signal"):
            await exchange.outcome(outcome(when=START - timedelta(seconds=1)))
        with pytest.raises(BadData, match="past"):
            await exchange.outcome(outcome(when=START + timedelta(hours=2)))
        new = await exchange.outcome(outcome())
        again = await exchange.outcome(outcome())
        with pytest.raises(Conflict, match="another return"):
            await exchange.outcome(outcome(net_return=0.02))
        return new.new, again.new

    assert held(folder, doing) == (True, False)

    async def later(sidecar, clock):
        again = await sidecar.answering.outcome(outcome())
        with pytest.raises(Conflict, match="another time and return"):
            await sidecar.answering.outcome(outcome(net_return=0.5, when=START))
        return again.new

    assert held(folder, later, at=START + timedelta(days=1)) is False


def test_an_outcome_may_follow_its_signal_at_once(folder):
    async def doing(sidecar, clock):
        clock.advance_to(clock.now_ns() + 60 * 10**9)
        answers = await asyncio.gather(
            sidecar.answering.signal(signal()), sidecar.answering.outcome(outcome(when=START))
        )
        return answers[1].new

    assert held(folder, doing) is True


def test_a_signal_that_was_not_traded_has_no_return(folder):
    async def doing(sidecar, clock):
        await sidecar.answering.signal(signal())
        await sidecar.answering.outcome(outcome(net_return=0.0, exit_reason="not_traded",
                                                when=START))  # fmt: skip

    held(folder, doing)
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.read("sidecar_outcomes", ["net_return"]).rows() == [(None,)]


def test_a_halt_skips_everything_until_a_person_resumes(folder):
    place = folder / "ledger.sqlite"

    async def doing(sidecar, clock):
        before = await sidecar.answering.signal(signal("a"))
        ordered = await asyncio.to_thread(give_order, place, "kill", actor="Ann", reason="news")
        assert ordered.outcome is None
        sidecar.obeying.look()
        during = await sidecar.answering.signal(signal("b"))
        same = await sidecar.answering.signal(signal("a"))
        return before, during, same

    before, during, same = held(folder, doing)
    assert not before.halted
    assert (during.halted, during.decision, during.size) == (True, "skip", 0.0)
    assert "news (Ann)" in during.reasons[0]
    assert same == before.model_copy(update={"halted": True})  # decided once, halted now

    async def later(sidecar, clock):
        still = await sidecar.answering.signal(signal("c"))
        await asyncio.to_thread(give_order, place, "resume", actor="Ann", reason="over")
        sidecar.obeying.look()
        return still, await sidecar.answering.signal(signal("d"))

    still, after = held(folder, later)
    assert still.halted
    assert not after.halted
    with Ledger.open(place, read_only=True) as ledger:
        assert ledger.read("sidecar_obeyed", ["kind", "outcome"]).rows() == [
            ("kill", "done"),
            ("resume", "done"),
        ]
        guards = ledger.read("sidecar_guards", ["event"])["event"].to_list()
        assert guards == ["start", "halt", "start", "resume"]
        assert ledger.read("alerts", ["severity", "rule"]).rows() == [
            ("critical", "signals_halted")
        ]


def test_a_halt_of_the_run_in_the_same_record_holds_too(folder):
    with Ledger.open(folder / "ledger.sqlite") as ledger:
        for event in ("halt", "resume", "halt"):
            with ledger.transaction("trade", event_time_ns=1) as tx:
                tx.append("guards", {"event_time_ns": 1, "account": "edgekeeper", "event": event,
                                     "cause": "daily loss", "detail": "3.4 %"})  # fmt: skip

    async def doing(sidecar, clock):
        return await sidecar.answering.signal(signal())

    answer = held(folder, doing)
    assert answer.halted
    assert "3.4 %" in answer.reasons[0]


def test_an_order_needs_somebody_to_obey_it(folder):
    folder.mkdir()
    with pytest.raises(UsageError, match="no live run"):
        give_order(folder / "ledger.sqlite", "kill", actor="Ann", reason="news")


def test_one_process_at_a_time_answers(folder):
    async def doing(sidecar, clock):
        with pytest.raises(StorageError, match="only writer of role 'signals'"):
            async with opened(folder):
                pass

    held(folder, doing)
