"""Assumed against realised costs: told where it is known, tested before it is said."""

import asyncio
import json
import math
from datetime import timedelta
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from edgekeeper.clock import ManualClock
from edgekeeper.desk import Desk
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar.facts import nanoseconds
from edgekeeper.sidecar.gap import read_gap
from edgekeeper.sidecar.running import opened

_KIT = run_path(str(Path(__file__).with_name("kit.py")))
START, outcome, signal = _KIT["START"], _KIT["outcome"], _KIT["signal"]


def traded(folder, count, slip_bps, fee_bps=10.0, seed=0, side="long"):
    """Trades whose entries slipped by so much, and some signals that were none."""
    random = np.random.default_rng(seed)
    direction = 1.0 if side == "long" else -1.0

    async def go():
        clock = ManualClock(nanoseconds(START))
        async with opened(folder, clock=clock) as sidecar:
            exchange = sidecar.answering
            for n in range(count):
                when = START + timedelta(minutes=n)
                clock.advance_to(nanoseconds(when))
                await exchange.signal(signal(f"t{n}", when, price=100.0, side=side))
                slipped = random.normal(slip_bps, 2.0) * 1e-4
                entry = 100.0 * (1.0 + direction * slipped)
                await exchange.outcome(
                    outcome(f"t{n}", 0.001, when, entry_price=entry, exit_price=101.0,
                            quantity=3.0, fees=2 * fee_bps * 1e-4 * 3.0 * entry)
                )  # fmt: skip
            last = START + timedelta(minutes=count)
            clock.advance_to(nanoseconds(last))
            await exchange.signal(signal("late", last - timedelta(hours=1), price=100.0))
            await exchange.signal(signal("open", last))
            await exchange.signal(signal("unfilled", last))
            await exchange.outcome(outcome("unfilled", 0.0, last, exit_reason="not_traded"))

    asyncio.run(go())
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        return read_gap(ledger)


@pytest.mark.parametrize("side", ["long", "short"])
def test_costs_are_those_of_the_trades(folder, side):
    gap = traded(folder, 60, 4.0, 1.0, side=side)
    assert gap.assumed == pytest.approx(10e-4)  # of the default costs, both sides
    assert gap.realised_fees == pytest.approx(2e-4)
    assert gap.realised_fills == pytest.approx(8e-4, abs=1.2e-4)
    assert gap.realised == pytest.approx(gap.realised_fees + gap.realised_fills)
    assert not gap.worse
    assert "no worse than assumed" in gap.sentence
    assert {one.cause: one.count for one in gap.missed} == {
        "it came too late, or from the future": 1,
        "not traded, as the bot says": 1,
        "open, or its outcome was never told": 1,
    }
    assert all(math.isnan(one.simulated) for one in gap.missed)  # not zero


def test_worse_is_said_when_it_is_beyond_chance_and_the_verdict_is_repeated(folder):
    gap = traded(folder, 60, 12.0)
    assert gap.worse
    assert gap.lower > 0
    assert "reality is worse, beyond chance, over 60 trades" in gap.sentence
    assert gap.money[0].at_realised == gap.money[0].at_assumed == pytest.approx(0.001)
    json.dumps(gap.record(), allow_nan=False)
    with (
        Ledger.open(folder / "ledger.sqlite") as ledger,
        ledger.transaction("trade", event_time_ns=1) as tx,
    ):
        tx.append("trades", {"exit_time_ns": 1, "account": "edgekeeper", "symbol": "A",
                             "side": "long", "net_return": [0.01, -0.002]})  # fmt: skip
    with Desk(folder) as desk:
        money = {one.whose: one for one in desk.gap().money}
    assert money["the run"].at_assumed == pytest.approx(0.004)
    excess = gap.realised - gap.assumed
    assert money["the run"].at_realised == pytest.approx(0.004 - excess)


def test_it_is_told_once_and_once_when_it_is_over(folder):
    traded(folder, 60, 12.0)

    async def go():
        async with opened(folder, clock=ManualClock(5)) as sidecar:
            with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
                found = sidecar.herald.measure(ledger)
            for one in (found, found, [(rule, False, said) for rule, _, said in found]):
                sidecar.herald.judge(one)

    asyncio.run(go())
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        rows = ledger.read("alerts", ["severity", "rule"]).rows()
    assert rows == [("warning", "signals_gap"), ("info", "signals_gap_cleared")]
    assert "signals_gap" in (folder / "alerts.log").read_text()


def test_few_trades_and_unknown_costs_say_so(folder, tmp_path):
    few = traded(folder, 20, 30.0)
    assert not few.worse
    assert "20 trades say little, 50 are needed" in few.sentence
    with Ledger.open(tmp_path / "empty.sqlite") as ledger:
        none = read_gap(ledger)
    assert math.isnan(none.realised)
    assert none.record()["realised"] is None
    assert "not known" in none.sentence


def test_looking_often_does_not_make_costs_worse():
    """Costs as assumed, looked at after every trade: rarely called worse over 400 trades."""
    from edgekeeper.stats.confidence_sequences import asymptotic_sequence

    wrong = 0
    for seed in range(200):
        excess = np.random.default_rng(seed).normal(0.0, 5e-4, 400)
        lower, _ = asymptotic_sequence(excess, optimal_time=50, level=0.10)
        wrong += bool((lower[49:] > 0.0).any())
    assert wrong <= 16  # 5 % and some


def test_the_desk_says_where_the_side_car_stands(folder, tmp_path):
    traded(folder, 3, 1.0)
    with Desk(folder) as desk:
        state = desk.sidecar()
        assert (state.mode, state.decides, state.halted) == ("observe", "bot", "")
        assert (state.signals, state.outcomes) == (6, 4)
        assert state.lines == ()
        assert math.isnan(state.missing)
    with Ledger.open(tmp_path / "ledger.sqlite"), Desk(tmp_path) as desk:
        assert desk.sidecar() is None


def test_the_command_says_it_too(folder):
    from typer.testing import CliRunner

    from edgekeeper.__main__ import app

    traded(folder, 60, 12.0)
    told = CliRunner().invoke(app(), ["gap", "--run", str(folder)])
    assert told.exit_code == 1  # as a test that failed
    assert "reality is worse" in told.output
    plain = CliRunner().invoke(app(), ["gap", "--run", str(folder), "--json"])
    assert json.loads(plain.stdout)["worse"] is True
