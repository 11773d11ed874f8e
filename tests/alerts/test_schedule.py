"""Hours as people have them: over midnight, and where a clock is changed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.alerts import Alert, Schedule
from edgekeeper.config import NotifyConfig, parse_config
from edgekeeper.errors import UsageError

BERLIN = "Europe/Berlin"
MINUTE = 60 * 10**9


def at(text, zone="UTC"):
    when = datetime.fromisoformat(text)
    return round(when.replace(tzinfo=ZoneInfo(zone)).timestamp()) * 10**9


def hours(**settings):
    return Schedule(NotifyConfig(**settings))


def alert(severity, rule="x"):
    return Alert(0, severity, rule, "said")


@pytest.mark.parametrize(
    ("begin", "end", "quiet", "loud"),
    [
        ("22:00", "07:00", ["22:00", "23:59", "00:00", "06:59"], ["07:00", "12:00", "21:59"]),
        ("13:00", "14:30", ["13:00", "14:29"], ["12:59", "14:30", "00:00"]),
        ("00:00", "00:00", [], ["00:00", "12:00"]),
    ],
)
def test_quiet_hours_may_go_over_midnight(begin, end, quiet, loud):
    schedule = hours(quiet_from=begin, quiet_until=end, time_zone=BERLIN)
    assert all(schedule.is_quiet(at(f"2024-06-05T{hour}", BERLIN)) for hour in quiet)
    assert not any(schedule.is_quiet(at(f"2024-06-05T{hour}", BERLIN)) for hour in loud)


def test_quiet_hours_where_the_clock_is_changed():
    """02:30 does not exist on the last Sunday of March, and is there twice in October."""
    schedule = hours(quiet_from="22:00", quiet_until="02:30", time_zone=BERLIN)
    spring = at("2024-03-31T00:59:59")  # 01:59:59 there; a second later it is 03:00
    assert schedule.is_quiet(spring)
    assert not schedule.is_quiet(spring + 10**9)
    autumn = at("2024-10-27T00:29:59")  # 02:29:59 there, the first time
    assert schedule.is_quiet(autumn)
    assert not schedule.is_quiet(autumn + 10**9)
    assert schedule.is_quiet(at("2024-10-27T01:15:00")), "02:15 once more"
    assert not schedule.is_quiet(at("2024-10-27T01:30:00"))


@given(st.integers(0, 2 * 10**18))
def test_without_quiet_hours_it_is_never_quiet(now_ns):
    assert not hours(time_zone=BERLIN).is_quiet(now_ns)


def test_critical_at_once_warnings_together_information_on_its_day():
    now = at("2024-06-05T12:00")  # a Wednesday
    weekly, daily = hours(group_minutes=10), hours(info="daily", time_zone=BERLIN)
    assert weekly.due_ns(alert("critical"), now) == now
    assert weekly.due_ns(alert("warning"), now) == now + 10 * MINUTE
    assert weekly.due_ns(alert("info"), now) == at("2024-06-10T08:00")
    assert daily.due_ns(alert("info"), now) == at("2024-06-06T08:00", BERLIN)
    for rule in ("weekly", "drawdown_critical_cleared"):
        assert weekly.due_ns(alert("info", rule), now) == now + 10 * MINUTE
    at_once = hours(info="at once", group_minutes=0)
    assert at_once.due_ns(alert("info"), now) == now


@given(st.integers(0, 4 * 10**18), st.sampled_from(["daily", "weekly"]))
def test_a_digest_is_within_its_day_or_week_at_its_hour(now_ns, info):
    due = hours(info=info, time_zone=BERLIN, digest_at="02:30").due_ns(alert("info"), now_ns)
    assert 0 < due - now_ns <= (1 if info == "daily" else 7) * 86_400 * 10**9 + 3_600 * 10**9
    here = datetime.fromtimestamp(due / 10**9, UTC).astimezone(ZoneInfo(BERLIN))
    assert (here.hour, here.minute) in ((2, 30), (3, 30)), "in March it does not exist"
    assert info == "daily" or here.weekday() == 0


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("quiet_from = '22:00'", "both quiet_from and quiet_until"),
        ("time_zone = 'Europe/Berlim'", "Europe/Berlim"),
        ("time_zone = '../../etc/passwd'", "time_zone"),
        ("quiet_from = '25:00'\nquiet_until = '07:00'", "expected an hour"),
        ("slack = { url = 'https://hooks' }", "url"),
        ("telegram = { chats = [] }", "chats"),
        ("telegram = { chats = [1], token = 'secret-token' }", "token"),
        ("webhook = { url = 'https://me:secret-word@x' }", "no setting"),
        ("webhook = { url = 'ftp://x' }", "https://"),
        ("heartbeat_url = 'nonsense'", "https://"),
        ("email = { host = 'x', sender = 'me@x', to = ['a b@x'] }", "to"),
        ("email = { host = 'x', sender = 'a@x', to = ['a@x'], user = 'u', security = 'none' }",
         "readable"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(given, why):
    with pytest.raises(UsageError, match=why) as refused:
        parse_config(f"[notify]\n{given}")
    assert "secret-token" not in str(refused.value)
