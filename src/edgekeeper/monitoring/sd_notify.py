"""Tell systemd that a service is ready, alive, or stopping: one datagram on its socket.

The protocol is that of ``sd_notify(3)``. Where nobody listens nothing is sent, so that callers
need not ask whether they run under systemd.
"""

import os
import socket

__all__ = ["notify", "tell_alive", "tell_ready", "tell_stopping", "watchdog_seconds"]

_LONGEST = 4_096


def notify(**state: str) -> bool:
    """Send assignments, such as ``READY="1"``; return whether anybody listens.

    Examples
    --------
    >>> import os
    >>> _ = os.environ.pop("NOTIFY_SOCKET", None)
    >>> notify(READY="1")
    False
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return False
    name = "\0" + address[1:] if address.startswith("@") else address  # @: an abstract one
    lines = (f"{key}={' '.join(text.split())}" for key, text in state.items())
    message = "\n".join(lines).encode()[:_LONGEST]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.connect(name)
            sender.sendall(message)
    except OSError:
        return False
    return True


def tell_ready(status: str = "") -> bool:
    """Say that the service answers now."""
    return notify(READY="1", MAINPID=str(os.getpid()), **({"STATUS": status} if status else {}))


def tell_alive(status: str = "") -> bool:
    """Say that it still does: to be called well within :func:`watchdog_seconds`."""
    return notify(WATCHDOG="1", **({"STATUS": status} if status else {}))


def tell_stopping() -> bool:
    """Say that it goes down by will."""
    return notify(STOPPING="1")


def watchdog_seconds() -> float | None:
    """Return how often a sign of life is wanted: half of what systemd waits. None: it does not."""
    try:
        microseconds = int(os.environ.get("WATCHDOG_USEC", ""))
        meant = int(os.environ.get("WATCHDOG_PID", str(os.getpid())))
    except ValueError:
        return None
    if microseconds <= 0 or meant != os.getpid():
        return None
    return microseconds / 2e6
