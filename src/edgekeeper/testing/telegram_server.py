"""A server that speaks the part of Telegram's Bot API that is used here, as it is documented."""

import itertools
import threading
import time
from typing import Any

from edgekeeper.testing.faulty_server import Asked, FaultyServer, Reply

__all__ = ["TelegramServer"]

_MOST_UNITS = 4_096
_BOT = "12345:local-bot-of-a-test"


class TelegramServer(FaultyServer):
    """``getMe, getUpdates, sendMessage, editMessageText, answerCallbackQuery, deleteWebhook``.

    Attributes
    ----------
    token : str
    chats : set of int
        Those it can write to; others are not found.
    sent : list of dict
        Parameters of the messages that were taken, with their ``message_id``.
    updates, history : list of dict
        What the bot has not confirmed yet, and all there ever was.
    """

    def __init__(self) -> None:
        super().__init__()
        self.token = _BOT
        self.chats = {7}
        self.sent: list[dict[str, Any]] = []
        self.edited: list[dict[str, Any]] = []
        self.answered: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []
        self.history: list[dict[str, Any]] = []
        self.polling = 0
        self._numbers = itertools.count(1)
        self._change = threading.Condition()

    # -- what people do -------------------------------------------------------------------------

    def say(self, text: str, chat: int = 7, user: int = 7, ago_seconds: float = 0.0) -> int:
        """Have somebody write to the bot; return the number of the update."""
        number = next(self._numbers)
        message = {**self._message(chat, ago_seconds), "from": _user(user), "text": text}
        return self._add({"message": {**message, "message_id": number}})

    def press(self, data: str, chat: int = 7, user: int = 7, message_id: int = 1) -> int:
        """Have somebody press a button under a message."""
        message = {**self._message(chat, 0.0), "message_id": message_id, "text": "?"}
        query = {
            "id": f"query-{next(self._numbers)}",
            "from": _user(user),
            "message": message,
            "chat_instance": "1",
            "data": data,
        }
        return self._add({"callback_query": query})

    def wait_sent(self, count: int, seconds: float = 5.0) -> list[dict[str, Any]]:
        """Wait until so many messages were taken, and return them."""
        with self._change:
            done = self._change.wait_for(lambda: len(self.sent) >= count, seconds)
        assert done, f"expected {count} messages, got {[one['text'] for one in self.sent]}"
        return self.sent

    def _add(self, update: dict[str, Any]) -> int:
        with self._change:
            number = next(self._numbers)
            self.history.append({"update_id": number, **update})
            self.updates.append(self.history[-1])
            self._change.notify_all()
        return number

    @staticmethod
    def _message(chat: int, ago_seconds: float) -> dict[str, Any]:
        kind = {"type": "private", "first_name": "Ann"} if chat > 0 else {"type": "group"}
        title = {} if chat > 0 else {"title": "traders"}
        return {"date": int(time.time() - ago_seconds), "chat": {"id": chat, **kind, **title}}

    # -- what the bot asks ----------------------------------------------------------------------

    def reply(self, asked: Asked) -> Reply:
        """Return what Telegram would."""
        bot, _, method = asked.path.partition("?")[0].removeprefix("/bot").partition("/")
        if bot != self.token:
            return _no(401, "Unauthorized")
        act = getattr(self, f"_{method.lower()}", None)
        if act is None:
            return _no(404, "Not Found")
        answer: Reply = act(asked.params)
        return answer

    def _getme(self, params: dict[str, Any]) -> Reply:
        return _yes({"id": 12345, "is_bot": True, "first_name": "keeper", "username": "keeperbot"})

    def _deletewebhook(self, params: dict[str, Any]) -> Reply:
        return _yes(True)

    def _setmycommands(self, params: dict[str, Any]) -> Reply:
        return _yes(True)

    def _getupdates(self, params: dict[str, Any]) -> Reply:
        offset, wait = int(params.get("offset", 0)), float(params.get("timeout", 0))
        if self.polling:
            return _no(409, "Conflict: terminated by other getUpdates request; make sure that only "
                            "one bot instance is running")  # fmt: skip
        self.polling += 1
        try:
            with self._change:
                self.updates = [one for one in self.updates if one["update_id"] >= offset]
                until = time.monotonic() + wait
                while not self.updates and not self.over.is_set():
                    left = until - time.monotonic()
                    if left <= 0:
                        break
                    self._change.wait(min(left, 0.05))
                return _yes(self.updates[:100])
        finally:
            self.polling -= 1

    def _sendmessage(self, params: dict[str, Any]) -> Reply:
        chat, text = int(params["chat_id"]), str(params.get("text", ""))
        if chat not in self.chats:
            return _no(400, "Bad Request: chat not found")
        if not text.strip():
            return _no(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > _MOST_UNITS:
            return _no(400, "Bad Request: message is too long")
        with self._change:
            number = next(self._numbers)
            self.sent.append({**params, "message_id": number})
            self._change.notify_all()
        return _yes({**self._message(chat, 0.0), "message_id": number, "text": text})

    def _editmessagetext(self, params: dict[str, Any]) -> Reply:
        with self._change:
            self.edited.append(params)
            self._change.notify_all()
        message = {**self._message(int(params["chat_id"]), 0.0), "text": params["text"]}
        return _yes({**message, "message_id": int(params["message_id"])})

    def _answercallbackquery(self, params: dict[str, Any]) -> Reply:
        with self._change:
            self.answered.append(params)
            self._change.notify_all()
        return _yes(True)


def _user(number: int) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": "Ann", "username": f"ann{number}"}


def _yes(result: Any) -> Reply:
    return 200, {"Content-Type": "application/json"}, {"ok": True, "result": result}


def _no(status: int, told: str, **parameters: Any) -> Reply:
    said: dict[str, Any] = {"ok": False, "error_code": status, "description": told}
    if parameters:
        said["parameters"] = parameters
    return status, {"Content-Type": "application/json"}, said
