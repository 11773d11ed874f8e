"""Several links made at once: each is what it would be alone."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.ledger import Drafts, Ledger

numbers = st.none() | st.floats(allow_nan=True) | st.just(-0.0)
row = st.tuples(st.integers(-(2**63), 2**63 - 1), numbers, st.none() | st.sampled_from(["a", "é"]))
links = st.lists(st.lists(row, max_size=4), min_size=1, max_size=5)


def columns_of(rows):
    """As the trading loop hands them over: arrays of numbers, lists of text."""
    return {
        "event_time_ns": np.array([time for time, _, _ in rows], dtype=np.int64),
        "account": ["bot"] * len(rows),
        "equity": np.array([math.nan if x is None else x for _, x, _ in rows], dtype=np.float64),
        "cash": [x for _, x, _ in rows],
    }


@given(links)
def test_each_link_is_what_a_transaction_would_have_made_of_it(parts):
    with Ledger.open("sqlite://") as one, Ledger.open("sqlite://") as many:

        def record(drafts, steps):
            rows = [row for step in steps for row in step]
            drafts.append("equity", columns_of(rows), [len(step) for step in steps])
            marked = [n for n, step in enumerate(steps) if step]
            notes = {"event_time_ns": 1, "cause": "x", "event": "y", "actor": "z"}
            texts = [text for _, _, text in rows]
            drafts.append("guards", {**notes, "account": ["bot"] * len(rows), "detail": texts},
                          [len(step) for step in steps])  # fmt: skip
            counts = [2 * (n in marked) for n in range(len(steps))]
            drafts.append("guards", {**notes, "account": ["late"] * sum(counts)}, counts)

        gathering = many.gather("trade", record)
        for when, part in enumerate(parts):
            gathering.put(when, part)
            with one.transaction("trade", event_time_ns=when) as tx:
                if part:
                    tx.append("equity", columns_of(part))
                    notes = {"event_time_ns": 1, "cause": "x", "event": "y", "actor": "z"}
                    tx.append("guards", {**notes, "account": ["bot"] * len(part),
                                         "detail": [text for _, _, text in part]})  # fmt: skip
                    tx.append("guards", {**notes, "account": ["late"] * 2})
        heads = [ledger.verify("trade") for ledger in (one, many)]
        assert heads[0] == heads[1]
        for table in ("equity", "guards"):
            frames = [ledger.read(table).drop("link") for ledger in (one, many)]
            assert frames[0].equals(frames[1], null_equal=True)


def test_what_does_not_fit_is_refused():
    drafts = Drafts("trade", [1, 2])
    marks = {"event_time_ns": [1, 2, 3], "account": "bot"}
    with pytest.raises(UsageError, match="expected 2 counts, got 1"):
        drafts.append("equity", marks, [3])
    with pytest.raises(UsageError, match="expected 4 rows, got 3"):
        drafts.append("equity", marks, [2, 2])
    with pytest.raises(UsageError, match="did you mean 'equity'"):
        drafts.append("equty", marks, [1, 2])
    with pytest.raises(UsageError, match="wall-clock"):
        drafts.append("heartbeats", marks, [1, 2])
    with pytest.raises(BadData, match=r"equity\.account"):
        drafts.append("equity", {"event_time_ns": [1, 2, 3]}, [1, 2])
    assert drafts.finished() == []


def test_links_that_share_columns_show_their_own_rows_alone():
    drafts = Drafts("trade", [1, 2, 3])
    drafts.append("equity", {"event_time_ns": [5, 6, 7], "account": list("abc")}, [2, 0, 1])
    first, last = drafts.finished()
    assert first.written[0].columns == {"event_time_ns": [5, 6], "account": ["a", "b"]}
    assert (first.event_time_ns, last.event_time_ns) == (1, 3)
    assert last.written[0].columns == {"event_time_ns": [7], "account": ["c"]}
