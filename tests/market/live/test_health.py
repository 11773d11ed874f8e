import pytest

from edgekeeper.market.live import REFUSAL, SILENT_AFTER, Health
from edgekeeper.waiting import LONGEST_WAIT_SECONDS, Backoff, told_wait

SECOND = 10**9
HOUR = 3_600 * SECOND
NOON = 1_700_049_600 * SECOND  # 2023-11-15 12:00 UTC


def failing(times, kind="timeout", minutes=0):
    health = Health("kraken", last_bar_ns=NOON - HOUR, next_due_ns=NOON)
    for number in range(times):
        now = NOON + number * minutes * 60 * SECOND
        health = health.failed(kind, "no answer", now, now + 30 * SECOND)
    return health


def test_nothing_wrong():
    health = Health("kraken", last_bar_ns=NOON, next_due_ns=NOON + HOUR)
    assert health.sentence(NOON) == "kraken: last bar 12:00, next due 13:00; nothing wrong"


def test_before_the_first_bar_and_over_days():
    health = Health("alpaca", next_due_ns=NOON + 50 * HOUR)
    assert health.sentence(NOON) == (
        "alpaca: last bar none yet, next due 2023-11-17 14:00; nothing wrong"
    )


def test_some_failures_are_not_silence():
    health = failing(SILENT_AFTER - 1)
    assert health.silent_since_ns is None
    assert health.sentence(NOON) == (
        "kraken: last bar 11:00, next due 12:00; 4 timeouts: trying again in 30 s"
    )


def test_silence():
    health = failing(SILENT_AFTER, minutes=3)
    now = NOON + 12 * 60 * SECOND
    assert health.silent_since_ns == NOON
    assert health.sentence(now) == (
        "kraken has been silent for 12 minutes: 5 timeouts; trying again in 30 s"
    )
    assert health.sentence(now + 60 * SECOND).endswith("trying again now")
    mixed = health.failed("server error", "500", now, now + SECOND)
    assert "5 timeouts, 1 server error;" in mixed.sentence(now)


def test_an_answer_ends_it_and_the_last_error_stays():
    health = failing(9).answered(NOON + HOUR, None)
    assert (health.consecutive_failures, health.silent_since_ns) == (0, None)
    assert health.last_error == "no answer"
    assert health.last_good_poll_ns == NOON + HOUR


def test_a_refusal_is_quoted():
    said = failing(1, REFUSAL).sentence(NOON)
    assert said == "kraken says no: no answer; trying again in 30 s"


def test_rows_set_aside_are_told():
    health = Health("kraken", NOON, NOON).set_aside({"late": 1}).set_aside({"late": 2, "odd": 1})
    assert health.quarantined == {"late": 3, "odd": 1}
    assert health.sentence(NOON).endswith("; 4 rows in quarantine, mostly: late")


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None), ("", None), ("soon", None), ("nan", None), ("1.5", 1.5), ("-3", 0.0),
        ("1e300", LONGEST_WAIT_SECONDS), ("Wed, 15 Nov 2023 12:00:45 GMT", 45.0),
        ("Wed, 15 Nov 2023 11:00:45 GMT", 0.0),
    ],
)  # fmt: skip
def test_told_wait(header, wait):
    assert told_wait(header, NOON) == wait


def test_backoff_is_bounded():
    waits = [Backoff(seed).wait(failures) for seed in range(20) for failures in (1, 10, 10_000)]
    assert min(waits) >= 0.5
    assert max(waits) <= 60.0
