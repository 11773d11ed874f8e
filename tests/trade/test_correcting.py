"""When a line learns online, from what, and what a swap of its package leaves of it."""

import numpy as np
import pytest

from edgekeeper.config import OnlineConfig
from edgekeeper.errors import UsageError
from edgekeeper.models.online import agreement, scores_read
from edgekeeper.trade import TradeLoop
from edgekeeper.trade.correcting import Correction
from edgekeeper.trade.seats import SegmentForecasts
from edgekeeper.types import Forecasts

FIRST = 300


@pytest.fixture
def packages(flip):
    hashes = flip.table("packages", line="linear")["hash"].to_list()
    return [flip.registry.load(one) for one in hashes[:2]]


def correction(flip):
    return Correction(flip.feed, flip.matrix, OnlineConfig(buffer=100))


def go_on(flip, found, package, first, last, until=None):
    """Read an epoch a bar, as the loop does; learn up to ``until``."""
    source = SegmentForecasts(flip.feed, flip.matrix)
    said = []
    for t in range(first, last):
        raw = source.get(package, t, t + 1)
        said.append((raw, found.read(package, t, t + 1, raw)))
        found.end_epoch(flip.learn.outcomes, int(flip.feed.instants[until or t]))
    return said


def changed(said):
    return [not np.array_equal(raw.probability, out.probability) for raw, out in said]


def test_it_learns_a_bar_after_both_sides_are_known_and_never_sooner(flip, packages):
    found, labels, offsets = correction(flip), flip.learn.labels, flip.feed.offsets
    source = SegmentForecasts(flip.feed, flip.matrix)
    for t in range(FIRST, FIRST + 30):
        found.read(packages[0], t, t + 1, source.get(packages[0], t, t + 1))
        now = int(flip.feed.instants[t])
        found.end_epoch(flip.learn.outcomes, now)
        rows = slice(int(offsets[FIRST]), int(offsets[t + 1]))
        assert found.learned == int((labels.end_time[rows] <= now).sum())
    assert found.learned > 30


def test_no_outcome_after_now_changes_what_it_says(flip, packages):
    """A row learned too early would show at once: everything after ``now`` is replaced."""
    now = int(flip.feed.instants[FIRST + 60])
    labels = flip.learn.labels
    net = labels.net_return.copy()
    late = labels.end_time > now
    assert late.any()
    net[late] *= -7.0
    other = type(labels)(**{
        name: net if name == "net_return" else getattr(labels, name)
        for name in type(labels).__dataclass_fields__
    })  # fmt: skip
    states = []
    for outcomes in (labels, other):
        found = correction(flip)
        source = SegmentForecasts(flip.feed, flip.matrix)
        for t in range(FIRST, FIRST + 61):
            found.read(packages[0], t, t + 1, source.get(packages[0], t, t + 1))
            found.end_epoch(outcomes.take, int(flip.feed.instants[t]))
        states.append(found.corrector.state())
    assert states[0] == states[1]


def test_epochs_of_several_bars_learn_the_same_later(flip, packages):
    one, other = correction(flip), correction(flip)
    source = SegmentForecasts(flip.feed, flip.matrix)
    go_on(flip, one, packages[0], FIRST, FIRST + 60)
    for t in range(FIRST, FIRST + 60, 5):
        other.read(packages[0], t, t + 5, source.get(packages[0], t, t + 5))
        other.end_epoch(flip.learn.outcomes, int(flip.feed.instants[t + 4]))
    assert one.corrector.state() == other.corrector.state()
    assert one.learned == other.learned


def test_between_boundaries_the_forecasts_of_a_bar_do_not_change(flip, packages):
    found = correction(flip)
    go_on(flip, found, packages[0], FIRST, FIRST + 60)
    assert found.corrector.belief.share > 0.0
    source = SegmentForecasts(flip.feed, flip.matrix)
    raw = source.get(packages[0], FIRST + 60, FIRST + 64)
    whole = found.read(packages[0], FIRST + 60, FIRST + 64, raw)
    apart = [
        found.read(packages[0], t, t + 1, source.get(packages[0], t, t + 1))
        for t in range(FIRST + 60, FIRST + 64)
    ]
    for name in Forecasts.__dataclass_fields__:
        pieces = np.concatenate([getattr(one, name) for one in apart])
        assert np.array_equal(pieces, getattr(whole, name), equal_nan=True)


def test_it_starts_as_the_package_and_differs_once_it_has_learned(flip, packages):
    said = go_on(flip, correction(flip), packages[0], FIRST, FIRST + 80)
    moved = changed(said)
    assert not any(moved[:20])
    assert all(moved[60:])


def test_a_swap_keeps_as_much_as_the_scores_agree(flip, packages):
    found = correction(flip)
    go_on(flip, found, packages[0], FIRST, FIRST + 60)
    before = found.corrector.slopes.copy()
    matrix = flip.matrix(packages[0])
    end = int(flip.feed.offsets[FIRST + 60])
    rows = np.ascontiguousarray(matrix[max(end - 1_000, 0) : end])
    expected = agreement(packages[0].score(rows), packages[1].score(rows))
    assert 0.3 < expected < 1.0
    source = SegmentForecasts(flip.feed, flip.matrix)
    found.read(packages[1], FIRST + 60, FIRST + 61, source.get(packages[1], FIRST + 60, FIRST + 61))
    assert found.corrector.slopes == pytest.approx(before * expected)


def test_what_compares_symbols_is_corrected_on_the_scores_it_compares(flip, packages, compares):
    raw, last = (compares(flip, package) for package in packages)
    matrix, feed = flip.matrix(packages[0]), flip.feed
    rows = slice(int(feed.offsets[FIRST]), int(feed.offsets[FIRST + 60]))
    time = feed.bars.event_time[rows]
    score = scores_read(raw, matrix[rows], time)
    means = np.bincount(np.repeat(np.arange(60), 3), weights=score)
    assert means == pytest.approx(np.zeros(60), abs=1e-12)
    assert np.ptp(packages[0].score(np.ascontiguousarray(matrix[rows])) - score) > 0.01

    one, other = correction(flip), correction(flip)
    go_on(flip, one, raw, FIRST, FIRST + 60)
    source = SegmentForecasts(flip.feed, flip.matrix)
    for t in range(FIRST, FIRST + 60, 5):
        other.read(raw, t, t + 5, source.get(raw, t, t + 5))
        other.end_epoch(flip.learn.outcomes, int(flip.feed.instants[t + 4]))
    assert one.corrector.state() == other.corrector.state()

    before = one.corrector.slopes.copy()
    end = int(feed.offsets[FIRST + 60])
    newest = slice(max(end - 1_000, 0), end)
    times = feed.bars.event_time[newest]
    kept = agreement(*(scores_read(each, matrix[newest], times) for each in (raw, last)))
    one.read(last, FIRST + 60, FIRST + 61, source.get(last, FIRST + 60, FIRST + 61))
    assert one.corrector.slopes == pytest.approx(before * kept)


def test_a_loop_without_outcomes_cannot_learn_online(flip):
    line = flip.config.lines[0].model_copy(update={"online": OnlineConfig()})
    config = flip.config.model_copy(update={"lines": (line,)})
    with pytest.raises(UsageError, match="line linear learns online"):
        TradeLoop(flip.feed, config, flip.ledger, flip.registry, flip.matrix)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (np.arange(50.0), np.arange(50.0) * 3 + 1, 1.0),
        (np.arange(50.0), -np.arange(50.0), -1.0),
        (np.arange(50.0), np.ones(50), 0.0),
        (np.arange(5.0), np.arange(5.0), 0.0),
        (np.full(50, np.nan), np.arange(50.0), 0.0),
    ],
)
def test_agreement_is_a_correlation_where_there_is_one(one, other, expected):
    assert agreement(one, other) == pytest.approx(expected)
