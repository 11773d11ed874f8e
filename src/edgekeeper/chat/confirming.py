"""``Confirmations``: what changes anything is done only when the same person says so once more.

Each question has a number of its own that nobody can guess, and that counts once, for a minute, in
that chat, from that person. Numbers are forgotten when the bot ends: a button of before says that
it has expired.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Confirmations", "Wish"]

_SECONDS = 60.0
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done.

    Attributes
    ----------
    command : str
        As typed, without its slash.
    kind : str
        Of order.
    subject : str
        Line or package.
    sentence : str
        What it would do.
    reason : str
        Why; empty: it was not said yet.
    detail : mapping
        Options of the order.
    """

    command: str
    kind: str
    subject: str
    sentence: str
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Held:
    chat: int
    user: int
    wish: Wish
    until: float


class Confirmations:
    """Wishes that wait for a reason, or for a yes.

    Parameters
    ----------
    monotonic : callable

    Examples
    --------
    >>> held = Confirmations()
    >>> number = held.ask(7, 7, Wish("kill", "kill", "", "Halt the account.", "news"))
    >>> held.take(number, 7, 8) is None, held.take(number, 7, 7).kind, held.take(number, 7, 7)
    (True, 'kill', None)
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._held: dict[str, _Held] = {}
        self._reasons: dict[tuple[int, int], _Held] = {}

    def ask(self, chat: int, user: int, wish: Wish) -> str:
        """Return the number of a question."""
        self._forget_old()
        number = secrets.token_urlsafe(12)
        self._held[number] = self._new(chat, user, wish)
        return number

    def take(self, number: str, chat: int, user: int) -> Wish | None:
        """Return the wish that was asked about, once; None: not from there, or too late.

        Who asks in vain does not spoil it for the person who was asked.
        """
        held = self._held.get(number)
        if held is None or (held.chat, held.user) != (chat, user):
            return None
        del self._held[number]
        return held.wish if self._monotonic() < held.until else None

    def await_reason(self, chat: int, user: int, wish: Wish) -> None:
        """The next thing that this person writes there is the reason."""
        self._forget_old()
        self._reasons[chat, user] = self._new(chat, user, wish)

    def take_reason(self, chat: int, user: int) -> Wish | None:
        """Return the wish whose reason was asked for, if any."""
        held = self._reasons.pop((chat, user), None)
        return held.wish if held is not None and self._monotonic() < held.until else None

    def _new(self, chat: int, user: int, wish: Wish) -> _Held:
        return _Held(chat, user, wish, self._monotonic() + _SECONDS)

    def _forget_old(self) -> None:
        now = self._monotonic()
        self._held = {n: held for n, held in self._held.items() if now < held.until}
        self._reasons = {who: held for who, held in self._reasons.items() if now < held.until}
        while len(self._held) >= _MOST:
            del self._held[next(iter(self._held))]
