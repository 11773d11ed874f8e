import math

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.ledger import GENESIS, Ledger

ONE = {"event_time_ns": 1, "account": "bot", "equity": 1.0}

rows = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=5),
        st.floats() | st.none(),
        st.floats() | st.none(),
    ),
    min_size=1,
    max_size=6,
)


def known(value):
    return None if value is None or math.isnan(value) else value


def equity_columns(facts):
    names = ("event_time_ns", "account", "equity", "cash")
    return {name: [fact[i] for fact in facts] for i, name in enumerate(names)}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(facts=rows, cut=st.integers(0, 6))
def test_what_is_appended_is_read_back_and_cuts_leave_no_trace(facts, cut):
    names = ["event_time_ns", "account", "equity", "cash"]
    whole = [(t, a, known(x), known(y)) for t, a, x, y in facts]
    with Ledger.open("sqlite://") as ledger:
        for parts in ([facts], [facts[:cut], facts[cut:]], [[fact] for fact in facts]):
            with ledger.transaction("trade") as tx:
                for part in parts:
                    tx.append("equity", equity_columns(part))
        assert ledger.read("equity", names).rows() == whole * 3
        assert ledger.verify("trade").rows == 3 * len(facts)
        assert ledger.read("batches")["digest"].n_unique() == 1


def test_both_databases_give_back_the_same_values_and_hash(place):
    """The largest and smallest numbers, and text from all over."""
    facts = [
        (2**63 - 1, "é\u2028'\"%s?:x", 5e-324, -1.7976931348623157e308),
        (-(2**63), "", math.inf, -math.inf),
        (0, "\U0001f600" * 3, math.nan, -0.0),
    ]
    heads = set()
    for where in (place, "sqlite://"):
        with Ledger.open(where) as ledger:
            with ledger.transaction("trade", event_time_ns=-1) as tx:
                tx.append("equity", equity_columns(facts))
            back = ledger.read("equity", ["event_time_ns", "account", "equity", "cash"]).rows()
            assert back == [(t, a, known(x), known(y)) for t, a, x, y in facts]
            heads.add(ledger.verify("trade").head)
    assert len(heads) == 1


def test_unknown_is_null_and_never_zero(place):
    with Ledger.open(place) as ledger:
        with ledger.transaction("trade") as tx:
            tx.append(
                "trades",
                {
                    "exit_time_ns": np.array(["2024-01-02", "2024-01-03"], "datetime64[D]"),
                    "entry_time_ns": [None, 5],
                    "account": "bot",
                    "symbol": ["A", "B"],
                    "side": "long",
                    "net_return": np.array([np.nan, 0.0]),
                    "bars_held": np.array([np.nan, 3.0]),
                },
            )
        frame = ledger.read("trades")
    assert frame["net_return"].to_list() == [None, 0.0]
    assert frame["bars_held"].to_list() == [None, 3]
    assert frame["entry_time_ns"].to_list() == [None, 5]
    assert frame["mae"].to_list() == [None, None]
    assert frame["exit_time_ns"][0] == 1_704_153_600 * 10**9
    assert frame.schema["mae"] == pl.Float64
    assert frame.schema["model"] == pl.String


def _append_all(tx, parts):
    for part in parts:
        tx.append("equity", part)


def test_a_block_that_fails_writes_nothing(place):
    with Ledger.open(place) as ledger:
        tx = ledger.transaction("trade")
        with pytest.raises(BadData, match="account"), tx:
            _append_all(tx, [ONE, {"event_time_ns": 2}])
        assert ledger.read("equity").is_empty()
        assert ledger.head("trade") == GENESIS
        assert tx.digest is None


def test_nothing_appended_is_no_link(place):
    with Ledger.open(place) as ledger:
        with ledger.transaction("trade") as tx:
            tx.append("equity", {"event_time_ns": [], "account": []})
        assert tx.digest is None
        assert ledger.read("chain").is_empty()


def test_each_transaction_is_one_link_that_names_its_epoch(place):
    with Ledger.open(place) as ledger:
        digests = []
        for epoch in (5, 6):
            with ledger.transaction("trade", event_time_ns=epoch) as tx:
                tx.append("equity", ONE)
                tx.append("orders", {"event_time_ns": 1, "id": "1", "account": "bot",
                                     "symbol": "A", "side": "long", "action": "open"})  # fmt: skip
            digests.append(tx.digest)
        links = ledger.read("chain")
        assert links["digest"].to_list() == digests
        assert links["previous"].to_list() == [GENESIS, digests[0]]
        assert links["event_time_ns"].to_list() == [5, 6]
        assert links["rows"].to_list() == [2, 2]
        assert links["seq"].to_list() == [0, 1]
        assert ledger.head("trade") == digests[1]


def test_roles_have_chains_of_their_own_and_share_tables():
    with Ledger.open("sqlite://") as ledger:
        for role in ("trade", "operations", "learn", "trade"):
            with ledger.transaction(role) as tx:
                tx.append("alerts", {"event_time_ns": 1, "severity": "info", "rule": role,
                                     "message": "x"})  # fmt: skip
        assert [ledger.verify(r).links for r in ("trade", "learn", "operations")] == [2, 1, 1]
        mine = ledger.head("trade")
    with Ledger.open("sqlite://") as ledger:
        for _ in range(2):
            with ledger.transaction("trade") as tx:
                tx.append("alerts", {"event_time_ns": 1, "severity": "info", "rule": "trade",
                                     "message": "x"})  # fmt: skip
        assert ledger.head("trade") == mine


def test_wall_clock_facts_stay_out_of_market_chains():
    beat = {"wall_time_ns": 1, "process": "trade", "state": "alive"}
    with Ledger.open("sqlite://") as ledger:
        for role in ("trade", "learn"):
            with (
                pytest.raises(UsageError, match="operations"),
                ledger.transaction(role) as tx,
            ):
                tx.append("heartbeats", beat)
        with ledger.transaction("operations", durable=True) as tx:
            tx.append("heartbeats", beat)
        assert ledger.read("heartbeats").height == 1


@pytest.mark.parametrize(
    ("table", "columns", "error", "message"),
    [
        ("equty", ONE, UsageError, "did you mean 'equity'"),
        ("chain", ONE, UsageError, "table of the ledger"),
        ("equity", {**ONE, "acount": "x"}, UsageError, "did you mean 'account'"),
        ("equity", {**ONE, "link": 1}, UsageError, "got 'link'"),
        ("equity", {**ONE, "entry": 1}, UsageError, "got 'entry'"),
        ("equity", {**ONE, "cash": [1, 2], "account": ["a"]}, UsageError, "equal length"),
        ("equity", {**ONE, "cash": "much"}, UsageError, r"equity\.cash: expected numbers"),
        ("equity", {"account": "bot"}, BadData, r"event_time_ns: expected a value .* at all"),
        ("equity", {**ONE, "account": ["a", None]}, BadData, r"account: .* in some"),
        ("equity", {}, BadData, "event_time_ns"),
    ],
)
def test_bad_appends_are_refused_at_once(table, columns, error, message):
    with Ledger.open("sqlite://") as ledger:
        with pytest.raises(error, match=message), ledger.transaction("trade") as tx:
            tx.append(table, columns)
        assert ledger.read("chain").is_empty()


def test_a_transaction_that_is_over_takes_no_more():
    with Ledger.open("sqlite://") as ledger:
        with ledger.transaction("trade") as tx:
            tx.append("equity", ONE)
        with pytest.raises(UsageError, match="over"):
            tx.append("equity", ONE)


def test_wrong_roles_closed_and_read_only_ledgers_are_refused(tmp_path):
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        with pytest.raises(UsageError, match="did you mean 'trade'"):
            ledger.transaction("trader")
        with pytest.raises(UsageError, match="expected a role"):
            ledger.head("nobody")
        with pytest.raises(UsageError, match="whole numbers"):
            ledger.transaction("trade", event_time_ns=1.5)
    ledger.close()
    with pytest.raises(UsageError, match="closed"):
        ledger.transaction("trade")
    with pytest.raises(UsageError, match="closed"):
        ledger.read("equity")
    with Ledger.open(path, read_only=True) as ledger, pytest.raises(UsageError, match="read-only"):
        ledger.transaction("trade")
