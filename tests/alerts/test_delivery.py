"""The whole way, in the background: what is dead or slow costs the sender nothing."""

import json
import socket
import threading
import time

import pytest

from edgekeeper.alerts import (
    Alert,
    Courier,
    Delivery,
    FileChannel,
    Outbox,
    Schedule,
    Sender,
    Undelivered,
    channel_states,
    channels_of,
)
from edgekeeper.clock import ManualClock, WallClock
from edgekeeper.config import NotifyConfig

MINUTE = 60 * 10**9
NOON = 1_700_049_600 * 10**9  # a Wednesday, 12:00 UTC


def alert(severity="critical", message="said", rule="drift", time_ns=NOON):
    return Alert(time_ns, severity, rule, message)


def wait_for(what, seconds=5.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.005)


@pytest.fixture
def secrets(monkeypatch, telegram, slack, webhook):
    monkeypatch.setenv("EDGEKEEPER_TELEGRAM_TOKEN", telegram.token)
    monkeypatch.setenv("EDGEKEEPER_SLACK_URL", slack.hook)
    monkeypatch.setenv("EDGEKEEPER_WEBHOOK_SECRET", webhook.secret)


def settings(telegram, webhook, /, **more):
    return NotifyConfig.model_validate(
        {
            "group_minutes": 0,
            "timeout_seconds": 5.0,
            "telegram": {"chats": [7], "api_url": telegram.url},
            "slack": {},
            "webhook": {"url": webhook.url},
            **more,
        }
    )


def test_an_alert_reaches_every_channel_and_the_file(tmp_path, telegram, slack, webhook, secrets):
    channels = channels_of(tmp_path, settings(telegram, webhook))
    assert channels.send(alert()) == 4
    wait_for(lambda: telegram.sent and slack.texts and webhook.taken)
    channels.close()
    assert {state.delivered for state in channel_states(tmp_path)} == {1}
    assert json.loads((tmp_path / "alerts.log").read_text())["message"] == "said"
    assert telegram.sent[0]["text"].startswith("Critical: said")


def test_each_channel_has_its_least_severity(tmp_path, telegram, slack, webhook, secrets):
    only = {"chats": [7], "api_url": telegram.url, "severity": "critical"}
    given = settings(telegram, webhook, telegram=only, info="at once")
    channels = channels_of(tmp_path, given)
    for severity in ("info", "warning", "critical"):
        channels.send(alert(severity, f"{severity} said"))
    wait_for(lambda: sum(len(one["alerts"]) for one in webhook.taken) == 3 and telegram.sent)
    wait_for(lambda: "warning said" in "".join(slack.texts))
    channels.close()
    assert len(telegram.sent) == 1
    assert "info" not in "".join(slack.texts)


def test_who_accepts_and_never_answers_costs_the_loop_nothing(tmp_path, keep):
    """A listening socket whose connections nobody serves, with every alert critical."""
    keep("5:token-of-a-test", "EDGEKEEPER_TELEGRAM_TOKEN")
    with socket.create_server(("127.0.0.1", 0)) as dead:
        dead_url = f"http://127.0.0.1:{dead.getsockname()[1]}"
        given = NotifyConfig(timeout_seconds=20.0, telegram={"chats": [7], "api_url": dead_url})
        channels = channels_of(tmp_path, given)
        channels.send(alert())
        dead.settimeout(5.0)
        connection, _ = dead.accept()  # the courier hangs on it now
        took = []
        for number in range(50):
            before = time.perf_counter()
            assert channels.send(alert(message=f"{number}")) == 2
            took.append(time.perf_counter() - before)
        before = time.perf_counter()
        channels.close(0.1)
        assert time.perf_counter() - before < 5.0, "ending waits for nobody"
        connection.close()
    assert sorted(took)[25] < 0.01
    assert max(took) < 1.0
    assert channel_states(tmp_path)[0].waiting == 51


def test_what_waits_survives_a_restart(tmp_path, telegram, keep):
    keep(telegram.token, "EDGEKEEPER_TELEGRAM_TOKEN")
    given = NotifyConfig(timeout_seconds=5.0, telegram={"chats": [7], "api_url": telegram.url})
    telegram.faults = [500] * 1_000
    first = channels_of(tmp_path, given)
    for number in range(70):
        first.send(alert(message=f"number {number};"))
    wait_for(lambda: telegram.asked)
    first.close(0.2)
    telegram.faults = []
    clock = ManualClock(time.time_ns() + 10 * MINUTE)
    second = channels_of(tmp_path, given, clock=clock)
    wait_for(lambda: telegram.sent)
    second.close(5.0)
    text = "".join(one["text"] for one in telegram.sent)
    assert all(text.count(f"number {number};") == 1 for number in range(70))
    assert len(telegram.sent) < 10, "few messages, since there is a limit"


def test_what_a_process_that_is_gone_wrote_down_is_sent_by_another(tmp_path, telegram, keep):
    """The watch sends what trade wrote down before it died."""
    keep(telegram.token, "EDGEKEEPER_TELEGRAM_TOKEN")
    given = NotifyConfig(telegram={"chats": [7], "api_url": telegram.url})
    outbox = Outbox(tmp_path / "outbox.sqlite")
    now = time.time_ns()
    outbox.put("telegram", alert(), now_ns=now, due_ns=now, repeat_ns=0, most=10)
    outbox.close()
    watch = channels_of(tmp_path, given)
    telegram.wait_sent(1)
    watch.close()
    (sent,) = telegram.sent
    assert alert().message in sent["text"]


def test_without_channels_there_is_no_thread_and_no_outbox(tmp_path):
    before = threading.active_count()
    channels = channels_of(tmp_path, NotifyConfig())
    assert channels.send(alert()) == 1
    assert threading.active_count() == before
    channels.close()
    assert [path.name for path in tmp_path.iterdir()] == ["alerts.log"]


def test_an_outbox_that_cannot_be_used_stops_nobody(tmp_path, telegram, webhook, slack, secrets):
    (tmp_path / "outbox.sqlite").write_bytes(b"damaged" * 1_000)
    channels = channels_of(tmp_path, settings(telegram, webhook))
    assert channels.send(alert()) == 1
    channels.close()
    told = [json.loads(line) for line in (tmp_path / "alerts.log").read_text().splitlines()]
    assert [one["rule"] for one in told] == ["channel_down", "drift"]


# -- one step at a time, by a clock that is moved --------------------------------------------------


class Place:
    """Takes messages, or fails as told."""

    severity, longest = "info", 3_900

    def __init__(self, name="place"):
        self.name = name
        self.errors = []
        self.notices = []

    def prepare(self):
        pass

    def deliver(self, notice):
        if self.errors:
            raise self.errors.pop(0)
        self.notices.append(notice)


class Bench:
    def __init__(self, folder, **settings):
        self.clock, self.place = ManualClock(NOON), Place()
        self.outbox = Outbox(folder / "outbox.sqlite")
        self.schedule = Schedule(NotifyConfig(**settings))
        self.told = []
        self.courier = Courier(
            self.place, self.outbox, self.schedule, Sender("paper"), self.told.append, self.clock
        )

    def put(self, one):
        now = self.clock.now_ns()
        self.outbox.put("place", one, now_ns=now, due_ns=self.schedule.due_ns(one, now),
                        repeat_ns=0, most=1_000)  # fmt: skip

    def pass_time(self, seconds, step_seconds=5.0):
        until = self.clock.now_ns() + round(seconds * 10**9)
        while self.clock.now_ns() < until:
            wait = self.courier.step()
            ahead = round(max(wait, step_seconds) * 10**9)
            self.clock.advance_to(min(self.clock.now_ns() + ahead, until))
        self.courier.step()


@pytest.fixture
def bench(tmp_path):
    made = []

    def make(**settings):
        made.append(Bench(tmp_path, **settings))
        return made[-1]

    yield make
    for one in made:
        one.outbox.close()


def failed(kind, times, wait=None):
    return [Undelivered("no", kind, wait) for _ in range(times)]


def test_what_passes_is_tried_again_ever_more_slowly_and_told_when_it_lasts(bench):
    one = bench()
    one.place.errors = failed("passing", 10_000)
    one.put(alert())
    one.pass_time(100, 0.5)
    early = 10_000 - len(one.place.errors)
    assert 5 <= early <= 9, "1, 2, 4, … seconds, each with jitter"
    assert one.told == []
    one.pass_time(3_600)
    tries = 10_000 - len(one.place.errors) - early
    assert 12 <= tries <= 26, "five minutes at most, with jitter"
    assert [told.rule for told in one.told] == ["channel_down"], "once"
    one.place.errors = []
    one.pass_time(301)
    assert len(one.place.notices) == 1
    assert [told.rule for told in one.told] == ["channel_down", "channel_down_cleared"]
    keys = {notice.key for notice in one.place.notices}
    assert len(keys) == 1


def test_a_wait_that_was_asked_for_is_kept(bench):
    one = bench()
    one.place.errors = failed("passing", 1, wait=600.0)
    one.put(alert())
    one.pass_time(599)
    assert one.place.notices == []
    one.pass_time(6)
    assert len(one.place.notices) == 1


def test_what_a_person_has_to_mend_is_told_at_once_and_given_up_in_the_end(bench):
    one = bench(give_up_hours=2)
    one.place.errors = failed("refused", 10_000)
    one.put(alert(message="first"))
    one.courier.step()
    assert [told.rule for told in one.told] == ["channel_down"]
    assert "no" in one.told[0].message
    one.pass_time(3 * 3_600, 60.0)
    assert 10_000 - len(one.place.errors) < 15
    assert [told.rule for told in one.told] == ["channel_down", "channel_gave_up"]
    assert one.told[1].message.startswith("1 alert could not be sent by place")
    one.place.errors = []
    one.put(alert(message="second"))
    one.pass_time(901)
    assert [n.alerts[0][0].message for n in one.place.notices] == ["second"]


def test_a_message_that_nobody_takes_is_told_and_the_next_goes(bench):
    one = bench()
    one.place.errors = failed("hopeless", 1)
    one.put(alert(message="cursed"))
    one.put(alert(message="fine"))
    one.pass_time(10, 1.0)
    assert [n.alerts[0][0].message for n in one.place.notices] == ["fine"]
    assert [told.rule for told in one.told] == ["channel_gave_up"]


def test_the_night_is_kept_and_one_message_comes_in_the_morning(bench):
    """From noon on; at night one thing is critical, three are not."""
    one = bench(quiet_from="22:00", quiet_until="07:00", group_minutes=10)
    one.pass_time(11 * 3_600, 600.0)  # 23:00
    for number in range(3):
        one.put(alert("warning", f"w{number}"))
    one.put(alert("critical", "fire"))
    one.pass_time(7.9 * 3_600, 60.0)  # 06:54
    assert [[a.message for a, _ in n.alerts] for n in one.place.notices] == [["fire"]]
    one.pass_time(0.2 * 3_600, 60.0)
    assert [a.message for a, _ in one.place.notices[1].alerts] == ["w0", "w1", "w2"]
    assert one.place.notices[1].text.startswith("paper: 3 things to know")


def test_information_waits_for_monday(bench):
    one = bench(info="weekly")
    one.put(alert("info", "promoted", "line_promoted"))
    one.pass_time(4.8 * 86_400, 3_600.0)
    assert one.place.notices == []
    one.pass_time(0.1 * 86_400, 3_600.0)
    assert [n.alerts[0][0].message for n in one.place.notices] == ["promoted"]


def test_what_is_about_a_channel_goes_to_the_others(tmp_path):
    dead, alive = Place("dead"), Place("alive")
    dead.errors = failed("refused", 100)
    files = [FileChannel(tmp_path / "alerts.log")]
    given = NotifyConfig(group_minutes=0)
    channels = Delivery(tmp_path, given, files, [dead, alive], WallClock())
    channels.send(alert())
    wait_for(lambda: len(alive.notices) == 2)
    channels.close()
    rules = [one.rule for notice in alive.notices for one, _ in notice.alerts]
    assert rules == ["drift", "channel_down"]
    states = {state.name: state for state in channel_states(tmp_path)}
    assert states["dead"].waiting == 1, "that it is dead does not wait for it"
    assert states["dead"].last_error == "no"
    assert "channel_down" in (tmp_path / "alerts.log").read_text()
