"""What every channel over HTTP has to pass. Ships with the package, for whoever writes a channel.

Call :func:`check_messenger` from a test of your own, with a messenger pointed at a server of yours
that is a :class:`~edgekeeper.testing.faulty_server.FaultyServer`.
"""

import time
from collections.abc import Callable

from edgekeeper.alerts import SEVERITIES, Alert, Messenger, Sender, Undelivered, write_notice
from edgekeeper.errors import UsageError
from edgekeeper.testing.faulty_server import Fault, FaultyServer

__all__ = ["check_messenger"]

_SHORTEST = 500
_EVIL = "a <b> & *c* _d_ `e` [f](https://g) @everyone <!channel>\r\nBcc: x\u202e\x1b[31m \ud800"
_FAULTS: tuple[tuple[Fault, str, float | None], ...] = (
    (500, "passing", None),
    (502, "passing", None),
    ("drop", "passing", None),
    ("cut", "passing", None),
    ("hang", "passing", None),
    ((429, {"Retry-After": "17"}, {"ok": False}), "passing", 17.0),
    ((503, {"Retry-After": "99999"}, "busy"), "passing", 3_600.0),
    (401, "refused", None),
    (403, "refused", None),
    (404, "refused", None),
    (410, "refused", None),
    (301, "refused", None),
)
"""What may come instead of a yes: what kind of failure that is, and how long it asks to wait."""


def check_messenger(
    messenger: Messenger,
    server: FaultyServer,
    taken: Callable[[], int],
    *,
    secrets: tuple[str, ...],
    silence_seconds: float,
) -> int:
    """Check all a messenger promises and return how many faults it was shown.

    Parameters
    ----------
    messenger : Messenger
        One that sends to ``server``.
    server : FaultyServer
    taken : callable
        Returns how many messages the server has taken.
    secrets : tuple of str
        What must not appear in its errors or its repr.
    silence_seconds : float
        How long it waits for an answer, a second at most.

    Raises
    ------
    AssertionError
        The first broken promise.
    """
    assert messenger.name.strip(), "a name is what people see: it cannot be empty"
    assert messenger.severity in SEVERITIES, f"no such severity: {messenger.severity}"
    assert messenger.longest >= _SHORTEST, "a message says what, when, which run and what to do"
    assert silence_seconds <= 1.0, "the server hangs in one of these checks"
    messenger.prepare()
    before = taken()
    _deliver(messenger, "plain")
    _deliver(messenger, _EVIL)
    _deliver(messenger, "long " * messenger.longest)
    assert taken() == before + 3, "a message that was delivered has not come"
    for fault, kind, wait in _FAULTS:
        server.faults = [fault]
        began = time.monotonic()
        error = _failure(messenger, fault)
        assert time.monotonic() - began < silence_seconds + 2.0, f"{fault}: it waited too long"
        assert error.kind == kind, f"{fault}: expected {kind}, got {error.kind}"
        assert error.wait_seconds == wait, f"{fault}: expected {wait} s, got {error.wait_seconds}"
        shown = f"{error!r} {error.__cause__!r} {messenger!r}"
        assert not any(secret in shown for secret in secrets), f"{fault}: it shows a secret"
    _deliver(messenger, "and then it works")
    return len(_FAULTS)


def _deliver(messenger: Messenger, text: str) -> None:
    alert = Alert(5, "critical", "drawdown_critical", text)
    sender = Sender("a test")
    messenger.deliver(write_notice(f"key-{len(text)}", [(alert, 0)], sender, messenger.longest))


def _failure(messenger: Messenger, fault: Fault) -> Undelivered:
    try:
        _deliver(messenger, "not taken")
    except Undelivered as error:
        return error
    except UsageError as error:
        raise AssertionError(f"{fault}: a fault of the server is no wrong usage: {error}") from None
    raise AssertionError(f"{fault}: it says that this was delivered")
