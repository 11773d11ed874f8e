from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from edgekeeper.config import Config, CostsConfig, LabelsConfig, LimitsConfig
from edgekeeper.ledger import Ledger
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.trade.line_rows import write_signals
from edgekeeper.trade.record import Recorder
from edgekeeper.trade.step import Step
from edgekeeper.worlds import make_world

CONFIG = Config(
    costs=CostsConfig(fee_bps=10, half_spread_bps=0, slippage_bps=0),
    labels=LabelsConfig(horizon_bars=6, target=20.0, stop=20.0),
    limits=LimitsConfig(max_position=0.5, max_risk=1.0),
)


@pytest.fixture
def ledger():
    with Ledger.open("sqlite://") as opened:
        yield opened


def step_of(feed, first, last, **known):
    rows = slice(int(feed.offsets[first]), int(feed.offsets[last]))
    return Step(first, last, rows, "0" * 64, **known)


def record(ledger, bars, rule, cuts=None, volatility=0.01, together=False):
    """Step an account that follows ``rule`` and write what it did."""
    feed = MarketFeed(
        bars, np.full(len(bars), volatility), np.asarray(rule, np.int8), max_age_ns=10**12
    )
    parameters = book_parameters(CONFIG, periods_per_year=252.0, virtual=False)
    book = Book(parameters, len(bars.symbols), 100_000.0)
    steps = ledger.gather("trade", Recorder(feed, ["rules"]).record)
    cuts = [0, *(cuts or []), len(feed.instants)]
    for first, last in pairwise(cuts):
        logs = {"rules": book.step(feed.chunk(first, last))}
        write = steps.put if together else steps.write
        write(int(feed.instants[last - 1]), step_of(feed, first, last, logs=logs))
    return book


def split_bars(one_symbol):
    """Rises 1 % a day; splits two for one before the sixth bar."""
    adjusted = 100 * 1.01 ** np.arange(12)
    factor = np.where(np.arange(12) >= 5, 2.0, 1.0)
    open_ = np.concatenate(([100.0], adjusted[:-1]))
    return one_symbol(
        adjusted / factor,
        open=open_ / factor,
        high=np.maximum(open_, adjusted) / factor,
        low=np.minimum(open_, adjusted) / factor,
        adjustment=factor,
    )


def test_a_split_in_the_middle_of_a_trade_is_no_loss(ledger, one_symbol):
    """Bought as 400-odd units at about 101, sold as twice as many at about half: raw as traded."""
    bars = split_bars(one_symbol)
    rule = np.zeros(12)
    rule[1] = 1
    book = record(ledger, bars, rule)
    entry, exit_ = ledger.read("fills").iter_rows(named=True)
    assert entry["reference_price"] == pytest.approx(bars.open[2])
    assert exit_["reference_price"] == pytest.approx(bars.close[7])
    assert exit_["reference_price"] < 0.6 * entry["reference_price"]
    assert exit_["quantity"] == pytest.approx(2 * entry["quantity"])
    assert entry["quantity"] * entry["reference_price"] == pytest.approx(50_000, rel=0.03)
    (trade,) = ledger.read("trades").iter_rows(named=True)
    growth = exit_["quantity"] * exit_["reference_price"]
    growth /= entry["quantity"] * entry["reference_price"]
    assert trade["gross_return"] == pytest.approx(growth - 1) == pytest.approx(1.01**6 - 1)
    assert trade["quantity"] == exit_["quantity"]
    assert trade["entry_price"] == pytest.approx(entry["reference_price"])
    assert trade["exit_price"] == pytest.approx(exit_["reference_price"])
    # Money moved by the two fills is all that changed.
    moved = exit_["quantity"] * exit_["price"] - entry["quantity"] * entry["price"]
    assert book.equity - 100_000 == pytest.approx(moved, rel=1e-9)
    equity = ledger.read("equity")["equity"].to_numpy()
    assert np.abs(np.diff(equity) / equity[:-1]).max() < 0.01


def test_the_order_is_what_was_decided_at_raw_prices(ledger, one_symbol):
    bars = split_bars(one_symbol)
    rule = np.zeros(12)
    rule[7] = -1
    record(ledger, bars, rule)
    (order,) = ledger.read("orders").iter_rows(named=True)
    (decision,) = ledger.read("decisions", where={"decision": "take"}).iter_rows(named=True)
    close = bars.close[7]
    width = 20.0 * 0.01 * np.sqrt(6)
    assert close < 60
    assert (order["side"], order["action"], order["order_type"]) == ("short", "open", "market")
    assert order["stop"] == pytest.approx(close * (1 + width))
    assert order["target"] == pytest.approx(close * (1 - width))
    assert (decision["stop"], decision["target"]) == (order["stop"], order["target"])
    assert decision["size"] == pytest.approx(0.5)
    assert order["quantity"] == pytest.approx(0.5 * 100_000 / close)


def test_costs_are_in_the_price_against_us(ledger, one_symbol):
    rule = np.zeros(30)
    rule[[2, 15]] = 1, -1
    record(ledger, one_symbol(np.linspace(100, 110, 30)), rule)
    for row in ledger.read("fills").iter_rows(named=True):
        bought = (row["side"] == "long") == (row["action"] == "open")
        worse = 1.001 if bought else 0.999
        assert row["price"] == pytest.approx(row["reference_price"] * worse)


@pytest.fixture(scope="module")
def busy():
    """Most of a year of four symbols under random rules: bars, ledger, book."""
    bars = make_world("noise", seed=5, symbols=4, bars=200).bars
    rule = np.random.default_rng(1).choice([-1, 0, 0, 0, 1], len(bars))
    with Ledger.open("sqlite://") as ledger:
        book = record(ledger, bars, rule)
        yield bars, ledger, book


def test_every_row_has_its_decision(busy):
    bars, ledger, _ = busy
    decisions = ledger.read("decisions")
    assert decisions.height == len(bars)
    assert decisions["event_time_ns"].to_list() == bars.event_time.tolist()
    assert decisions["symbol"].to_list() == [bars.symbols[i] for i in bars.symbol]
    assert set(decisions["decision"]) == {"take", "skip"}
    skipped = decisions.filter(pl.col("decision") == "skip")
    assert skipped["size"].null_count() == skipped["stop"].null_count() == skipped.height
    assert decisions["reason"].null_count() == 0


def test_fills_lead_back_to_orders_and_orders_to_decisions(busy):
    _, ledger, _ = busy
    orders, fills = ledger.read("orders"), ledger.read("fills")
    taken = ledger.read("decisions").filter(pl.col("decision") != "skip")
    assert orders["id"].n_unique() == orders.height == taken.height
    assert orders.select("event_time_ns", "symbol", "side").rows() == (
        taken.select("event_time_ns", "symbol", "side").rows()
    )
    joined = fills.join(orders, left_on="order_id", right_on="id", how="left", suffix="_order")
    assert joined["event_time_ns_order"].null_count() == 0
    assert (joined["symbol"] == joined["symbol_order"]).all()
    assert (joined["side"] == joined["side_order"]).all()
    assert (joined["event_time_ns"] > joined["event_time_ns_order"]).all()
    # An order opens once and closes at most once.
    counts = fills.group_by("order_id", "action").len()
    assert counts["len"].max() == 1


def test_fills_account_for_every_cent(busy):
    """Cash is what one began with, plus all that was sold, minus all that was bought."""
    _, ledger, book = busy
    fills = ledger.read("fills")
    bought = (pl.col("side") == "long") == (pl.col("action") == "open")
    moved = fills.select(
        pl.when(bought).then(-1.0).otherwise(1.0) * pl.col("quantity") * pl.col("price")
    ).sum()
    assert float(book.account.cash) == pytest.approx(100_000 + moved.item(), rel=1e-9)
    assert fills.height > 50


def test_trades_agree_with_their_fills(busy):
    _, ledger, _ = busy
    fills, trades = ledger.read("fills"), ledger.read("trades")
    assert trades.height == fills.filter(pl.col("action") == "close").height
    for row in trades.iter_rows(named=True):
        order = f"{row['symbol']}@{row['decision_time_ns']}"
        entry, exit_ = fills.filter(pl.col("order_id") == order).iter_rows(named=True)
        assert (entry["event_time_ns"], exit_["event_time_ns"]) == (
            row["entry_time_ns"],
            row["exit_time_ns"],
        )
        sign = 1.0 if row["side"] == "long" else -1.0
        gross = sign * (exit_["reference_price"] / entry["reference_price"] - 1)
        assert row["gross_return"] == pytest.approx(gross)
        net = sign * (exit_["price"] - entry["price"]) / entry["reference_price"]
        assert row["net_return"] == pytest.approx(net)
        assert row["mae"] - 1e-12 <= min(gross, 0) <= max(gross, 0) <= row["mfe"] + 1e-12
        assert row["exit_reason"] in ("target", "stop", "time", "opposite")
        assert row["bars_held"] >= 1


def test_the_record_does_not_depend_on_how_bars_come_in_chunks(busy):
    bars, whole, _ = busy
    rule = np.random.default_rng(1).choice([-1, 0, 0, 0, 1], len(bars))
    with Ledger.open("sqlite://") as parts:
        record(parts, bars, rule, cuts=[1, 2, 50, 51, 120])
        for table in ("decisions", "orders", "fills", "trades", "equity"):
            assert parts.read(table).drop("link").equals(whole.read(table).drop("link")), table


def test_the_record_does_not_depend_on_how_many_steps_are_recorded_at_once(busy):
    bars, _, _ = busy
    rule = np.random.default_rng(1).choice([-1, 0, 0, 0, 1], len(bars))
    heads = []
    for together in (False, True):
        with Ledger.open("sqlite://") as ledger:
            record(ledger, bars, rule, cuts=range(1, 200), together=together)
            heads.append(ledger.verify("trade").head)
            assert ledger.verify("trade").links == 200
            assert ledger.read("trades").height > 30
    assert heads[0] == heads[1]


def signals_of(bars, rule, votes):
    step = Step(10, 20, slice(40, 80), "")
    with Ledger.open("sqlite://") as ledger:
        steps = ledger.gather("trade", lambda drafts, steps: write_signals(
            drafts, steps, bars, rule, votes))  # fmt: skip
        steps.put(1, step)
        return ledger.read("signals")


def test_signals_are_both_sides_of_every_bar(busy):
    bars, _, _ = busy
    rule = np.random.default_rng(1).choice([-1, 0, 1], len(bars))
    signals = signals_of(bars, rule, {})
    assert signals.height == 80
    assert signals["side"].value_counts().sort("side")["count"].to_list() == [40, 40]
    by_rules = signals.filter(pl.col("source") == "rules")
    assert by_rules.filter(pl.col("side") == "long").height == int((rule[40:80] == 1).sum())
    assert by_rules.filter(pl.col("side") == "short").height == int((rule[40:80] == -1).sum())
    assert set(signals["source"]) == {"rules", "every_bar"}
    assert signals["known_time_ns"].to_list() == bars.known_time[40:80].tolist() * 2


def test_votes_of_several_follow_with_their_names(busy):
    bars, _, _ = busy
    rng = np.random.default_rng(2)
    rule, *votes = rng.choice([-1, 0, 1], (3, len(bars))).astype(np.int8)
    names = np.array(bars.symbols, dtype=object)
    signals = signals_of(bars, rule, dict(zip("ab", votes, strict=True)))
    for name, vote in zip("ab", votes, strict=True):
        rows = signals.filter(pl.col("source") == f"rules:{name}")
        fired = 40 + np.flatnonzero(vote[40:80])
        assert rows["event_time_ns"].to_list() == bars.event_time[fired].tolist()
        assert rows["symbol"].to_list() == names[bars.symbol[fired]].tolist()
        assert rows["side"].to_list() == [{1: "long", -1: "short"}[v] for v in vote[fired]]
    assert signals.height == 80 + sum(int((vote[40:80] != 0).sum()) for vote in votes)


def test_a_trade_belongs_to_the_package_that_opened_it(ledger, one_symbol):
    from edgekeeper.types import Forecasts

    bars = one_symbol(100 * 1.001 ** np.arange(12))
    feed = MarketFeed(bars, np.full(12, 0.01), np.zeros(12, np.int8), max_age_ns=10**12)
    book = Book(book_parameters(CONFIG, periods_per_year=252.0, virtual=False), 1, 100_000.0)
    book.use_model(True)
    steps = ledger.gather("trade", Recorder(feed, ["edgekeeper"]).record)
    keen = np.full((12, 2), [0.9, 0.1])
    sides = dict.fromkeys(("expected_return", "lower", "upper"), keen * 0.1)
    both = Forecasts(probability=keen, risk=keen, bars_held=keen, novelty=np.zeros(12), **sides)
    for first, last, package in ((0, 4, "a" * 64), (4, 12, "b" * 64)):
        part = Forecasts(
            *(getattr(both, name)[first:last] for name in Forecasts.__dataclass_fields__)
        )
        logs = {"edgekeeper": book.step(feed.chunk(first, last, part))}
        known = {"logs": logs, "deciders": {"edgekeeper": package}}
        steps.put(int(feed.instants[last - 1]), step_of(feed, first, last, **known))
    closed = ledger.read("trades", ["decision_time_ns", "exit_time_ns", "model"])
    first_trade = closed.row(0, named=True)
    assert first_trade["exit_time_ns"] > bars.instants[4]
    assert first_trade["model"] == "a" * 64


def test_who_decided_is_kept_while_a_trade_is_open_and_no_longer(ledger, one_symbol):
    """Six bars held: its owner is known at the end, though signals were dealt out all the while."""
    bars = one_symbol(100 * 1.01 ** np.arange(12))
    rule = np.zeros(12, np.int8)
    rule[1] = 1
    feed = MarketFeed(bars, np.full(12, 0.01), rule, max_age_ns=10**12)
    book = Book(book_parameters(CONFIG, periods_per_year=252.0, virtual=False), 1, 100_000.0)
    recorder = Recorder(feed, ["edgekeeper"])
    steps = ledger.gather("trade", recorder.record)
    remembered = []
    for t in range(12):
        known = {
            "logs": {"edgekeeper": book.step(feed.chunk(t, t + 1))},
            "deciders": {"edgekeeper": "champion"},
            "dealt": {"edgekeeper": [f"package {t}"]},
            "open_decisions": book.open_decisions,
        }
        steps.write(int(feed.instants[t]), step_of(feed, t, t + 1, **known))
        remembered.append(dict(recorder._owners["edgekeeper"]._dealt))
    closed = int(np.flatnonzero(bars.event_time == ledger.read("trades")["exit_time_ns"][0])[0])
    mine = {(int(bars.event_time[1]), 0): "package 1"}
    assert remembered == [{}] + [mine] * (closed - 1) + [{}] * (12 - closed)
    assert closed == 7
