"""What doctor says of a service: each fault with its fix, and never a secret."""

import json
import os
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from edgekeeper.api.access import Access
from edgekeeper.cli import extras_health, machine, service_health
from edgekeeper.cli.extras_health import EXTRAS, check_extras
from edgekeeper.cli.service_health import check_service
from edgekeeper.config import parse_config
from edgekeeper.ledger import Ledger
from edgekeeper.models.devices import cuda_devices
from edgekeeper.watch import Heart, keep_local

TOKEN = "1234567890:AAHk-abcdefghijklmnopqrstuvwxyz12345"


def look(folder, **settings):
    keep_local(folder, parse_config(settings) if settings else parse_config({"serve": {"port": 0}}))
    found = {}
    for check in check_service(folder):
        assert bool(check.fix) is (check.outcome != "ok"), check
        found[check.name] = check
    return found


def test_all_is_said_of_a_run_that_was_stopped(live_run):
    live_run.chmod(0o700)
    found = look(live_run)
    assert {name: check.outcome for name, check in found.items()} == {
        "Folder of the run": "ok", "Record": "ok", "Disk of the run": "ok", "Port": "ok",
        "Tokens": "warn", "Notifications": "warn", "Extras": "ok",
        "Graphics card": "ok",
    }  # fmt: skip
    assert found["Record"].found.startswith("SQLite 3.")


def test_who_may_read_and_write(live_run):
    live_run.chmod(0o777)
    Access(live_run).create_token("bot", "trade")
    (live_run / "tokens.json").chmod(0o644)
    found = look(live_run)
    assert "others may write" in found["Folder of the run"].found
    assert found["Secrets"].outcome == "fail"
    assert "chmod 600" in found["Secrets"].fix


def test_days_until_the_disk_is_full(live_run, monkeypatch):
    found = look(live_run)["Disk of the run"]
    assert "MB a day full in more than ten years" in found.found
    free = [0]
    usage = type("usage", (), {"free": property(lambda self: free[0])})
    monkeypatch.setattr(service_health.shutil, "disk_usage", lambda path: usage())
    with Ledger.open(live_run / "ledger.sqlite", read_only=True) as ledger:
        taken = ledger.read("stretches", where={"kind": "bars"})["known_time_ns"]
    days = (taken[-1] - taken[0]) / 86_400e9
    size = sum(path.stat().st_size for path in live_run.rglob("*") if path.is_file())
    for left, outcome in ((100, "ok"), (30, "warn"), (3, "fail")):
        free[0] = round(size / days * (left + 0.5))
        found = look(live_run)["Disk of the run"]
        assert found.outcome == outcome
        assert "day full in" in found.found


def test_a_port_that_is_ours_and_one_that_is_not(live_run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = look(live_run, serve={"port": port})["Port"]
        assert (found.outcome, "ss -ltnp" in found.fix) == ("fail", True)
        Heart(live_run, "web", 0.0).beat()
        found = look(live_run, serve={"port": port})
        assert found["Port"].outcome == "ok"
        assert found["Process web"].found.startswith(f"process {os.getpid()}, alive")
    assert "is free" in look(live_run, serve={"port": port})["Port"].found


def test_a_process_that_died(live_run):
    Heart(live_run, "signals", 0.0).beat()
    file = live_run / "heartbeat-signals.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"pid": 2**22 + 1}))
    found = look(live_run)["Process signals"]
    assert (found.outcome, found.found) == ("fail", "ended without saying so")
    assert "signals.log" in found.fix


def test_tokens_that_end(live_run):
    access = Access(live_run)
    access.create_token("bot", "trade", datetime.now(UTC) + timedelta(days=3))
    found = look(live_run)["Tokens"]
    assert (found.outcome, found.found) == ("warn", "bot: expires within 14 days")
    access.revoke("bot")
    access.create_token("prometheus", "read")
    assert look(live_run)["Tokens"].found == "1 valid, 1 of them without an end"


def test_channels_need_their_secrets_and_show_none(live_run, monkeypatch, tmp_path):
    bot = {"telegram": {"chats": [1]}}
    monkeypatch.delenv("EDGEKEEPER_TELEGRAM_TOKEN", raising=False)
    found = look(live_run, notify=bot)
    assert "Notifications" not in found
    assert "not set" in found["Channel telegram"].found
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    secret.chmod(0o644)
    bot["telegram"]["token_file"] = str(secret)
    assert "chmod 600" in look(live_run, notify=bot)["Channel telegram"].found
    secret.chmod(0o600)
    found = look(live_run, notify=bot)
    assert found["Channel telegram"].found == "complete; nothing was sent yet"
    assert TOKEN not in str(found)
    mail = {"email": {"host": "localhost", "sender": "a@b.c", "to": ["d@e.f"]}}
    assert look(live_run, notify=mail)["Channel email"].outcome == "ok"  # no user, no password


def test_extras_that_a_run_cannot_do_without(live_run, monkeypatch):
    monkeypatch.setattr(extras_health, "find_spec", lambda name: None)
    wanted = json.loads((live_run / "paper.json").read_text()) | {"source": "ccxt:kraken"}
    (live_run / "paper.json").write_text(json.dumps(wanted))
    found = look(live_run)
    assert found["Extra ccxt"].outcome == "fail"
    assert found["Extra ccxt"].fix == 'pip install "edgekeeper[ccxt]"'
    assert found["Extras"].found.startswith("none; not: postgresql (records in PostgreSQL)")


def test_every_extra_of_the_project_is_known():
    import tomllib
    from pathlib import Path

    text = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    assert set(extras) - {"augment"} <= set(EXTRAS)
    said, card = check_extras({})
    assert (said.outcome, card.outcome) == ("ok", "ok")
    assert (card.name, card.found.startswith("no CUDA device")) == (
        "Graphics card", cuda_devices() == 0,
    )  # fmt: skip


def test_a_record_that_is_damaged_or_settings_that_are(live_run):
    (live_run / "ledger.sqlite").write_bytes(b"x" * 4_096)
    checks = list(check_service(live_run))
    assert any(check.outcome == "fail" and "ledger" in check.found for check in checks)
    (live_run / "local.json").write_text("{")
    assert next(check for check in check_service(live_run)).name == "Settings"


def test_how_far_the_clock_may_be_off(monkeypatch, tmp_path):
    for error, outcome, said in ((0.004, "ok", "to within 4 ms"), (9.0, "warn", "off by 9.0 s")):
        monkeypatch.setattr(machine, "_clock_state", lambda e=error: machine._Clock(0, e))
        check = machine._clock()
        assert (check.outcome, said in check.found) == (outcome, True)
    monkeypatch.setattr(machine, "_clock_state", lambda: machine._Clock(5, 16.0))
    assert "not synchronised" in machine._clock().found


@pytest.mark.skipif(not hasattr(time, "CLOCK_REALTIME"), reason="no such clock")
def test_the_kernel_is_asked_of_its_clock():
    clock = machine._clock_state()
    if clock is not None:
        assert clock.error_seconds >= 0.0
        assert clock.state in range(6)
