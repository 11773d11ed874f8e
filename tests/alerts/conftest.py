"""Servers on this machine that alerts go to, and messages to send."""

import pytest

from edgekeeper.alerts import Alert, Secret, Sender, write_notice
from edgekeeper.testing.message_servers import SlackServer, WebhookServer
from edgekeeper.testing.telegram_server import TelegramServer


@pytest.fixture
def telegram():
    with TelegramServer() as server:
        yield server


@pytest.fixture
def slack():
    with SlackServer() as server:
        yield server


@pytest.fixture
def webhook():
    with WebhookServer("a secret of this test") as server:
        yield server


@pytest.fixture
def keep(monkeypatch):
    """Put a secret where it belongs, and return where that is."""

    def kept(text, name="EDGEKEEPER_SECRET_OF_A_TEST"):
        monkeypatch.setenv(name, text)
        return Secret("a secret of a test", name)

    return kept


@pytest.fixture
def notice():
    alert = Alert(5, "critical", "drawdown_critical", "equity <b>: 16 % & below its high")
    return write_notice("key-1", [(alert, 0)], Sender("paper"), 3_000)
