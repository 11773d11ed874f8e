"""``edgekeeper notify`` against servers that speak the vendors' protocols."""

import pytest

from edgekeeper.alerts import Outbox
from edgekeeper.alerts.alert import Alert
from edgekeeper.config import parse_config
from edgekeeper.testing.message_servers import SlackServer, WebhookServer
from edgekeeper.testing.telegram_server import TelegramServer
from edgekeeper.watch import keep_local


@pytest.fixture
def telegram(monkeypatch):
    with TelegramServer() as server:
        server.chats = {7, -5}
        monkeypatch.setenv("EDGEKEEPER_TELEGRAM_TOKEN", server.token)
        yield server


@pytest.fixture
def slack(monkeypatch):
    with SlackServer() as server:
        monkeypatch.setenv("EDGEKEEPER_SLACK_URL", server.hook)
        yield server


@pytest.fixture
def webhook():
    with WebhookServer("a secret of this test") as server:
        yield server


def test_each_channel_is_tried_and_says_what_came_back(
    edgekeeper, tmp_path, telegram, slack, webhook
):
    (tmp_path / "edgekeeper.toml").write_text(
        f"""
        [notify]
        telegram = {{ chats = [7, -5], api_url = "{telegram.url}" }}
        slack = {{}}
        webhook = {{ url = "{webhook.url}", secret_env = "NOT_SET" }}
        heartbeat_url = "{slack.url}/ping"
        """
    )
    done = edgekeeper("notify", "test", "--json")
    assert done.code == 1
    told = {one["channel"]: one for one in done.json["channels"]}
    assert {name for name, one in told.items() if one["delivered"]} == {
        "telegram 7", "telegram -5", "slack"
    }  # fmt: skip
    assert "NOT_SET" in told["webhook"]["said"]
    assert told["heartbeat"]["said"] == "the outside monitor: 404"
    assert [str(one["chat_id"]) for one in telegram.sent] == ["7", "-5"]
    assert "this is a test" in slack.texts[0]
    shown = edgekeeper("notify", "test", "telegram")
    assert shown.code == 0
    assert "delivered" in shown.out
    assert telegram.token not in done.out + shown.out


def test_a_run_is_tried_by_its_own_settings(edgekeeper, tmp_path, slack):
    (tmp_path / "run").mkdir()
    keep_local(tmp_path / "run", parse_config({"notify": {"slack": {}, "name": "my run"}}))
    assert edgekeeper("notify", "test", "--data", "run").code == 0
    assert "my run, " in slack.texts[0]


def test_wrong_usage_says_what_to_do(edgekeeper, tmp_path, slack):
    assert "docs/notifications.md" in edgekeeper("notify", "test").err
    assert "holds no run yet" in edgekeeper("notify", "test", "--data", "elsewhere").err
    (tmp_path / "edgekeeper.toml").write_text("[notify]\nslack = {}")
    done = edgekeeper("notify", "test", "slak")
    assert done.code == 2
    assert "did you mean 'slack'" in done.err


def test_how_channels_fare(edgekeeper, tmp_path):
    assert "No channel" in edgekeeper("notify", "status", "--data", tmp_path).out
    outbox = Outbox(tmp_path / "outbox.sqlite")
    alert = Alert(1, "critical", "drift", "odd")
    outbox.put("slack", alert, now_ns=10**18, due_ns=10**18, repeat_ns=0, most=10)
    batch = outbox.claim("slack", 10**18, quiet=False)
    outbox.failed("slack", batch.key, "Slack: 404 no_service", 10**18, wait_ns=1, hopeless=False)
    outbox.close()
    shown = edgekeeper("notify", "status", "--data", tmp_path).out
    assert "down since" in shown
    assert "2001-09-09" in shown
    (told,) = edgekeeper("notify", "status", "--data", tmp_path, "--json").json["channels"]
    assert (told["waiting"], told["last_error"]) == (1, "Slack: 404 no_service")
