import numpy as np
import pytest

from edgekeeper.errors import BadData
from edgekeeper.validate.drift_table import DriftTable
from edgekeeper.validate.feature_drift import compare_tables

NAMES = ("a", "b", "c", "d")


def rows(n, seed, flip=1.0):
    x = np.random.default_rng(seed).standard_normal((n, 4))
    x[:, 1] = 0.8 * flip * x[:, 0] + 0.6 * x[:, 1]
    return x


def compare(before, after, **options):
    return compare_tables(DriftTable.of(NAMES, before), DriftTable.of(NAMES, after), **options)


def test_no_change_no_drift():
    found = compare(rows(600, 0), rows(300, 1))
    assert not found.drift
    assert found.changed == ()
    assert [c.name for c in found.columns] == list(NAMES)
    assert all(c.stability > 0.95 for c in found.columns)


def test_the_level_holds_over_all_questions():
    """Four columns, their gaps and six pairs at once: at 5 % more than 7 of 60 come once in 50."""
    hits = sum(compare(rows(300, s), rows(200, 500 + s), monitored=False).drift for s in range(60))
    assert hits <= 7


def test_each_change_is_named():
    after = rows(300, 1, flip=-1.0)
    after[100:, 2] += 1.5
    after[::4, 3] = np.nan
    found = compare(rows(600, 0), after)
    assert set(found.changed) == {"c", "d"}
    assert [(p.first, p.second) for p in found.changed_pairs] == [("a", "b")]
    assert found.changed_pairs[0].before > 0.7 > -0.7 > found.changed_pairs[0].after
    by_name = {c.name: c for c in found.columns}
    assert by_name["d"].missing_after == 0.25
    windows = by_name["c"].windows
    assert len(windows) == len(found.window_ends) == 15
    assert windows[:4].min() > 0.9 > windows[-8:].max()
    assert found.alarm is not None
    assert found.since_instant <= found.alarm_instant < 300


def test_symbols_of_one_instant_count_once():
    """Twenty copies of a short record are no long one."""
    names, n = ("x",), 40
    rng = np.random.default_rng(3)
    hits = {False: 0, True: 0}
    for _ in range(30):
        before, after = rng.standard_normal((2, n))
        tables = [np.repeat(x, 20)[:, None] for x in (before, after)]
        for together in hits:
            instants = np.repeat(np.arange(n), 20) if together else np.arange(20 * n)
            pair = [DriftTable.of(names, x, instants) for x in tables]
            hits[together] += bool(compare_tables(*pair, monitored=False).changed)
    assert hits[True] <= 4


def test_what_has_no_values_is_no_finding():
    before, after = rows(200, 0), rows(200, 1)
    before[:, 0] = after[:, 0] = np.nan
    before[:, 1] = after[:, 1] = 5.0
    found = compare(before, after, monitored=False)
    assert not found.drift
    assert np.isnan(found.columns[0].ks)
    assert np.isnan(found.columns[0].stability)


def test_averages_of_an_instant_leave_out_what_is_missing():
    table = DriftTable.of(("x",), np.array([[1.0], [np.nan], [np.nan]]), np.array([5, 5, 9]))
    np.testing.assert_array_equal(table.by_instant(), [[1.0], [np.nan]])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: compare(rows(19, 0), rows(300, 1)), "reference: expected at least 20"),
        (lambda: compare(rows(300, 0), rows(0, 1)), "current: expected at least 20"),
        (lambda: compare_tables(DriftTable.of(("a",), rows(50, 0)[:, :1]),
                                DriftTable.of(("b",), rows(50, 0)[:, :1])), "same columns"),
        (lambda: DriftTable.of(NAMES, rows(3, 0), np.array([2, 1, 3])), "time order"),
        (lambda: DriftTable.of(("a",), rows(3, 0)), "expected values"),
    ],
)  # fmt: skip
def test_tables_that_do_not_fit_are_refused(make, said):
    with pytest.raises(BadData, match=said):
        make()
