"""What systemd hears, by a socket of our own in its place."""

import os
import socket

import pytest

from edgekeeper.monitoring import sd_notify


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path, monkeypatch):
    name = str(tmp_path / "notify") if request.param == "path" else f"@edgekeeper-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if name.startswith("@") else name)
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield lambda: listener.recv(8_192).decode()


def test_ready_alive_stopping(systemd):
    assert sd_notify.tell_ready("answers at\n127.0.0.1")
    assert systemd() == f"READY=1\nMAINPID={os.getpid()}\nSTATUS=answers at 127.0.0.1"
    assert sd_notify.tell_alive()
    assert systemd() == "WATCHDOG=1"
    assert sd_notify.tell_stopping()
    assert systemd() == "STOPPING=1"


def test_nobody_listens(monkeypatch, tmp_path):
    for name in ("", "relative", str(tmp_path / "gone")):
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        assert not sd_notify.tell_ready()


def test_the_watchdog_wants_a_sign_twice_as_often_as_it_waits(monkeypatch):
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    for text, seconds in (("30000000", 15.0), ("0", None), ("x", None), ("", None)):
        monkeypatch.setenv("WATCHDOG_USEC", text)
        assert sd_notify.watchdog_seconds() == seconds
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert sd_notify.watchdog_seconds() is None
