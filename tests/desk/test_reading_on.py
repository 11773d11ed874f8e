"""What goes on reading where it ended says the same as what begins afresh."""

import dataclasses
import json
import math

import numpy as np
import pytest

from edgekeeper.config import parse_config
from edgekeeper.dashboard.curves import EquityReader
from edgekeeper.dashboard.evidence_curves import EvidenceReader
from edgekeeper.desk import Desk, read_status
from edgekeeper.desk import earnings as earnings_of
from edgekeeper.desk.earnings import read_earnings
from edgekeeper.desk.positions import PositionReader
from edgekeeper.ledger import Ledger
from edgekeeper.report import evidence_path
from edgekeeper.report.expected_evidence import EvidenceWatch, expected_evidence

HOUR = 3_600 * 10**9
LINE = {"name": "linear", "learner": "logistic", "features": ["returns"], "min_bars": 150}
CONFIG = parse_config({"lines": [LINE], "evidence": {"horizon_epochs": 3_000}})


class Written:
    """A record that grows hour by hour."""

    def __init__(self, folder):
        self.ledger = Ledger.open(folder / "ledger.sqlite")
        self.random, self.hours = np.random.default_rng(1), 0
        self.money, self.logs = np.full(2, 1_000.0), np.zeros(3)
        with self.ledger.transaction("trade", event_time_ns=HOUR) as tx:
            tx.append("runs", {
                "started_market_ns": HOUR, "run_id": "r", "config_hash": "c", "data_hash": "d",
                "config_json": CONFIG.model_dump_json(),
            })  # fmt: skip
            tx.append("stages", {
                "event_time_ns": HOUR, "line": "linear", "from_stage": ["x", "candidate"],
                "to_stage": ["candidate", "shadow"], "reason": "so", "actor": "rule",
            })  # fmt: skip

    def go_on(self, hours):
        for _ in range(hours):
            self.hours += 1
            self._hour(HOUR * (1 + self.hours), self.random)

    def _hour(self, now, random):
        self.money = self.money * np.exp(random.normal(0.0, 0.01, 2))
        self.logs = self.logs + random.normal(0.002, 0.02, 3)
        mine = {"account": "edgekeeper", "symbol": "A/USD", "side": "long"}
        with self.ledger.transaction("trade", event_time_ns=now) as tx:
            tx.append("epochs", {"event_time_ns": now, "bars": 2, "bars_hash": "h"})
            tx.append("equity", {"event_time_ns": now, "account": ["edgekeeper", "rules"],
                                 "equity": self.money, "gross_exposure": 0.5})  # fmt: skip
            names = ("log_e_cash", "log_e_exposure", "log_e_incumbent")
            tx.append("evidence", {"event_time_ns": now, "line": "linear", "threshold": 3.0,
                                   **dict(zip(names, self.logs, strict=True))})  # fmt: skip
            if self.hours % 4 == 0:
                action = "open" if self.hours % 8 else "close"
                order = {"event_time_ns": now, "id": f"o{self.hours}", "action": action, **mine}
                tx.append("orders", {**order, "stop": 90.0, "target": 110.0})
                tx.append("fills", {"event_time_ns": now, "order_id": order["id"],
                                    "action": action, "quantity": 1.0, "price": 100.0,
                                    **mine})  # fmt: skip
                if action == "close":
                    times = {"exit_time_ns": now, "decision_time_ns": now - 4 * HOUR}
                    earned = float(random.normal(0.0, 0.01))
                    tx.append("trades", {**times, **mine, "exit_reason": "time",
                                         "net_return": earned})  # fmt: skip
                    regime = "trending" if earned > 0.0 else None
                    tx.append("trade_features", {**times, **mine, "market_regime": regime})


@pytest.fixture
def written(tmp_path):
    record = Written(tmp_path)
    yield record
    record.ledger.close()


def test_evidence_may_outgrow_any_float(written, tmp_path):
    written.logs = np.array([4_000.0, 5_000.0, 6_000.0])
    written.go_on(3)
    (line,) = read_status(written.ledger).lines
    assert math.isfinite(line.evidence)
    assert line.evidence > 1e300
    json.dumps(line.evidence, allow_nan=False)


@pytest.fixture
def small_pages(monkeypatch):
    """Pages and stores of a few rows, so that a short record has many."""
    monkeypatch.setattr(earnings_of, "_PAGE", 7)
    monkeypatch.setattr(evidence_path, "_PAGE", 11)
    monkeypatch.setattr(evidence_path, "_MOST", 64)
    monkeypatch.setattr("edgekeeper.dashboard.evidence_curves._PAGE", 13)


def test_status_positions_and_earnings_go_on(written, small_pages, tmp_path):
    with Desk(tmp_path) as desk:
        for hours in (3, 1, 30, 2, 60, 4, 4):
            written.go_on(hours)
            fresh = read_status(written.ledger)
            told = desk.status()
            assert told.bars == 2 * written.hours
            assert dataclasses.replace(told, lines=()) == dataclasses.replace(fresh, lines=())
            (line,), (other,) = told.lines, fresh.lines
            assert line.evidence == other.evidence == pytest.approx(math.exp(min(written.logs)))
            assert (line.stage, line.needed) == ("shadow", pytest.approx(math.exp(3.0)))
            assert desk.positions() == PositionReader(written.ledger).read("edgekeeper")
            assert len(desk.positions()) == (written.hours % 8 >= 4)
            for by in (None, "regime", "hour"):
                mine = desk.earnings(by=by)
                again = read_earnings(written.ledger, "edgekeeper", by)
                assert mine.max_drawdown == again.max_drawdown
                assert {(g.name, g.trades) for g in mine.groups} == {
                    (g.name, g.trades) for g in again.groups
                }
        money = written.ledger.read("equity", ["equity"], where={"account": "edgekeeper"})
        path = money["equity"].to_numpy()
        assert mine.max_drawdown == pytest.approx((1 - path / np.maximum.accumulate(path)).max())
        assert mine.total_return == pytest.approx(path[-1] / path[0] - 1)
        assert mine.trades.trades == written.hours // 8
        assert {g.name for g in desk.earnings(by="regime").groups} == {"trending", "unknown"}


def test_a_date_is_worked_out_again_only_when_there_is_more_to_go_by(written, small_pages):
    watch = EvidenceWatch(written.ledger, "linear")
    assert watch.read() is None, "there is no evidence yet"
    written.go_on(230)
    first = watch.read()
    assert first == expected_evidence(written.ledger, "linear")
    written.go_on(1)
    later = watch.read()
    assert (later.expected_ns, later.pace.growth) == (first.expected_ns, first.pace.growth)
    assert later.pace.log_now == pytest.approx(min(written.logs)) != first.pace.log_now
    written.go_on(3)
    assert watch.read() == expected_evidence(written.ledger, "linear")
    with written.ledger.transaction("trade", event_time_ns=HOUR * 10_000) as tx:
        tx.append("stages", {
            "event_time_ns": HOUR * 10_000, "line": "linear", "reason": "done",
            "from_stage": "shadow", "to_stage": "retired", "actor": "rule",
        })  # fmt: skip
    assert watch.read() is None


def test_strides_of_a_long_past_tell_about_the_same_date(written, monkeypatch):
    written.go_on(1_200)
    whole = expected_evidence(written.ledger, "linear")
    monkeypatch.setattr(evidence_path, "_MOST", 256)
    coarse = expected_evidence(written.ledger, "linear")
    assert coarse.pace.bars >= 1_200 - 8
    assert coarse.pace.growth == pytest.approx(whole.pace.growth, rel=0.02)
    assert coarse.state == whole.state == "expected"
    assert coarse.expected_ns == pytest.approx(whole.expected_ns, rel=0.02)
    assert coarse.horizon_ns == whole.horizon_ns


def test_curves_are_thinned_but_their_ends_and_depths_are_exact(written, small_pages, tmp_path):
    from edgekeeper.report.striding import Strided

    with Desk(tmp_path) as desk:
        reader = EquityReader(desk, page=9)
        reader._path = Strided(3, lowest=(2,), most=32)
        bets = EvidenceReader(desk)
        assert len(reader.read().time_ns) == len(bets.read("linear")[0]) == 0
        for hours in (1, 40, 200, 3):
            written.go_on(hours)
            curves = reader.read()
            rows = written.ledger.read("equity", ["event_time_ns", "equity"],
                                       where={"account": "edgekeeper"})  # fmt: skip
            path = rows["equity"].to_numpy()
            fall = path / np.maximum.accumulate(path) - 1.0
            assert len(curves.time_ns) <= 34
            assert (np.diff(curves.time_ns) > 0).all()
            assert curves.grown(curves.mine) == pytest.approx(path[-1] / path[0] - 1.0)
            assert curves.fall[-1] == fall[-1]
            assert curves.deepest == fall.min() == curves.fall.min()
            ends = np.searchsorted(rows["event_time_ns"].to_numpy(), curves.time_ns)
            np.testing.assert_array_equal(curves.mine, path[ends])
            assert curves.since(HOUR * written.hours).time_ns[-1] == HOUR * (1 + written.hours)
        time_ns, logs = bets.read("linear")
        assert (len(time_ns), logs.shape) == (written.hours, (written.hours, 4))
        assert logs[-1, :3].tolist() == pytest.approx(written.logs.tolist())
        assert len(bets.read("nobody")[0]) == 0
