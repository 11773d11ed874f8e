"""Telegram: the method ``sendMessage`` of the Bot API.

Sending is one POST, so it needs no library but the one that is there; the bot that takes commands
(``edgekeeper.chat``) has one. Text is sent without a parse mode: nothing in it can be markup.
"""

import json
from dataclasses import dataclass, field

from edgekeeper.alerts.alert import Severity
from edgekeeper.alerts.delivering import Undelivered
from edgekeeper.alerts.notice import Notice
from edgekeeper.alerts.posting import Answered, ask, check_status, prepare_http
from edgekeeper.alerts.secret import Secret, blotted
from edgekeeper.waiting import LONGEST_WAIT_SECONDS

__all__ = ["Telegram"]


@dataclass(slots=True)
class Telegram:
    """One chat of a bot.

    Parameters
    ----------
    token : Secret
    chat : int or str
        Its number, or ``@name`` of a channel.
    api_url : str
    silence_seconds : float
    """

    token: Secret
    chat: int | str
    api_url: str = "https://api.telegram.org"
    silence_seconds: float = 10.0
    severity: Severity = "info"
    name: str = "telegram"
    longest: int = 3_900  # of 4,096, which are counted as UTF-16
    _moved_to: int | None = field(default=None, repr=False)

    def prepare(self) -> None:
        """Load what HTTP needs."""
        prepare_http()

    def deliver(self, notice: Notice) -> None:
        """Send the text; what is not critical comes without a sound."""
        try:
            self._send(notice)
        except _Moved as moved:
            self._moved_to = moved.chat
            self._send(notice)

    def _send(self, notice: Notice) -> None:
        said = {
            "chat_id": self._moved_to or self.chat,
            "text": notice.text,
            "disable_notification": notice.severity == "info",
            "link_preview_options": {"is_disabled": True},
        }
        answer = ask(
            "POST",
            f"{self.api_url}/bot{self.token.reveal()}/sendMessage",
            "Telegram",
            content=json.dumps(said).encode(),
            headers={"Content-Type": "application/json"},
            silence_seconds=self.silence_seconds,
        )
        self._check(answer)

    def _check(self, answer: Answered) -> None:
        said = answer.json
        if said is None:  # whatever answered, it was not Telegram
            check_status(answer, "Telegram")
            raise Undelivered("Telegram: expected JSON, got something else", "passing")
        if answer.status == 200 and said.get("ok") is True:
            return
        told = blotted(f"Telegram: {answer.status} {str(said.get('description', ''))[:200]}")
        asked = said.get("parameters")
        parameters = asked if isinstance(asked, dict) else {}
        moved = parameters.get("migrate_to_chat_id")
        if isinstance(moved, int) and moved != self._moved_to:
            raise _Moved(told, moved)
        if answer.status == 429 or answer.status >= 500:
            wait = answer.wait_seconds
            told_wait = parameters.get("retry_after")
            if isinstance(told_wait, int) and told_wait >= 0:
                wait = min(float(told_wait), LONGEST_WAIT_SECONDS)
            raise Undelivered(told, "passing", wait)
        broken = answer.status == 400 and "chat not found" not in told
        raise Undelivered(told, "hopeless" if broken else "refused")


class _Moved(Undelivered):
    """A group became a supergroup, with another number."""

    def __init__(self, message: str, chat: int) -> None:
        super().__init__(message, "passing")
        self.chat = chat
