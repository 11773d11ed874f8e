"""A live run that lets go of what is old records what one that keeps everything records."""

import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from edgekeeper.bars import IN_MEMORY
from edgekeeper.config import parse_config
from edgekeeper.features import FeatureSet
from edgekeeper.ledger import Ledger
from edgekeeper.living import Live
from edgekeeper.market import ScratchRooms
from edgekeeper.registry import Registry
from edgekeeper.running import Asleep, Blank, recent_instants
from edgekeeper.trade import Order, Tape
from edgekeeper.trade.known_terms import KnownTerms
from edgekeeper.trade.strategies import file_hash
from edgekeeper.worlds import make_world

MINE = """
WARM_UP = 5

def signals(bars):
    close = bars["close"].to_list()
    return [(k > 2 and close[k] > close[k - 3]) - (k > 1 and close[k] < close[k - 2] * 0.99)
            for k in range(len(close))]
"""
PROMOTED, OVERRIDE = 215, {"override": True}
HISTORY, WILD, LAST = 210, 250, 310


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """What looks back: a line that learns online, swaps, drift, explanations, a file, a vote."""
    mine = tmp_path_factory.mktemp("mine") / "mine.py"
    mine.write_text(MINE)
    features = {"move": "ret(close, 1)", "surge": "volume / mean(volume, 20)", "season": "month"}
    line = {"learner": "logistic", "features": [], "min_bars": 120, "refit_epochs": 40}
    return parse_config(
        {
            "gates": {"min_samples": 40, "veto_errors": 5.0, "max_sharpe": 100.0, "max_auc": 0.999},
            "evidence": {
                "false_discovery_rate": 0.6,
                "min_trades": 3,
                "exposure_window": 40,
                "prior_bars": 10,
                "false_retreat_bars": 40.0,
            },
            "rollout": {"shadow_epochs": 2, "steps": [0.3], "step_epochs": 20},
            "drift": {"refit": True, "horizon_bars": 60, "recent_bars": 20},
            "explain": {"store_above": 0.001},
            "costs": {"borrow_bps_year": 300.0},
            "lines": [
                {**line, "name": "online", "extra_features": features, "online": {"buffer": 100}},
                {**line, "name": "plain", "extra_features": {**features, "far": "ret(close, 9)"}},
            ],
            "rules": {
                "threshold": 0.1,
                "several": [
                    {"strategy": "breakout"},
                    {"file": str(mine), "file_hash": file_hash(mine), "name": "mine"},
                ],
            },
        }
    )


@pytest.fixture(scope="module")
def bars():
    """Bars that run wild in the end, which is drift."""
    calm = make_world("planted", seed=2, symbols=2, bars=LAST, net_sharpe=14.0).bars
    wild = 1.0 + 0.08 * np.sign(np.sin(np.arange(len(calm)) * 2.3))
    wild[: int(calm.instant_offsets[WILD])] = 1.0
    prices = ("open", "high", "low", "close")
    return replace(calm, **{name: getattr(calm, name) * wild for name in prices})


class Kept:
    """A live run, fed by hand, that keeps so much."""

    def __init__(self, folder, bars, config, rooms, recent):
        folder.mkdir(exist_ok=True)
        self.bars = bars
        self.ledger = Ledger.open(folder / "ledger.sqlite", prove=True)
        history = bars.rows(0, int(bars.instant_offsets[HISTORY]))
        self.live = Live(
            history, config, self.ledger, Registry(folder / "models"), Asleep(), Blank(),
            rooms=rooms, recent=recent,
        )  # fmt: skip
        self.live.begin()

    def take(self, first, last):
        offsets = self.bars.instant_offsets
        for k in range(first, last):
            if k == PROMOTED:
                self.live.obey(Order("1", "promote", "plain", "me", "to see it", OVERRIDE))
            part = self.bars.rows(int(offsets[k]), int(offsets[k + 1]))
            self.live.end_epoch_before(int(part.event_time[0]))
            self.live.take(part)
            dealt = self.live.run.trade.recorder._owners["edgekeeper"]._dealt
            assert len(dealt) <= 2 * len(self.bars.symbols)  # a position and an order of each
        self.live.end_epoch_before(None)
        return self

    def close(self):
        head = self.ledger.head("trade")
        self.ledger.close()
        return head


@pytest.fixture(scope="module")
def whole(tmp_path_factory, bars, config):
    """The record of a run that keeps everything."""
    folder = tmp_path_factory.mktemp("whole")
    run = Kept(folder, bars, config, IN_MEMORY, 10_000).take(HISTORY, LAST)
    tables = ("packages", "trades", "trade_features", "explanations", "refit_requests", "stages")
    found = {name: run.ledger.read(name) for name in tables}
    return folder, run.close(), found


def test_it_had_something_to_look_back_on(whole):
    _, _, found = whole
    mine = found["trades"].filter(pl.col("account") == "edgekeeper")
    assert found["packages"].height >= 4
    assert found["refit_requests"].height > 0
    assert found["explanations"].height > 0
    assert "ab_test" in set(found["stages"]["to_stage"])
    assert mine["model"].null_count() < mine.height
    assert mine["bars_held"].max() > 2
    assert found["trade_features"]["ema21"].null_count() == 0


@pytest.mark.parametrize("recent", [0, 2, 40])
def test_the_record_is_the_same_however_little_is_kept(tmp_path, bars, config, whole, recent):
    """With two instants kept, trades are open for longer than that, and still are told right."""
    run = Kept(tmp_path / "run", bars, config, ScratchRooms(tmp_path), recent)
    assert run.take(HISTORY, LAST).close() == whole[1]


def test_a_run_goes_on_and_is_proved_whatever_was_kept_before(bars, config, whole):
    folder, head, _ = whole
    again = Kept(folder, bars, config, ScratchRooms(folder), 3)
    again.live.relive(bars)
    assert again.ledger.unproved == {}
    assert again.close() == head


def test_minutes_do_not_add_up(tmp_path):
    """A million of bars would be 2 GB; of these, less than three bytes a bar stay."""
    whole = make_world("noise", seed=1, symbols=6, bars=9_000).bars
    config = parse_config({})
    sets = [
        FeatureSet.from_catalogue("technical", "calendar"),
        FeatureSet.from_catalogue("returns"),
    ]
    offsets = whole.instant_offsets
    recent = 300
    tape = Tape(whole.rows(0, int(offsets[1_000])), config, ScratchRooms(tmp_path), 6 * recent)
    terms = KnownTerms(tape.feed, 6 * recent)

    def go_on(first, last):
        for k in range(first, last, 50):
            tape.extend(whole.rows(int(offsets[k]), int(offsets[k + 50])))
            newest = np.arange(len(tape.bars) - 12, len(tape.bars))
            for features in sets:
                tape.features_of(features)[newest]
            terms._known(newest)
        tape.rooms.rest()
        gc.collect()

    tracemalloc.start()
    try:
        go_on(1_000, 3_000)
        before = tracemalloc.get_traced_memory()[0]
        go_on(3_000, 9_000)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 3 * 6 * 6_000
    assert len(tape.bars) == 54_000


def test_a_day_of_minutes_and_what_it_is_compared_with_stay():
    minutes = recent_instants(parse_config({"epoch": "session"}), 60 * 10**9)
    assert 1_000 + 2 * 1_440 < minutes < 10_000
    assert recent_instants(parse_config({"epoch": "bar"}), 60 * 10**9) < 1_100
