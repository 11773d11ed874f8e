import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper import DriftMonitor
from edgekeeper.errors import BadData, UsageError

RNG = np.random.default_rng(7)
PLAIN = RNG.standard_normal((600, 3)) @ np.array([[1, 0.6, 0], [0, 0.8, 0], [0, 0, 1]])
MONITOR = DriftMonitor.fit(PLAIN, horizon=400, names=["a", "b", "c"])
STATE = MONITOR.state()


def fresh(state=STATE):
    return DriftMonitor.restore(state)


def delay(monitor, rows):
    return next((t for t, row in enumerate(rows, 1) if monitor.update(row)), None)


def like_before(n, seed=1):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 3)) @ np.array([[1, 0.6, 0], [0, 0.8, 0], [0, 0, 1]])


def ar(n, seed):
    noise = np.random.default_rng(seed).standard_normal(n + 100)
    x = np.zeros(n + 100)
    for t in range(1, n + 100):
        x[t] = 0.5 * x[t - 1] + noise[t]
    return x[100:]


KINDS = {
    "normal": lambda n, seed: np.random.default_rng(seed).standard_normal(n),
    "ar": ar,
    "student": lambda n, seed: np.random.default_rng(seed).standard_t(3, n),
}


@pytest.mark.parametrize("kind", KINDS)
def test_few_false_alarms(kind):
    """Of 40 streams, at 5 % more than 6 alarm with a probability of 1.4 %; naive methods alarm in
    30 to 100 % of them (Page-Hinkley, KSWIN)."""
    alarms = 0
    for seed in range(40):
        x = KINDS[kind](600, seed)
        alarms += delay(DriftMonitor.fit(x[:300], horizon=300, seed=seed), x[300:]) is not None
    assert alarms <= 6


def test_a_larger_budget_is_used():
    """With half of the streams allowed to alarm, some do: thresholds are not merely enormous."""
    alarms = 0
    for seed in range(20):
        x = np.random.default_rng(seed).standard_normal(900)
        monitor = DriftMonitor.fit(x[:500], false_alarm=0.5, horizon=400, seed=seed)
        alarms += delay(monitor, x[500:]) is not None
    assert 1 <= alarms <= 15


@pytest.mark.parametrize(
    ("change", "kind", "rose", "within"),
    [
        (lambda x: x - [-2.0, 0, 0], "level", True, 40),
        (lambda x: x - [0, 0, 2.0], "level", False, 40),
        (lambda x: x * [1, 1, np.sqrt(2.0)], "spread", True, 250),
        (lambda x: x * [1, 1, 0.3], "spread", False, 80),
        (lambda x: x * [1, -1, 1], "correlation", False, 80),
        (lambda x: np.where(np.arange(len(x))[:, None] % 3 == [0, 9, 9], np.nan, x), "missing",
         True, 60),
    ],
)  # fmt: skip
def test_each_change_is_found_named_and_traced_back(change, kind, rose, within):
    monitor = fresh()
    assert delay(monitor, like_before(50)) is None
    waited = delay(monitor, change(like_before(400, seed=2)))
    assert waited is not None
    assert waited <= within
    alarm = monitor.alarm
    assert (alarm.kind, alarm.rose, alarm.at) == (kind, rose, 49 + waited)
    assert set(alarm.features) <= {"a", "b", "c"}
    assert len(alarm.features) == (2 if kind == "correlation" else 1)
    assert 10 <= alarm.since <= 50 + waited
    assert alarm.statistic > alarm.threshold
    assert alarm.features[0] in alarm.sentence


def test_heavy_tails_alone_are_no_reason():
    monitor = fresh()
    rows = like_before(60)
    rows[::20, 0] = 1e12
    assert delay(monitor, rows) is None


def test_an_alarm_stays_until_the_reset_which_forgets_all():
    monitor = fresh()
    assert delay(monitor, like_before(60) + 3.0) is not None
    told = monitor.alarm
    assert monitor.update([0.0, 0.0, 0.0])
    assert monitor.alarm is told
    monitor.reset()
    assert (monitor.alarm, monitor.seen) == (None, 0)
    assert monitor.state() == STATE


@given(st.integers(0, 120), st.floats(-3.0, 3.0))
@settings(max_examples=25, deadline=None)
def test_a_restored_monitor_goes_on_to_the_bit(cut, shift):
    rows = like_before(150, seed=3) + shift
    rows[::7, 1] = np.nan
    whole, moved = fresh(), fresh()
    said = [whole.update(row) for row in rows]
    again = [moved.update(row) for row in rows[:cut]]
    moved = DriftMonitor.restore(moved.state())
    again += [moved.update(row) for row in rows[cut:]]
    assert again == said
    assert moved.state() == whole.state()
    assert moved.alarm == whole.alarm


@given(st.integers(1, 50))
@settings(max_examples=20, deadline=None)
def test_rising_transformations_change_nothing(power):
    """Ranks decide: the same monitor on another scale says the same at the same time."""
    plain = np.random.default_rng(1).standard_normal(250)
    first = DriftMonitor.fit(plain[:150], horizon=50)
    other = DriftMonitor.fit(np.exp(plain[:150] * power / 10), horizon=50)
    for x in plain[150:] + 1.0:
        assert first.update(x) == other.update(np.exp(x * power / 10))


def test_missing_is_not_zero_and_a_single_gap_no_alarm():
    monitor = fresh()
    assert not monitor.update([np.nan, np.nan, np.nan])
    rows = like_before(30)
    untouched = fresh()
    untouched.update(like_before(1, seed=9)[0])
    for row in rows:
        monitor.update(row)
    level = monitor._arrays.channels[0, 0]
    assert level == untouched._arrays.channels[0, 0]
    assert monitor.alarm is None


def test_a_constant_column_alarms_when_it_moves_for_good():
    reference = np.stack([np.full(300, 5.0), RNG.standard_normal(300)], axis=1)
    monitor = DriftMonitor.fit(reference, horizon=100, names=["still", "moving"])
    assert not monitor.update([5.0, 0.3])
    assert not monitor.update([6.0, 0.3])
    assert delay(monitor, [[6.0, 0.0]] * 10) is not None
    assert (monitor.alarm.kind, monitor.alarm.features) == ("level", ("still",))


def test_a_column_that_was_never_there_alarms_when_it_comes():
    reference = np.stack([np.full(300, np.nan), RNG.standard_normal(300)], axis=1)
    monitor = DriftMonitor.fit(reference, horizon=100)
    assert delay(monitor, [[1.0, 0.0]] * 20) is not None
    assert (monitor.alarm.kind, monitor.alarm.rose) == ("missing", False)


def test_a_random_walk_is_flagged():
    walk = np.cumsum(np.random.default_rng(0).standard_normal(600))
    assert DriftMonitor.fit(walk, horizon=50).persistent
    assert not MONITOR.persistent


def test_the_same_seed_gives_the_same_thresholds():
    x = PLAIN[:200, 0]
    one, same, other = (DriftMonitor.fit(x, horizon=50, seed=s).state() for s in (1, 1, 2))
    assert one == same != other


def test_many_features_keep_the_most_correlated_pairs():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((100, 70))
    rows[:, 69] = rows[:, 3]
    monitor = DriftMonitor.fit(rows, horizon=10)
    pairs = monitor._arrays.pairs.tolist()
    assert len(pairs) == 2_016
    assert [3, 69] in pairs


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ([], "100 rows"), ([1.0] * 99, "100 rows"), (np.zeros((0, 3)), "100 rows"),
        (np.zeros((200, 0)), "shape"), (np.zeros((2, 2, 200)), "shape"), (5.0, "shape"),
        ([1.0] * 200 + [np.inf], "infinity"), (["a"] * 200, "numbers"), ([None] * 200, "numbers"),
        ([1j] * 200, "numbers"), ([[1.0], [1.0, 2.0]] * 100, "numbers"), ("text", "numbers"),
    ],
)  # fmt: skip
def test_a_reference_that_is_none_is_refused(reference, said):
    with pytest.raises(BadData, match=said):
        DriftMonitor.fit(reference)


@pytest.mark.parametrize(
    "wrong",
    [
        {"false_alarm": 0.0}, {"false_alarm": 1.0}, {"false_alarm": np.nan}, {"horizon": 9},
        {"horizon": 10**9}, {"horizon": 1.5}, {"names": ["a"]}, {"names": ["a", "a", "b"]},
    ],
)  # fmt: skip
def test_a_budget_that_is_none_is_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        DriftMonitor.fit(PLAIN, **wrong)


@pytest.mark.parametrize("row", [[1.0], [], 1.0, ["a", "b", "c"], [[1.0] * 3] * 2, None, "abc"])
def test_a_row_that_does_not_fit_is_refused_and_not_counted(row):
    monitor = fresh()
    with pytest.raises(BadData):
        monitor.update(row)
    assert monitor.state() == STATE


@pytest.mark.parametrize(
    "damaged",
    [b"", b"EKDRIFT1", STATE[:-1], STATE + b"x", STATE[:300] + b"\xff" + STATE[301:], "text", None,
     b"\x80\x04" + STATE],
)  # fmt: skip
def test_a_damaged_state_is_refused(damaged):
    with pytest.raises(BadData, match="state"):
        DriftMonitor.restore(damaged)
