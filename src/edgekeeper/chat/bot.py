"""``Bot``: takes what people write to it, answers, and writes orders down that were confirmed.

Telegram is asked for news by long polling, so that nothing on this machine has to be reachable.
python-telegram-bot reads and writes the protocol; which update comes next is ours to remember,
since that library forgets it when it ends.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edgekeeper.alerts import blotted
from edgekeeper.chat.answers import ANSWERS, answer
from edgekeeper.chat.commands import ORDERS, Said, help_text, read_command, wish_of
from edgekeeper.chat.confirming import Confirmations, Wish
from edgekeeper.chat.line import Line
from edgekeeper.chat.memory import Memory
from edgekeeper.chat.texts import clean
from edgekeeper.config import TelegramConfig
from edgekeeper.desk import Desk
from edgekeeper.errors import EdgekeeperError, StorageError, UsageError

if TYPE_CHECKING:
    from telegram import CallbackQuery, Message, Update

__all__ = ["Bot"]

_LOG = logging.getLogger("edgekeeper.chat")
_OLD_SECONDS = 300.0
_ORDER_SECONDS = 10.0
_LATE_SECONDS = 86_400.0
_LOOK_SECONDS = 2.0
_AT_ONCE = 32


class Bot:
    """One bot for one run.

    Parameters
    ----------
    desk : Desk
    settings : TelegramConfig
        Who may ask and order: ``commands_from``, and of these chats ``users`` where any is named.
    line : Line
        To Telegram.
    memory : Memory
    now_seconds, monotonic : callable
    order_seconds : float
        How long to wait for the outcome of an order before saying that it will be told later.
    """

    def __init__(
        self,
        desk: Desk,
        settings: TelegramConfig,
        line: Line,
        memory: Memory,
        *,
        now_seconds: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        order_seconds: float = _ORDER_SECONDS,
    ) -> None:
        self._desk, self._settings, self._line, self._memory = desk, settings, line, memory
        self._now, self._order_seconds = now_seconds, order_seconds
        self._confirmations = Confirmations(monotonic)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, gone: Callable[[], bool]) -> None:
        """Take what comes until ``gone`` says so."""
        reporting = asyncio.create_task(self._report())
        try:
            while not gone():
                updates = await self._line.updates(self._memory.next_update, gone)
                for update in updates:
                    await self._begin(update)
        finally:
            reporting.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_LOOK_SECONDS)

    async def _begin(self, update: "Update") -> None:
        """Handle an update beside the others: a slow answer must not hold up a kill."""
        try:
            self._memory.begin(update.update_id)
        except StorageError as error:  # it is remembered in memory, at least
            _LOG.warning("%s", error)
        while len(self._tasks) >= _AT_ONCE:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._handle(update))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("an update was not handled: %s", blotted(repr(error)))

    async def _handle(self, update: "Update") -> None:
        if update.callback_query is not None:
            await self._press(update.callback_query)
        elif update.message is not None and update.message.text:
            await self._message(update.message)

    def _may(self, chat: int, user: Any) -> bool:
        """Whether somebody may ask and order; who may not gets silence, and is noted once."""
        users = self._settings.users
        known = user is not None and not user.is_bot and (not users or user.id in users)
        if chat in self._settings.commands_from and known:
            return True
        number, name = (0, "") if user is None else (user.id, clean(user.full_name))
        try:
            new = self._memory.note_stranger(chat, number, name, round(self._now() * 1e9))
        except StorageError:
            new = False
        if new:
            _LOG.warning("chat %s, person %s (%s) may not ask anything here", chat, number, name)
        return False

    # -- what is written ------------------------------------------------------------------------

    async def _message(self, message: "Message") -> None:
        chat, user = message.chat.id, message.from_user
        if not self._may(chat, user):
            return
        assert user is not None
        waiting = self._confirmations.take_reason(chat, user.id)
        text = message.text or ""
        said = read_command(text, self._line.name)
        private = chat > 0
        if said is None:
            if waiting is not None:
                await self._confirm(chat, user.id, waiting, " ".join(clean(text).split()))
            elif private:
                await self._line.tell(chat, help_text())
        elif said.name in ANSWERS:
            told = await asyncio.to_thread(answer, self._desk, said.name, said.rest)
            await self._line.tell(chat, told)
        elif said.name in ORDERS:
            old = self._now() - message.date.timestamp() > _OLD_SECONDS
            await self._wish(chat, user.id, said, old)
        elif private or "@" in text.split(maxsplit=1)[0] or said.name == "help":
            await self._line.tell(chat, help_text())

    async def _wish(self, chat: int, user: int, said: Said, old: bool) -> None:
        if old:
            await self._line.tell(
                chat,
                f"/{said.name} was written more than {_OLD_SECONDS / 60:.0f} minutes ago and is "
                "not done: send it again if it still holds.",
            )
            return
        try:
            wish = await asyncio.to_thread(wish_of, said, self._lines)
        except EdgekeeperError as error:
            await self._line.tell(chat, str(error))
            return
        if wish.reason:
            await self._confirm(chat, user, wish, wish.reason)
            return
        self._confirmations.await_reason(chat, user, wish)
        await self._line.tell(chat, f"{wish.sentence}\nWhy? Reply within a minute.", ask_back=True)

    def _lines(self) -> list[str]:
        """Names of lines, of the run and of the side-car."""
        try:
            bots = self._desk.sidecar()
        except UsageError:  # there is no record yet
            return []
        names = [line.name for line in bots.lines] if bots is not None else []
        return [*(line.name for line in self._desk.status().lines), *names]

    async def _confirm(self, chat: int, user: int, wish: Wish, reason: str) -> None:
        """Ask once more, with buttons that only this person may press."""
        wish = Wish(wish.command, wish.kind, wish.subject, wish.sentence,
                    reason[:500], wish.detail)  # fmt: skip
        number = self._confirmations.ask(chat, user, wish)
        await self._line.tell(
            chat,
            f"{wish.sentence}\nReason: {wish.reason}\nDo it? (This question holds for a minute.)",
            buttons=(("Yes, do it", f"y:{number}"), ("No", f"n:{number}")),
        )

    # -- what is pressed ------------------------------------------------------------------------

    async def _press(self, query: "CallbackQuery") -> None:
        if query.message is None:
            return
        chat, user = query.message.chat.id, query.from_user
        if not self._may(chat, user):
            return
        what, _, number = (query.data or "").partition(":")
        wish = self._confirmations.take(number, chat, user.id)
        if wish is None:
            await self._line.answer_press(
                query.id, "This has expired, was answered, or was asked of somebody else."
            )
            return
        if what != "y":
            await self._line.answer_press(query.id, "Left as it is.")
            await self._line.edit(
                chat, query.message.message_id, f"{wish.sentence}\nLeft as it is."
            )
            return
        told = f"{wish.sentence}\nReason: {wish.reason}\nOrdered by {clean(user.full_name)}."
        name = clean(user.username or user.full_name).replace("\n", " ")[:40]
        # At once: that Telegram does not answer must not keep an order from being written down.
        await asyncio.gather(
            self._order(chat, wish, f"telegram:{user.id} {name}"),
            self._line.answer_press(query.id, "It is being done."),
            self._line.edit(chat, query.message.message_id, told),
        )

    async def _order(self, chat: int, wish: Wish, actor: str) -> None:
        try:
            ordered = await asyncio.to_thread(
                self._desk.order,
                wish.kind,
                actor=actor,
                reason=wish.reason,
                subject=wish.subject,
                detail=wish.detail or None,
                wait_seconds=self._order_seconds,
            )
        except EdgekeeperError as error:
            await self._line.tell(chat, f"/{wish.command} was not done: {error}")
            return
        told = ordered.sentence
        if ordered.outcome is None:
            told += " You will be told."
            what = {"chat": chat, "what": wish.command, "since": self._now()}
            try:
                self._memory.await_order(ordered.id, what)
            except StorageError as error:
                _LOG.warning("%s", error)
        await self._line.tell(chat, told)

    async def _report(self) -> None:
        """Tell the outcome of orders that no loop had looked at."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                for order, what in self._memory.orders.items():
                    await self._report_one(order, int(what["chat"]), what)
            except EdgekeeperError as error:
                _LOG.warning("%s", error)

    async def _report_one(self, order: str, chat: int, what: dict[str, Any]) -> None:
        outcome = await asyncio.to_thread(self._desk.outcome, order)
        if outcome is None and self._now() - float(what["since"]) <= _LATE_SECONDS:
            return
        self._memory.forget_order(order)
        said = outcome or "no loop has looked at it for a day; it holds for the next start"
        await self._line.tell(chat, f"/{what['what']}: {said}.")
