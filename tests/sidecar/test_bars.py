"""Bars that bots send: features at the last close, outcomes by the triple barrier, restarts."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.clock import ManualClock
from edgekeeper.config import Config, parse_config
from edgekeeper.errors import BadData
from edgekeeper.features import evaluate
from edgekeeper.fills import EXIT_REASONS, Costs
from edgekeeper.labels import TripleBarrier
from edgekeeper.ledger import Ledger
from edgekeeper.market import BarStore
from edgekeeper.sidecar import Bar, BarsIn
from edgekeeper.sidecar.bar_series import bar_features
from edgekeeper.sidecar.facts import nanoseconds
from edgekeeper.sidecar.running import opened

_KIT = run_path(str(Path(__file__).with_name("kit.py")))
START, outcome, signal = _KIT["START"], _KIT["outcome"], _KIT["signal"]
_HOUR = timedelta(hours=1)


def market(count=200, seed=0, symbol="BTC/USDT"):
    """Hourly bars; the k-th closes k hours after the start."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, count)))
    opened_at = np.append(100.0, close[:-1])
    high = np.maximum(opened_at, close) * 1.002
    low = np.minimum(opened_at, close) * 0.998
    return [
        Bar(symbol=symbol, time=START + k * _HOUR, open=opened_at[k], high=high[k], low=low[k],
            close=close[k], volume=1_000 + k % 7)
        for k in range(count)
    ]  # fmt: skip


def as_bars(bars):
    return Bars.from_arrays(
        symbol=[bar.symbol for bar in bars],
        event_time=np.array([nanoseconds(bar.time) for bar in bars]),
        **{name: np.array([getattr(bar, name) for bar in bars], dtype=float)
           for name in ("open", "high", "low", "close", "volume")},
    )  # fmt: skip


def held(folder, doing, config=None):
    async def go():
        clock = ManualClock(nanoseconds(START + 400 * _HOUR))
        async with opened(folder, clock=clock, config=config) as sidecar:
            return await doing(sidecar.answering, clock)

    return asyncio.run(go())


def lenient(**more):
    """Signals of these tests come long after their time, by their clock."""
    return parse_config({"sidecar": {"max_age_seconds": 1e9, **more}})


def send(bars, interval="1h"):
    return BarsIn(interval=interval, bars=tuple(bars))


def table(folder, name):
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        return ledger.read(name)


def test_features_are_those_of_the_engine_at_the_last_close(folder):
    bars = market()

    async def doing(exchange, clock):
        assert await exchange.bars(send(bars[:150])) == 150
        assert await exchange.bars(send(bars[100:160])) == 10
        when = bars[120].time + timedelta(minutes=20)
        await exchange.signal(signal("a", when))
        await exchange.signal(signal("exact", bars[120].time))
        await exchange.signal(signal("stale", bars[159].time + 5 * _HOUR))
        await exchange.signal(signal("other", when, symbol="XRP/USDT"))

    held(folder, doing, lenient())
    features = bar_features(Config())
    matrix = features.matrix(as_bars(bars[:121]))[-1]
    expected = {
        name: float(value)
        for name, value in zip(features.names, matrix, strict=True)
        if not np.isnan(value) and name != "predicted_volatility"
    }
    rows = {row["id"]: row for row in table(folder, "sidecar_signals").to_dicts()}
    assert json.loads(rows["a"]["bar_features_json"]) == expected  # to the last bit
    assert rows["exact"]["bar_features_json"] == rows["a"]["bar_features_json"]
    assert rows["stale"]["bar_features_json"] is None
    assert rows["other"]["bar_features_json"] is None
    assert rows["a"]["stop"] < bars[120].close < rows["a"]["target"]
    assert BarStore(folder / "signal-bars" / "2026-01").symbols("1h") == ["BTC/USDT"]


@pytest.mark.parametrize("side", ["long", "short"])
def test_outcomes_are_those_of_the_triple_barrier(folder, side):
    bars, config = market(), lenient()
    places = (100, 117, 131, 150)

    async def doing(exchange, clock):
        await exchange.bars(send(bars[:101]))
        for k in range(101, 200):
            if k - 1 in places:
                await exchange.signal(signal(f"s{k - 1}", bars[k - 1].time, side=side))
            await exchange.bars(send(bars[k : k + 1]))

    held(folder, doing, config)
    every = as_bars(bars)
    volatility = evaluate(config.labels.volatility, every)
    labels = TripleBarrier(10, 1.0, 1.0, Costs()).label(every, volatility)
    column = 0 if side == "long" else 1
    found = {row["id"]: row for row in table(folder, "sidecar_outcomes").to_dicts()}
    assert set(found) == {f"s{k}" for k in places}
    for k in places:
        row = found[f"s{k}"]
        assert row["source"] == "bars"
        assert row["net_return"] == pytest.approx(labels.net_return[k, column], rel=1e-6)
        assert row["exit_reason"] == EXIT_REASONS[labels.exit_reason[k, column]]
        assert row["event_time_ns"] == labels.known_time[k, column]


def test_what_the_bot_tells_in_time_is_the_only_outcome(folder):
    bars = market()

    async def doing(exchange, clock):
        await exchange.bars(send(bars[:120]))
        await exchange.signal(signal("a", bars[119].time))
        await exchange.bars(send(bars[120:125]))
        await exchange.outcome(outcome("a", 0.05, bars[124].time))
        await exchange.bars(send(bars[125:150]))

    held(folder, doing, lenient())
    rows = table(folder, "sidecar_outcomes").to_dicts()
    assert [(row["source"], row["net_return"]) for row in rows] == [("bot", 0.05)]


def test_a_halted_signal_is_settled_by_bars_and_a_restart_loses_none(folder):
    from edgekeeper.desk import give_order

    bars = market()

    async def before(exchange, clock):
        await exchange.bars(send(bars[:120]))
        await exchange.signal(signal("a", bars[119].time))
        await exchange.bars(send(bars[120:122]))

    held(folder, before, lenient())
    give_order(folder / "ledger.sqlite", "kill", actor="Ann", reason="a test")

    async def after(exchange, clock):
        answer = await exchange.signal(signal("b", bars[121].time))
        assert (answer.halted, answer.size, answer.stop) == (True, 0.0, None)
        await exchange.bars(send(bars[122:180]))

    held(folder, after, lenient())
    rows = table(folder, "sidecar_outcomes").to_dicts()
    assert {row["id"] for row in rows} == {"a", "b"}


def test_bars_that_cannot_be_are_refused(folder):
    bars = market(30)

    async def doing(exchange, clock):
        await exchange.bars(send(bars))
        other = bars[3].model_copy(update={"close": bars[3].close * 1.0001})
        for wrong in (
            [bars[3].model_copy(update={"high": 1.0})],
            [bars[3], bars[3]],
            [other],
            [bars[3].model_copy(update={"time": START + 10_000 * _HOUR})],
        ):
            with pytest.raises(BadData):
                await exchange.bars(send(wrong))
        return await exchange.bars(send(bars))

    assert held(folder, doing) == 0


def test_bars_of_a_run_in_the_same_folder_are_read_too(live_run):
    """The run of the fixture traded A/USD and B/USD by the hour."""
    from edgekeeper.market.live.run_folder import live_bars, read_traded

    traded = read_traded(live_run)
    last = int(live_bars(live_run, traded.interval, traded.symbols).event_time[-1])

    async def go():
        config = lenient()
        async with opened(live_run, clock=ManualClock(last), config=config) as sidecar:
            from datetime import UTC, datetime

            when = datetime.fromtimestamp(last / 1e9, UTC)
            await sidecar.answering.signal(signal("a", when, symbol="A/USD"))

    asyncio.run(go())
    (row,) = table(live_run, "sidecar_signals").to_dicts()
    assert len(json.loads(row["bar_features_json"])) > 10


def test_new_bars_of_a_run_are_read_wherever_they_lie(live_run):
    from edgekeeper.market.live.run_folder import live_bars, read_traded

    traded = read_traded(live_run)
    every = live_bars(live_run, traded.interval, traded.symbols)
    for after in (0, every.instants[0], every.instants[-5], every.instants[-1]):
        new = live_bars(live_run, traded.interval, traded.symbols, int(after))
        first = int(np.searchsorted(every.event_time, after, "right"))
        assert (new is None) == (first == len(every))
        if new is not None:
            assert new.event_time.tolist() == every.event_time[first:].tolist()
            assert new.close.tolist() == every.close[first:].tolist()
