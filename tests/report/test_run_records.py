"""Profit taken apart, A/B groups and what waits for a person, from records written by hand."""

import json
from contextlib import contextmanager

import numpy as np
import pytest

from edgekeeper.config import Config
from edgekeeper.ledger import Ledger
from edgekeeper.report.ab_tests import ab_steps, measure_ab_tests
from edgekeeper.report.attribution import attribute, closed_trades, in_cents
from edgekeeper.report.balance import measure_balance
from edgekeeper.report.group_figures import group_figures
from edgekeeper.report.to_do import read_to_do
from edgekeeper.stats.resampling import TimeBlocks
from edgekeeper.trade.dealing import arm_of
from edgekeeper.worlds import make_world

DAY_NS = 86_400 * 10**9
CASH = 100_000.0


@pytest.fixture(scope="module")
def bars():
    return make_world("noise", seed=4, symbols=3, bars=240).bars


@contextmanager
def written(rows):
    """A ledger in memory with rows of several tables."""
    with Ledger.open(":memory:") as ledger:
        with ledger.transaction("trade", event_time_ns=0) as tx:
            for table, columns in rows:
                tx.append(table, columns)
        yield ledger


def run_row(config=None):
    settings = (config or Config()).model_dump(mode="json")
    return (
        "runs",
        {
            "started_market_ns": 0, "run_id": "r", "config_hash": "c", "config_json": [settings],
            "data_hash": "d", "seed": 0, "code_version": "0",
        },
    )  # fmt: skip


def trade_rows(bars, places, net, *, model=None, account="edgekeeper", split=1.0):
    """Trades decided at (instant, symbol), and the fills that opened them; 1,000 at stake each."""
    symbols = [bars.symbols[s] for _, s in places]
    decided = np.array([bars.instants[t] for t, _ in places])
    entry = {
        "event_time_ns": decided + DAY_NS,
        "order_id": [f"{name}@{time}" for name, time in zip(symbols, decided, strict=True)],
        "account": account, "symbol": symbols, "side": "long", "action": "open",
        "quantity": 10.0, "price": 100.01, "reference_price": 100.0,
    }  # fmt: skip
    trade = {
        "exit_time_ns": decided + 3 * DAY_NS, "decision_time_ns": decided,
        "entry_time_ns": decided + DAY_NS, "account": account, "symbol": symbols, "side": "long",
        # Twice the shares at the exit, after a split, of what was paid per share at the entry.
        "quantity": 10.0 * split, "entry_price": 100.0, "exit_price": 100.0 / split,
        "exit_reason": ["target" if r > 0 else "stop" for r in net],
        "gross_return": net, "net_return": net, "costs": 0.0, "mfe": 0.0, "mae": 0.0,
        "bars_held": 2, "model": model,
    }  # fmt: skip
    return [("fills", entry), ("trades", trade)]


def equity_row(bars, value, account="edgekeeper"):
    return (
        "equity",
        {
            "event_time_ns": int(bars.instants[-1]), "account": account, "equity": value,
            "cash": value, "gross_exposure": 0.0, "net_exposure": 0.0,
        },
    )  # fmt: skip


def test_shares_add_up_to_the_cent_whatever_splits_and_stays_open(bars):
    rng = np.random.default_rng(0)
    places = [(t, t % 3) for t in range(10, 130)]
    net = rng.normal(0.001, 0.02, len(places))
    end = CASH + 1_000.0 * net.sum() + 33.33
    rows = [run_row(), *trade_rows(bars, places, net, split=2.0), equity_row(bars, end)]
    regimes = np.array(["ranging", "volatile"], dtype=object)[np.arange(len(bars)) % 2]
    with written(rows) as ledger:
        trades = closed_trades(ledger, "edgekeeper")
        found = attribute(ledger, bars, regimes, trades, "edgekeeper")
    assert trades.stake == pytest.approx(np.full(120, 1_000.0))
    assert found.cents == round(100 * (end - CASH))
    assert found.open_cents == pytest.approx(3333, abs=1)
    for shares in found.groups.values():
        assert sum(share.cents for share in shares) == found.cents - found.open_cents
        assert sum(share.trades for share in shares) == 120
    by_symbol = {share.name: share.cents for share in found.groups["symbol"]}
    for k, name in enumerate(bars.symbols):
        own = net[[s == k for _, s in places]].sum() * 1_000.0
        assert by_symbol[name] == pytest.approx(100 * own, abs=1)
    assert [share.name for share in found.groups["line"]] == ["rules"]


def test_a_trade_without_its_entry_is_counted_as_not_attributed(bars):
    rows = [run_row(), trade_rows(bars, [(5, 0), (9, 1)], np.array([0.1, 0.2]))[1],
            equity_row(bars, CASH + 300.0)]  # fmt: skip
    with written(rows) as ledger:
        found = attribute(
            ledger, bars, np.full(len(bars), "ranging", dtype=object),
            closed_trades(ledger, "edgekeeper"), "edgekeeper",
        )  # fmt: skip
    assert (found.unknown, found.cents, found.open_cents) == (2, 30_000, 30_000)
    assert found.groups["symbol"] == []


def test_a_run_without_a_trade_has_nothing_to_take_apart(bars):
    with written([run_row(), equity_row(bars, CASH)]) as ledger:
        trades = closed_trades(ledger, "edgekeeper")
        found = attribute(ledger, bars, np.full(len(bars), "x", dtype=object), trades, "edgekeeper")
    assert (len(trades), found.cents, found.open_cents) == (0, 0, 0)


@pytest.mark.parametrize("total", [0, 99, 101, -250, 10_000])
def test_cents_always_add_up(total):
    parts = np.array([0.333, -0.333, 0.115, 0.885, -2.0])
    assert sum(in_cents(parts, total)) == total
    assert in_cents(np.empty(0), 0) == []


def stage(line, time, source, target, share=None):
    return (
        "stages",
        {
            "event_time_ns": int(time), "line": line, "from_stage": source, "to_stage": target,
            "reason": "promoted: x", "actor": "rule",
            "evidence_json": [{} if share is None else {"share": share}],
        },
    )  # fmt: skip


@pytest.fixture
def dealt(bars):
    """A test of line ``trees`` in which its signals gain and all others lose."""
    start, wide, end = 20, 60, 200
    config = Config()
    packages = (
        "packages",
        {
            "fitted_at_ns": 0, "hash": "abc", "line": "trees", "refit_index": 0,
            "window_start_ns": 0, "window_end_ns": 0, "verdict": "accepted",
            "reasons_json": [{}], "metrics_json": [{}],
        },
    )  # fmt: skip
    instants = bars.instants
    rows = [
        run_row(config), packages, equity_row(bars, CASH),
        stage("trees", instants[5], "candidate", "shadow"),
        stage("trees", instants[start], "shadow", "ab_test", 0.10),
        stage("trees", instants[wide], "ab_test", "ab_test", 0.50),
        stage("trees", instants[end], "ab_test", "production"),
    ]  # fmt: skip
    places = [(t, s) for t in range(len(instants)) for s in range(3)]
    time = np.array([instants[t] for t, _ in places])
    symbols = [bars.symbols[s] for _, s in places]
    rows.append(
        (
            "decisions",
            {
                "event_time_ns": time, "symbol": symbols, "account": "edgekeeper", "side": "long",
                "decision": "take", "reason": "x",
            },
        )
    )  # fmt: skip
    inside = [(t, s) for t, s in places if start < t <= end and (t + s) % 2]
    ids = [f"{bars.symbols[s]}@{instants[t]}" for t, s in inside]
    share = np.array([0.10 if t <= wide else 0.50 for t, _ in inside])
    mine = np.array([arm_of([one], [odds])[0] == 0 for one, odds in zip(ids, share, strict=True)])
    net = np.where(mine, 0.02, -0.01)
    rows += trade_rows(bars, inside, net)
    rows += trade_rows(bars, inside[:40], np.full(40, 0.001), account="rules")
    with written(rows) as ledger:
        yield ledger, config, mine, (instants[start], instants[wide], instants[end])


def test_steps_of_a_test_begin_and_end_with_its_moves(dealt, bars):
    ledger, _, _, (start, wide, end) = dealt
    (steps,) = ab_steps(ledger, int(bars.instants[-1]))
    assert [(s.since_ns, s.until_ns, s.share) for s in steps] == [
        (start, wide, 0.10), (wide, end, 0.50),
    ]  # fmt: skip


def test_an_ab_test_compares_whom_the_lot_has_separated(dealt, bars):
    ledger, config, mine, _ = dealt
    blocks = TimeBlocks(len(bars.instants), 5)
    regimes = np.full(len(bars), "ranging", dtype=object)
    (found,) = measure_ab_tests(ledger, bars, regimes, config, blocks)
    ours, others, rules = found.groups
    assert (found.line, found.ended, found.dealt) == ("trees", True, 180 * 3)
    assert (ours.trades, others.trades, rules.trades) == (mine.sum(), (~mine).sum(), 40)
    assert ours.mean.value == pytest.approx(0.02)
    assert ours.win_rate.value == 1.0
    assert others.mean.value == pytest.approx(-0.01)
    assert ours.worst_fall == 0.0
    assert others.worst_fall == pytest.approx((~mine).sum() * 10.0 / CASH)
    assert found.difference.value == pytest.approx(0.03)
    assert found.difference.low > 0.0
    assert found.against_rules.value == pytest.approx(0.019)
    assert found.evidence.log_better > np.log(20)
    assert found.p_value < 0.01
    text = " ".join(found.missing)
    assert ("100 are the least" in text) == (mine.sum() < 100)


def test_no_test_no_groups(bars):
    blocks = TimeBlocks(len(bars.instants), 5)
    with written([run_row(), stage("trees", 5, "candidate", "shadow")]) as ledger:
        assert measure_ab_tests(ledger, bars, np.array([]), Config(), blocks) == []


def test_a_group_without_trades_has_no_figures():
    blocks = TimeBlocks(100, 5)
    empty = np.empty(0)
    nothing = group_figures("x", empty, empty, empty.astype(np.int64), blocks, CASH)
    assert nothing.trades == 0
    assert np.isnan([nothing.mean.value, nothing.win_rate.value, nothing.worst_fall]).all()


def test_balance_counts_the_last_seven_days(bars):
    instants = bars.instants
    late = instants > instants[-1] - 7 * DAY_NS
    row = (
        "decisions",
        {
            "event_time_ns": instants, "symbol": bars.symbols[0], "account": "edgekeeper",
            "side": ["long" if k % 2 else "short" for k in range(len(instants))],
            "decision": ["take" if recent else "skip" for recent in late],
            "reason": ["took" if recent else "skipped" for recent in late],
        },
    )  # fmt: skip
    with written([run_row(), row]) as ledger:
        found = measure_balance(ledger, bars, None, (), TimeBlocks(len(instants), 5))
    assert found.decisions == late.sum()
    assert found.recent["HOLD"].value == 0.0
    assert found.recent["BUY"].value + found.recent["SELL"].value == pytest.approx(1.0)
    assert found.whole["HOLD"].value == pytest.approx(1.0 - late.mean())
    assert found.reasons == {"took": late.sum()}


def test_what_waits_for_a_person_and_what_is_done():
    def guard(time, event):
        return ("guards", {"event_time_ns": time, "account": "edgekeeper", "event": event,
                           "cause": "daily_loss", "detail": "x", "actor": "guard"})  # fmt: skip

    def alert(time, severity, rule):
        return ("alerts", {"event_time_ns": time, "severity": severity, "rule": rule,
                           "message": f"{rule}!", "detail_json": [{}]})  # fmt: skip

    def answer(time, kind, subject, said, detail=None):
        return ("approvals", {"event_time_ns": time, "subject": subject, "kind": kind,
                              "answer": said, "actor": "me", "reason": "why",
                              "detail_json": [detail or {}]})  # fmt: skip

    def fit(time, name, verdict):
        return ("packages", {"fitted_at_ns": time, "hash": name, "line": "trees",
                             "refit_index": 0, "window_start_ns": 0, "window_end_ns": 0,
                             "verdict": verdict, "reasons_json": [{}],
                             "metrics_json": [{}]})  # fmt: skip

    step = ("stretches", {"event_time_ns": 1, "number": 0, "kind": "history"})
    trades = ("stages", {"event_time_ns": 1, "line": "trees", "from_stage": "shadow",
                         "to_stage": "production", "reason": "promoted: x",
                         "actor": "rules"})  # fmt: skip
    rows = [
        step, trades, guard(10, "halt"), guard(12, "pause"), guard(20, "resume"), guard(30, "halt"),
        alert(5, "critical", "old"), alert(31, "warning", "drift"), alert(33, "warning", "drift"),
        alert(32, "info", "retrained"), alert(35, "critical", "seen"),
        answer(36, "alert", "seen", "noted"),
        answer(15, "parameter_change", "take_above", "asked", {"change": 0.5}),
        answer(16, "parameter_change", "stop", "asked"),
        answer(17, "parameter_change", "stop", "denied"),
        fit(14, "f" * 64, "needs_approval"),
    ]  # fmt: skip
    with written(rows) as ledger:
        tasks = read_to_do(ledger, 25, 40)
        before = read_to_do(ledger, 0, 11)
    assert [(task.kind, task.since_ns) for task in tasks] == [
        ("halt", 30), ("pause", 12), ("approval", 14), ("alert", 33), ("parameter_change", 15),
    ]  # fmt: skip
    assert "2 times" in tasks[3].text
    assert "+50.0%" in tasks[4].text
    assert tasks[2].command.startswith("edgekeeper approve ffffffffffff")
    assert [(task.kind, task.since_ns) for task in before] == [("alert", 5), ("halt", 10)]
    with written([row for row in rows if row is not trades]) as ledger:
        assert "pause" not in {task.kind for task in read_to_do(ledger, 25, 40)}
    with written([row for row in rows if row is not step]) as ledger:
        assert {t.kind for t in read_to_do(ledger, 25, 40)} == {"alert", "parameter_change"}
    with written([*rows, fit(18, "e" * 64, "accepted")]) as ledger:
        assert "approval" not in {task.kind for task in read_to_do(ledger, 25, 40)}
    assert json.dumps([task.text for task in tasks])
