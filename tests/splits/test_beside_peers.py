"""Our splits beside those of purgedcv and skfolio, for labels of any length.

``docs/agreement.md`` says where ours differ on purpose.
"""

import numpy as np
import pytest

from edgekeeper.splits import CombinatorialPurged, PurgedKFold

pytestmark = pytest.mark.filterwarnings("ignore")  # the peers' own


def labels(seed, rows=240, longest=12):
    random = np.random.default_rng(seed)
    start = np.arange(rows, dtype=np.int64)
    return start, start + random.integers(1, longest, rows)


def days(numbers):
    return numbers.astype("datetime64[D]").astype("datetime64[ns]")


def closed(end):
    """Their intervals leave the end out: a label that starts when another ends may train."""
    return days(end) + np.timedelta64(1, "ns")


def pairs(splits):
    return [(train.tolist(), test.tolist()) for train, test in splits]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("embargo", [0, 5])
def test_purged_k_fold_beside_purgedcv(seed, embargo):
    peer = pytest.importorskip("purgedcv")
    start, end = labels(seed)
    ours = pairs(PurgedKFold(6, embargo=embargo).split(start, end))
    splitter = peer.PurgedKFold(
        6,
        prediction_times=days(start),
        evaluation_times=closed(end),
        embargo=np.timedelta64(embargo, "D") if embargo else None,
    )
    theirs = pairs(splitter.split(np.zeros((len(start), 1))))
    for (our_train, our_test), (their_train, their_test) in zip(ours, theirs, strict=True):
        assert our_test == their_test
        assert our_train == their_train


@pytest.mark.parametrize("seed", range(5))
def test_combinatorial_beside_purgedcv(seed):
    peer = pytest.importorskip("purgedcv")
    start, end = labels(seed)
    ours = pairs(CombinatorialPurged(6, 2).split(start, end))
    splitter = peer.CombinatorialPurgedCV(
        6, 2, prediction_times=days(start), evaluation_times=closed(end)
    )
    theirs = pairs(splitter.split(np.zeros((len(start), 1))))
    assert sorted(ours) == sorted(theirs)


@pytest.mark.parametrize(("groups", "tested"), [(6, 2), (8, 3)])
def test_combinatorial_beside_skfolio(groups, tested):
    """skfolio purges a fixed number of rows on both sides of a test: labels of one length."""
    peer = pytest.importorskip("skfolio.model_selection")
    held = 5
    start = np.arange(240, dtype=np.int64)
    ours = CombinatorialPurged(groups, tested)
    theirs = peer.CombinatorialPurgedCV(groups, tested, purged_size=held)
    assert theirs.n_test_paths == ours.n_paths
    expected = [
        (train.tolist(), np.concatenate(test).tolist())
        for train, test in theirs.split(np.zeros((240, 1)))
    ]
    assert sorted(pairs(ours.split(start, start + held))) == sorted(expected)
