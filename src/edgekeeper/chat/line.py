"""``Line``: the connection to Telegram, with its limits, its errors and its waits."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from edgekeeper.alerts import Secret, blotted
from edgekeeper.chat.texts import LONGEST, split
from edgekeeper.errors import UsageError
from edgekeeper.waiting import Backoff

if TYPE_CHECKING:
    import telegram

__all__ = ["Line"]

_LOG = logging.getLogger("edgekeeper.chat")
_TRIES = 4
_LONGEST_SECONDS = 60.0
_MEND_SECONDS = 300.0
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
"""What the library raises where JSON is right and its shape is not."""

_WANTED = ("message", "callback_query")


class Line:
    """Speaks to Telegram as one bot.

    Parameters
    ----------
    token : Secret
    api_url : str
    silence_seconds : float
        How long an answer may take.
    poll_seconds : float
        How long Telegram may hold a question for news open.
    first_seconds : float
        The first wait after a failure.
    look_seconds : float
        How often to look whether to end.

    Raises
    ------
    UsageError
        The token is missing or is none, or python-telegram-bot is not installed.
    """

    def __init__(
        self,
        token: Secret,
        api_url: str = "https://api.telegram.org",
        *,
        silence_seconds: float = 10.0,
        poll_seconds: float = 25.0,
        first_seconds: float = 1.0,
        look_seconds: float = 0.25,
    ) -> None:
        os.environ.setdefault("PTB_TIMEDELTA", "true")  # spans as spans, as it will be
        try:
            import telegram
            from telegram.request import HTTPXRequest
        except ImportError as error:
            raise UsageError(
                "the Telegram bot needs python-telegram-bot: pip install 'edgekeeper[telegram]'"
            ) from error
        self._telegram = telegram
        self._poll, self._silence, self._look = poll_seconds, silence_seconds, look_seconds
        self._backoff = Backoff(7, first_seconds, _LONGEST_SECONDS)
        self._failures = 0
        self._said = ""

        self._requests = [
            HTTPXRequest(
                connection_pool_size=size,
                read_timeout=silence_seconds,
                connect_timeout=silence_seconds,
                pool_timeout=silence_seconds,
            )
            for size in (8, 1)
        ]
        try:
            self._bot: telegram.Bot = telegram.Bot(
                token.reveal(),
                f"{api_url.rstrip('/')}/bot",
                request=self._requests[0],
                get_updates_request=self._requests[1],
            )
        except telegram.error.InvalidToken:
            raise UsageError("Telegram: expected a token such as BotFather gives") from None
        self.name = ""

    async def open(self, gone: Callable[[], bool]) -> None:
        """Find out who this bot is.

        Raises
        ------
        UsageError
            Telegram does not know its token.
        """
        error = self._telegram.error
        while not gone():
            try:
                await self._bot.initialize()
                self.name = self._bot.username
            except error.InvalidToken:
                raise UsageError(
                    "Telegram does not know the bot's token: ask BotFather for one"
                ) from None
            except error.TelegramError as failure:
                await self._wait(self._after(failure), gone)
            except _MALFORMED as failure:
                await self._wait(self._after(error.TelegramError(repr(failure))), gone)
            else:
                return

    async def close(self) -> None:
        """Let go of connections, also of a bot that was never opened."""
        await self._bot.shutdown()
        for request in self._requests:
            await request.shutdown()

    async def updates(self, first: int, gone: Callable[[], bool]) -> "Sequence[telegram.Update]":
        """Return news from number ``first`` on; none where there are none, or no answer came."""
        asking = asyncio.ensure_future(
            self._bot.get_updates(
                offset=first or None,
                timeout=timedelta(seconds=self._poll),
                allowed_updates=_WANTED,
                read_timeout=self._poll + self._silence,
            )
        )
        while not asking.done():
            await asyncio.wait([asking], timeout=self._look)
            if gone() and not asking.done():
                asking.cancel()
                await asyncio.wait([asking])
                return ()
        try:
            news: Sequence[telegram.Update] = asking.result()
        except self._telegram.error.TelegramError as error:
            await self._wait(self._after(error), gone)
            return ()
        except _MALFORMED as error:
            await self._wait(self._after(self._telegram.error.TelegramError(repr(error))), gone)
            return ()
        if self._failures:
            _LOG.warning("Telegram answers again")
        self._failures, self._said = 0, ""
        return news

    def _after(self, error: "telegram.error.TelegramError") -> float:
        """How long to wait after a failure; each kind is logged once."""
        self._failures += 1
        said = blotted(f"{type(error).__name__}: {error}")
        if said != self._said:
            _LOG.warning("Telegram: %s", said)
            self._said = said
        kinds = self._telegram.error
        if isinstance(error, kinds.RetryAfter):
            return _seconds(error.retry_after)
        if isinstance(error, kinds.InvalidToken | kinds.Forbidden):
            return _MEND_SECONDS
        return self._backoff.wait(self._failures)

    async def _wait(self, seconds: float, gone: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not gone() and (left := until - loop.time()) > 0.0:
            await asyncio.sleep(min(left, self._look))

    # -- what is told ---------------------------------------------------------------------------

    async def tell(
        self,
        chat: int,
        text: str,
        *,
        buttons: Sequence[tuple[str, str]] = (),
        ask_back: bool = False,
    ) -> None:
        """Write to a chat, in several messages where one is too short; buttons under the last."""
        kinds = self._telegram
        markup: Any = kinds.ForceReply(selective=True) if ask_back else None
        if buttons:
            row = [kinds.InlineKeyboardButton(label, callback_data=data) for label, data in buttons]
            markup = kinds.InlineKeyboardMarkup([row])
        parts = split(text)
        for number, part in enumerate(parts):
            await self._try(
                partial(
                    self._bot.send_message,
                    chat,
                    part,
                    reply_markup=markup if number == len(parts) - 1 else None,
                    link_preview_options=kinds.LinkPreviewOptions(is_disabled=True),
                )
            )

    async def edit(self, chat: int, message: int, text: str) -> None:
        """Put another text in place of a message, without its buttons."""
        whole = split(text, LONGEST)[0]
        await self._try(
            lambda: self._bot.edit_message_text(whole, chat_id=chat, message_id=message)
        )

    async def answer_press(self, query: str, text: str) -> None:
        """Say something about a button that was pressed."""
        await self._try(lambda: self._bot.answer_callback_query(query, text))

    async def _try(self, act: Callable[[], Any]) -> None:
        """Do it, waiting as Telegram asks; what it refuses is logged, and let be."""
        kinds = self._telegram.error
        for attempt in range(1, _TRIES + 1):
            try:
                await act()
                return
            except kinds.RetryAfter as error:
                wait = min(_seconds(error.retry_after), _LONGEST_SECONDS)
            except (
                kinds.BadRequest,
                kinds.Forbidden,
                kinds.InvalidToken,
                kinds.ChatMigrated,
            ) as no:
                _LOG.warning("Telegram: %s", blotted(str(no)))
                return
            except _MALFORMED as error:  # it was taken, and what came back is no message
                _LOG.warning("Telegram: %s", blotted(repr(error)))
                return
            except kinds.TelegramError as error:
                wait = self._backoff.wait(attempt)
                _LOG.warning("Telegram: %s", blotted(f"{type(error).__name__}: {error}"))
            if attempt < _TRIES:
                await asyncio.sleep(wait)


def _seconds(span: Any) -> float:
    return span.total_seconds() if isinstance(span, timedelta) else float(span)
