"""A death is told by whoever is left, over the network, while one channel is dead."""

import json
import socket
import time

import pytest

from edgekeeper.alerts import Alert, channel_states, channels_of
from edgekeeper.config import Config, parse_config
from edgekeeper.ledger import Ledger
from edgekeeper.testing.telegram_server import TelegramServer
from edgekeeper.watch import Heart, keep_local, keep_vigil, with_local


@pytest.fixture
def telegram(monkeypatch):
    with TelegramServer() as server:
        monkeypatch.setenv("EDGEKEEPER_TELEGRAM_TOKEN", server.token)
        yield server


@pytest.fixture
def dead(monkeypatch):
    """Whoever listens there accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"http://127.0.0.1:{listener.getsockname()[1]}/services/secret"
        monkeypatch.setenv("EDGEKEEPER_SLACK_URL", place)
        yield


@pytest.fixture
def run(tmp_path, telegram):
    keep_local(
        tmp_path,
        parse_config(
            {
                "watch": {"heartbeat_seconds": 0.05, "dead_after_seconds": 0.2},
                "notify": {
                    "timeout_seconds": 3,
                    "slack": {},
                    "telegram": {"chats": [7], "api_url": telegram.url},
                },
            }
        ),
    )
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger, ledger.transaction("trade") as tx:
        tx.append("runs", {"started_market_ns": 1, "run_id": "r", "config_hash": "c",
                           "config_json": [Config().model_dump(mode="json")],
                           "data_hash": "d"})  # fmt: skip
    return tmp_path


def test_the_watch_tells_that_trading_died_and_what_it_had_not_sent(run, telegram, dead):
    # What trade raised while Telegram was away, before it was killed.
    telegram.faults = ["drop"]
    trade = channels_of(run, with_local(run, Config()).notify)
    trade.send(Alert(time.time_ns(), "critical", "drawdown_critical", "far below its high"))
    until = time.monotonic() + 5
    while not telegram.asked:
        assert time.monotonic() < until
        time.sleep(0.01)
    trade.close(0.05)
    Heart(run, "trade", 0.0).beat("failed")
    began = time.monotonic()
    keep_vigil(run, stop=lambda: len(telegram.sent) == 2 or time.monotonic() - began > 8)
    texts = [one["text"].partition("\n")[0] for one in telegram.sent]
    assert texts == [
        "Critical: far below its high",
        texts[1],
    ]
    assert "ended by an error" in texts[1]
    states = {state.name: state for state in channel_states(run)}
    assert states["slack"].waiting == 2, "it is dead; that hindered nobody"
    told = [json.loads(line)["rule"] for line in (run / "alerts.log").read_text().splitlines()]
    assert told[:2] == ["drawdown_critical", "trade_dead"]
