"""The client for bots, and each example, against the real service: side-car, API, HTTP."""

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import httpx
import pytest

from edgekeeper.api import Access, ApiSettings, make_api, uvicorn_settings
from edgekeeper.desk import Desk
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar import connect
from edgekeeper.sidecar.bot import Bot, WrongMessage

process_of = run_path(str(Path(__file__).with_name("kit.py")))["process_of"]
_EXAMPLES = Path(__file__).parents[2] / "examples" / "bots"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Everything that ``edgekeeper serve`` starts for bots: URL, token, folder."""
    import uvicorn

    folder = tmp_path_factory.mktemp("service") / "run"
    with process_of(folder), Desk(folder) as desk, socket.socket() as listening:
        access = Access(folder)
        token = access.create_token("bot", "trade")
        generous = ApiSettings(requests_per_second=1e6, requests_burst=1e6)
        app = make_api(desk, access, exchange=connect(folder), settings=generous)
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, **uvicorn_settings()))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            yield SimpleNamespace(url=url, token=token, folder=folder, desk=desk)
        finally:
            server.should_exit = True
            thread.join()


def table(service, name, columns=None):
    with Ledger.open(service.folder / "ledger.sqlite", read_only=True) as ledger:
        return ledger.read(name, columns)


def bot_of(service, folder, **options):
    return Bot(service.url, service.token, folder=folder, timeout_seconds=5, **options)


def ask(bot, id, **said):
    return bot.signal("BTC/USDT", "long", id=id, time=datetime.now(UTC), **said)


@contextlib.contextmanager
def halted(service):
    service.desk.order("kill", actor="Ann", reason="a test", wait_seconds=10)
    try:
        yield
    finally:
        service.desk.order("resume", actor="Ann", reason="a test", wait_seconds=10)


def example(name):
    spec = importlib.util.spec_from_file_location(name, _EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- the client ---------------------------------------------------------------------------------


def test_a_signal_and_its_outcome_arrive(service, tmp_path):
    bot = bot_of(service, tmp_path, background=False)
    verdict = ask(bot, "one", features={"rsi": 30.0, "unknown": None}, confidence=0.5)
    assert verdict.reached
    assert verdict.trade
    assert (verdict.decision, verdict.stake_share, verdict.mode) == ("take", 1.0, "observe")
    bot.outcome("one", 0.01, exit_reason="target", fees=0.1)
    assert bot.flush() == 0
    outcomes = table(service, "sidecar_outcomes", ["id", "net_return"])
    assert ("one", 0.01) in outcomes.rows()
    with pytest.raises(WrongMessage, match="another time and side"):
        bot.signal("BTC/USDT", "short", id="one")


def test_outcomes_wait_on_disk_while_nobody_answers(service, tmp_path):
    away = Bot("http://127.0.0.1:9", "x", folder=tmp_path, timeout_seconds=0.2, background=False)
    now = datetime.now(UTC)
    lost = away.signal("BTC/USDT", "long", id="lost", time=now)
    assert (lost.reached, lost.trade, lost.size) == (False, True, 1.0)
    away.outcome("lost", -0.02)
    away.outcome("lost", -0.02)  # told twice, kept once
    assert away.flush(0.2) == 2
    back = bot_of(service, tmp_path, background=False)
    assert back.flush() == 0
    assert not list((tmp_path / "refused").iterdir())
    assert ("lost", -0.02) in table(service, "sidecar_outcomes", ["id", "net_return"]).rows()
    back.outcome("never-sent", 0.5)
    assert back.flush() == 0
    (refused,) = (tmp_path / "refused").iterdir()
    assert "send the signal first" in json.loads(refused.read_text())["refused"]


def test_a_thread_sends_what_waits(service, tmp_path):
    bot = bot_of(service, tmp_path)
    ask(bot, "threaded")
    bot.outcome("threaded", 0.03)
    until = time.monotonic() + 10
    while list((tmp_path / "waiting").iterdir()):
        assert time.monotonic() < until
        time.sleep(0.02)
    bot.close()


def test_unreachable_is_what_was_chosen_and_never_slow(tmp_path):
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        bot = Bot(url, "x", folder=tmp_path, on_unreachable="skip", background=False)
        began = time.monotonic()
        verdict = ask(bot, "a")
        assert time.monotonic() - began < 1.0
        assert not verdict.trade
        assert verdict.reasons == ("Edgekeeper was not reached: skip",)


def test_a_halt_holds_while_nobody_can_be_asked_and_after_a_restart(service, tmp_path):
    bot = bot_of(service, tmp_path, background=False)
    before = ask(bot, "before-the-halt")
    assert before.trade
    with halted(service):
        during = ask(bot, "during-the-halt")
        assert (during.trade, during.halted, during.size) == (False, True, 0.0)
        away = Bot("http://127.0.0.1:9", "x", folder=tmp_path, background=False)
        assert not ask(away, "away").trade  # although it follows the bot when unreachable
    assert ask(bot, "after-the-halt").trade
    assert ask(away, "away-again").trade


def test_a_token_goes_nowhere_in_the_clear(tmp_path):
    with pytest.raises(ValueError, match="plain HTTP to example"):
        Bot("http://example.org", "secret", folder=tmp_path)
    for url in ("ftp://127.0.0.1", "127.0.0.1:80", ""):
        with pytest.raises(ValueError, match="url"):
            Bot(url, folder=tmp_path)
    with pytest.raises(ValueError, match="follow_bot or skip"):
        Bot(folder=tmp_path, on_unreachable="trade")
    with pytest.raises(ValueError, match="zone"):
        Bot(folder=tmp_path, background=False).signal(
            "A", "long", id="a", time=datetime(2026, 1, 5)
        )


def test_it_needs_nothing_but_the_standard_library(tmp_path):
    """Copied beside a bot, under an interpreter that has none of our libraries."""
    shutil.copy(sys.modules["edgekeeper.sidecar.bot"].__file__, tmp_path / "edgekeeper_bot.py")
    run = subprocess.run(
        [sys.executable, "-S", "-I", "-c",
         f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import edgekeeper_bot"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr.decode()


# -- the examples -------------------------------------------------------------------------------


def test_curl(service, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    environment = {**os.environ, "EDGEKEEPER_TOKEN": service.token, "EDGEKEEPER_URL": service.url}
    run = subprocess.run(
        ["/bin/sh", _EXAMPLES / "signals.sh", "from-curl"], env=environment, capture_output=True,
        check=True, cwd=tmp_path, text=True,
    )  # fmt: skip
    answer, noted = (json.loads(line) for line in run.stdout.splitlines())
    assert (answer["decision"], answer["size"]) == ("take", 1.0)
    assert noted == {"id": "from-curl", "new": True}


def test_python_bot(service, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EDGEKEEPER_TOKEN", service.token)
    example("python_bot").main(3, service.url, str(tmp_path / "state"))
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 4
    assert said[-1] == "still waiting to be sent: 0"
    mine = [id for id in table(service, "sidecar_outcomes", ["id"])["id"] if "python-bot" in id]
    assert len(mine) == 3


class _Trade:
    """Of freqtrade's, what its documentation says a callback may use."""

    def __init__(self):
        self.entry_side, self.exit_side, self.is_open = "buy", "sell", True
        self.open_rate, self.amount, self.fee_open, self.fee_close = 100.0, 2.0, 0.001, 0.001
        self.close_rate = self.close_profit = self.close_date_utc = self.exit_reason = None
        self._data = {}

    def set_custom_data(self, key, value):
        self._data[key] = value

    def get_custom_data(self, key, default=None):
        return self._data.get(key, default)

    def close(self, rate, when):
        self.is_open, self.close_rate, self.close_date_utc = False, rate, when
        self.close_profit, self.exit_reason = rate / 100.0 - 1.0 - 0.002, "roi"


def strategy(service, tmp_path, runmode):
    """A strategy as freqtrade would make it: its interface's part is played by this stub."""
    import pandas as pd

    module = example("freqtrade_hook")
    candle = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
    frame = pd.DataFrame({"date": [pd.Timestamp(candle)], "rsi": [30.0], "adx": [float("nan")]})

    class Interface:
        timeframe = "1m"

        def __init__(self):
            self.config = {"runmode": SimpleNamespace(value=runmode)}
            self.dp = SimpleNamespace(get_analyzed_dataframe=lambda *asked: (frame, candle))

        def bot_start(self, **kwargs):
            self.started = True

    class Mine(module.EdgekeeperHook, Interface):
        edgekeeper_url = service.url
        edgekeeper_folder = str(tmp_path / "ft")
        edgekeeper_features = ("rsi", "adx", "nowhere")

    mine = Mine()
    mine.bot_start()
    assert mine.started
    return mine


def entry(mine, pair="ETH/USDT:USDT", when=None):
    when = when or datetime.now(UTC)
    stake = mine.custom_stake_amount(pair, when, 100.0, 50.0, 10.0, 1e3, 1.0, "tag", "long")
    confirmed = mine.confirm_trade_entry(
        pair, "limit", 2.0, 100.0, "GTC", when + timedelta(seconds=2), "tag", "long"
    )
    return stake, confirmed


def test_freqtrade_hook_in_a_dry_run(service, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEKEEPER_TOKEN", service.token)
    mine = strategy(service, tmp_path, "dry_run")
    mine._edgekeeper._timeout = 5.0
    assert entry(mine) == (50.0, True)
    trade = _Trade()
    filled = SimpleNamespace(ft_order_side="buy")
    mine.order_filled("ETH/USDT:USDT", trade, filled, datetime.now(UTC))
    leaving = SimpleNamespace(ft_order_side="sell")
    mine.order_filled("ETH/USDT:USDT", trade, leaving, datetime.now(UTC))  # a part: still open
    assert mine.confirm_trade_exit("ETH/USDT:USDT", trade, "limit", 2.0, 103.0, "GTC", "roi",
                                   datetime.now(UTC))  # fmt: skip
    trade.close(103.0, datetime.now(UTC))
    mine.order_filled("ETH/USDT:USDT", trade, leaving, datetime.now(UTC))
    mine._edgekeeper.flush()
    mine._edgekeeper.close()
    signals = table(service, "sidecar_signals")
    (row,) = (row for row in signals.iter_rows(named=True) if row["id"].startswith("ft-ETH"))
    assert row["symbol"] == "ETH/USDT"
    assert json.loads(row["features_json"]) == {"adx": None, "nowhere": None, "rsi": 30.0}
    outcomes = table(service, "sidecar_outcomes")
    (ended,) = (one for one in outcomes.iter_rows(named=True) if one["id"] == row["id"])
    assert ended["net_return"] == pytest.approx(0.028)
    assert ended["fees"] == pytest.approx(0.001 * 2.0 * 203.0)


def test_freqtrade_hook_obeys_a_halt(service, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEKEEPER_TOKEN", service.token)
    mine = strategy(service, tmp_path, "live")
    mine._edgekeeper._timeout = 5.0
    when = datetime.now(UTC)
    assert entry(mine, "SOL/USDT", when)[1]
    with halted(service):
        assert entry(mine, "ADA/USDT") == (50.0, False)
        assert not entry(mine, "SOL/USDT", when)[1]  # asked again about the same candle
    mine._edgekeeper.close()


@pytest.mark.parametrize("runmode", ["backtest", "hyperopt", "plot", "util_no_exchange"])
def test_freqtrade_hook_is_inactive_in_the_past(service, tmp_path, runmode):
    mine = strategy(service, tmp_path, runmode)
    assert mine._edgekeeper is None
    before = table(service, "sidecar_signals").height
    assert entry(mine) == (50.0, True)
    mine.order_filled("ETH/USDT:USDT", _Trade(), SimpleNamespace(ft_order_side="buy"), None)
    assert table(service, "sidecar_signals").height == before
    assert not (tmp_path / "ft").exists()


@pytest.fixture
def webhook(service, tmp_path):
    module = example("tradingview_webhook")
    bot = bot_of(service, tmp_path / "tv", background=False)
    made = module.Webhook(bot, "a secret of thirty characters!", {"BTCUSDT": "BTC/USDT"})
    server = module.make_server(made, port=0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/tradingview"
    server.shutdown()
    thread.join()
    server.server_close()


def alert(**said):
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    message = {"secret": "a secret of thirty characters!", "symbol": "BTCUSDT", "side": "long",
               "time": now, "price": 100.5, "features": {"rsi": 30.1}}  # fmt: skip
    return {name: value for name, value in {**message, **said}.items() if value != "gone"}


def test_tradingview_webhook_passes_an_alert_on_once(service, webhook):
    message = alert()
    replies = [httpx.post(webhook, json=message).json() for _ in range(2)]
    assert replies[0] == replies[1]
    assert replies[0]["trade"]
    signals = table(service, "sidecar_signals", ["id", "symbol", "source", "price"])
    assert signals.rows().count((replies[0]["id"], "BTC/USDT", "tradingview", 100.5)) == 1
    old = httpx.post(webhook, json=alert(time="2026-01-05T00:00:00Z")).json()
    assert old["decision"] == "skip"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (alert(secret="b secret of thirty characters!"), 403),
        (alert(secret="gone"), 400),
        (alert(secret=7), 400),
        (alert(symbol="DOGEUSDT"), 422),
        (alert(side="both"), 422),
        (alert(time="yesterday"), 422),
        (alert(price="1"), 200),
        (alert(price="free"), 422),
        (alert(order="sell everything"), 400),
        ([], 400),
        ("x" * 9_000, 413),
    ],
)  # fmt: skip
def test_tradingview_webhook_lets_nothing_else_through(webhook, body, status):
    reply = httpx.post(webhook, json=body)
    assert reply.status_code == status
    if status != 200:
        assert reply.json() == {}  # a stranger is told nothing


def test_tradingview_webhook_has_one_path_and_needs_a_real_secret(webhook):
    assert httpx.post(webhook + "/x", json=alert()).status_code == 404
    assert httpx.get(webhook).status_code == 501
    with pytest.raises(ValueError, match="24 characters"):
        example("tradingview_webhook").Webhook(None, "short", {})
