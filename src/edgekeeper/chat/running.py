"""The bot of a run, from its settings to its end, with signs of life."""

import asyncio
from collections.abc import Callable

from edgekeeper.alerts import Secret
from edgekeeper.chat.bot import Bot
from edgekeeper.chat.line import Line
from edgekeeper.chat.memory import Memory
from edgekeeper.config import Config
from edgekeeper.desk import Desk
from edgekeeper.errors import UsageError
from edgekeeper.watch import Heart, with_local

__all__ = ["keep_chat"]

_BEAT_SECONDS = 1.0


async def keep_chat(desk: Desk, gone: Callable[[], bool], *, poll_seconds: float = 25.0) -> None:
    """Talk until ``gone`` says so.

    Raises
    ------
    UsageError
        No bot in the settings, no chat that it may take commands from, or a wrong token.
    """
    notify = with_local(desk.folder, Config()).notify
    settings = notify.telegram
    if settings is None or not settings.commands_from:
        raise UsageError(
            "[notify.telegram]: expected commands_from with at least one chat, got none: nobody "
            "could ask anything"
        )
    token = Secret("the token of the Telegram bot", settings.token_env, settings.token_file)
    line = Line(
        token,
        settings.api_url,
        silence_seconds=notify.timeout_seconds,
        poll_seconds=poll_seconds,
    )
    heart = Heart(desk.folder, "chat", _BEAT_SECONDS)
    beating = asyncio.create_task(_beat(heart))
    try:
        await line.open(gone)
        await Bot(desk, settings, line, Memory(desk.folder)).run(gone)
    finally:
        beating.cancel()
        heart.beat("stopped")
        await line.close()


async def _beat(heart: Heart) -> None:
    while True:
        heart.beat()
        await asyncio.sleep(_BEAT_SECONDS / 2)
