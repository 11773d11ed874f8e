"""What tests of the side-car share: messages of a bot, and a side-car in a process of its own."""

import contextlib
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from edgekeeper.sidecar import OutcomeIn, SignalIn

START = datetime(2026, 1, 5, tzinfo=UTC)


def signal(id="a", when=START, **said):
    return SignalIn(id=id, time=when, **{"symbol": "BTC/USDT", "side": "long", **said})


def outcome(id="a", net_return=0.01, when=START + timedelta(minutes=30), **said):
    return OutcomeIn(id=id, closed_at=when, net_return=net_return, **said)


@contextlib.contextmanager
def process_of(folder, url=""):
    """Start ``python -m edgekeeper.sidecar``, and wait until it answers."""
    folder.mkdir(exist_ok=True)
    child = subprocess.Popen(
        [sys.executable, "-m", "edgekeeper.sidecar", str(folder)],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        child.stdin.write(f"{url}\n".encode())
        child.stdin.flush()
        until = time.monotonic() + 30
        while not listening(folder):
            assert time.monotonic() < until, "it never answered"
            assert child.poll() is None, child.stderr.read().decode()
            time.sleep(0.02)
        yield child
    finally:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        try:
            child.wait(20)
        finally:
            child.kill()
            child.stderr.close()


def listening(folder):
    import socket

    with socket.socket(socket.AF_UNIX) as one:
        try:
            one.connect(str(folder / "signals.sock"))
        except OSError:
            return False
    return True
