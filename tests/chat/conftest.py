"""The bot in a thread of its own, between a server that speaks Telegram's protocol and a run."""

import asyncio
import os
import shutil
import threading

import pytest

from edgekeeper.alerts import Secret
from edgekeeper.chat import Bot, Memory
from edgekeeper.chat.line import Line
from edgekeeper.config import TelegramConfig
from edgekeeper.desk import Desk
from edgekeeper.testing.telegram_server import TelegramServer

ALLOWED = 7


class Running:
    """A bot that runs until it is stopped."""

    def __init__(self, folder, server, memory=None, **settings):
        given = {"chats": [ALLOWED], "commands_from": [ALLOWED, -100], **settings}
        self.desk = Desk(folder)
        self.memory = memory or Memory(folder)
        self.seconds = 0.0
        self._settings = TelegramConfig.model_validate(given)
        self._server, self._gone = server, threading.Event()
        os.environ["EDGEKEEPER_TOKEN_OF_A_TEST"] = server.token
        self._token = Secret("the token", "EDGEKEEPER_TOKEN_OF_A_TEST")
        self.error = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            asyncio.run(self._talk())
        except BaseException as error:
            self.error = error

    async def _talk(self):
        line = Line(self._token, self._server.url, silence_seconds=1.5, poll_seconds=1.0,
                    first_seconds=0.02, look_seconds=0.01)  # fmt: skip
        bot = Bot(self.desk, self._settings, line, self.memory,
                  monotonic=lambda: self.seconds, order_seconds=0.1)  # fmt: skip
        try:
            await line.open(self._gone.is_set)
            await bot.run(self._gone.is_set)
        finally:
            await line.close()

    def stop(self):
        self._gone.set()
        self._thread.join(10)
        assert not self._thread.is_alive()
        self.desk.close()
        assert self.error is None, self.error


@pytest.fixture
def server():
    with TelegramServer() as made:
        made.chats = {ALLOWED, -100, 8}
        yield made


@pytest.fixture
def start(server):
    """Return a function that starts a bot over the folder of a run."""
    running = []

    def begin(folder, **settings):
        running.append(Running(folder, server, **settings))
        return running[-1]

    yield begin
    for one in running:
        if one._thread.is_alive():
            one.stop()


@pytest.fixture
def asked(lived, tmp_path, start, server):
    """A bot over a run that nobody gives orders to: memory lies elsewhere."""
    bot = start(lived, memory=Memory(tmp_path))

    def ask(text, **who):
        before = len(server.sent)
        server.say(text, **who)
        return server.wait_sent(before + 1)[before]["text"]

    ask.bot = bot
    return ask


@pytest.fixture
def own_run(lived, tmp_path):
    return shutil.copytree(lived, tmp_path / "run")
