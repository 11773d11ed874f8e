"""A tape that grows says what a tape of the whole history says, whatever its rules are."""

import numpy as np
import pytest

from edgekeeper.config import Config, RulesConfig
from edgekeeper.trade import Tape
from edgekeeper.trade.strategies import file_hash
from edgekeeper.worlds import make_world

MINE = """
def signals(bars):
    close = bars["close"].to_list()
    return [(k > 2 and close[k] > close[k - 3]) - (k > 1 and close[k] < close[k - 2] * 0.99)
            for k in range(len(close))]
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    mine = {"file": str(path), "file_hash": file_hash(path), "name": "mine"}
    return Config(
        rules=RulesConfig(
            several=[
                {"strategy": "mean_reversion", "regimes": {"ranging": 2.0}},
                {"strategy": "breakout"},
                {**mine, "weight": 0.5, "regimes": {"volatile": 0.0}},
            ],
            threshold=0.1,
        )
    )


def test_rules_and_votes_are_the_same_instant_by_instant(config):
    bars = make_world("noise", seed=5, symbols=2, bars=420).bars
    whole, start = Tape(bars, config), int(bars.instant_offsets[380])
    tape = Tape(bars.rows(0, start), config)
    for t in range(380, 420):
        edges = bars.instant_offsets[t : t + 2]
        tape.extend(bars.rows(int(edges[0]), int(edges[1])))
    assert np.array_equal(tape.feed.rule, whole.feed.rule)
    assert list(tape.feed.votes) == ["mean_reversion", "breakout", "mine"]
    for name, vote in whole.feed.votes.items():
        assert np.array_equal(tape.feed.votes[name], vote)
        assert vote[start:].any() or name != "mine"
    assert tape.faults == ()
    assert np.abs(whole.feed.rule).sum() > 20
