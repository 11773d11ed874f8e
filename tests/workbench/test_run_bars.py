"""A live run read back: the bars it began with and those that came, and what can be told of it."""

import json

import numpy as np
import pytest

from edgekeeper.config import parse_config
from edgekeeper.errors import BadData
from edgekeeper.ledger import Ledger
from edgekeeper.living import Live
from edgekeeper.market import save_snapshot
from edgekeeper.market.store import BarStore
from edgekeeper.registry import Registry
from edgekeeper.running import Asleep, Blank
from edgekeeper.workbench import analyze, review
from edgekeeper.workbench.run_bars import read_run
from edgekeeper.worlds import make_world

RULES_ALONE = parse_config(
    {"lines": [], "rules": {"entry_long": "close > lag(close, 1)", "entry_short": ""}}
)


@pytest.fixture(scope="module")
def bars():
    return make_world("noise", seed=9, symbols=2, bars=90).bars


@pytest.fixture
def live_run(tmp_path, bars):
    """A live run of the rules alone that took 20 instants after 60; four more lie in its store."""
    begun = bars.rows(0, int(bars.instant_offsets[60]))
    save_snapshot(tmp_path / "bars", begun)
    wanted = {"source": "folder:x", "symbols": list(bars.symbols), "interval": "1d"}
    (tmp_path / "paper.json").write_text(json.dumps(wanted))
    came = bars.rows(int(bars.instant_offsets[60]), int(bars.instant_offsets[84]))
    BarStore(tmp_path / "live").append(came, "1d")
    with Ledger.open(tmp_path / "ledger.sqlite", prove=True) as ledger:
        live = Live(begun, RULES_ALONE, ledger, Registry(tmp_path / "models"), Asleep(), Blank())
        live.begin()
        for k in range(60, 80):
            live.end_epoch_before(int(bars.instants[k]))
            live.take(bars.rows(int(bars.instant_offsets[k]), int(bars.instant_offsets[k + 1])))
    return tmp_path


def test_bars_are_those_the_run_has_seen(live_run, bars):
    seen = bars.rows(0, int(bars.instant_offsets[80]))
    with Ledger.open(live_run / "ledger.sqlite", read_only=True) as ledger:
        data = read_run(live_run, ledger)
        past = read_run(live_run, ledger, until_ns=int(bars.instants[70]))
    assert np.array_equal(data.bars.event_time, seen.event_time)
    assert np.array_equal(data.bars.close, seen.close)
    assert len(data.labels.net_return) == len(data.volatility) == len(seen)
    assert past.bars.event_time[-1] == bars.instants[70]
    known = past.labels.known_time
    assert known[np.isfinite(past.labels.net_return)].max() <= bars.instants[70]


def test_a_live_run_without_a_line_can_be_told(live_run, bars):
    figures = analyze(live_run).figures
    assert figures["attribution"]["total"] == pytest.approx(
        sum(one["profit"] for one in figures["attribution"]["symbol"])
        + figures["attribution"]["still_open"]
    )
    assert {one["measure"] for one in figures["overall"]} == {"net_return", "signal_return"}
    assert figures["against_rules"] is None
    assert figures["policy"] is None
    told = review(live_run, period="day")
    assert told.telling.figures["lines"] == []
    assert told.telling.figures["until_ns"] == bars.instants[79]
    assert told.telling.figures["decision"]["decision"] == "online updates"
    assert any("Drift was not looked at" in note for note in told.telling.notes)


def test_what_is_absent_is_named(live_run):
    (live_run / "paper.json").write_text("{")
    with pytest.raises(BadData, match=r"paper\.json is missing or damaged"):
        analyze(live_run)
    for file in (live_run / "bars").iterdir():
        file.unlink()
    with pytest.raises(BadData, match="absent: the bars of this run"):
        review(live_run)


def test_an_empty_record_is_no_run(tmp_path):
    with Ledger.open(tmp_path / "ledger.sqlite"):
        pass
    with pytest.raises(BadData, match="empty record"):
        analyze(tmp_path)
