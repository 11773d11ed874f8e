"""``connect``: the exchange as seen from another process, over its Unix socket."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from edgekeeper.errors import StorageError
from edgekeeper.sidecar.exchange import SOCKET, Exchange
from edgekeeper.sidecar.messages import Answer, BarsIn, Message, OutcomeIn, OutcomeNoted, SignalIn
from edgekeeper.sidecar.wire import MOST_BYTES, error_of, socket_path

__all__ = ["Client", "connect"]


def connect(folder: Path, *, timeout_seconds: float = 5.0) -> Exchange:
    """Return the exchange of a run's folder. It connects when first asked, and again when it must.

    Parameters
    ----------
    folder : path
    timeout_seconds : float
        How long to wait for an answer. A message that got none may have been taken nevertheless:
        send it again under the same id, and the answer is the same.
    """
    return Client(folder, timeout_seconds)


class Client:
    """Many requests on their way at once over one connection at a time. For one event loop."""

    def __init__(self, folder: Path, timeout_seconds: float) -> None:
        self._folder, self._timeout = folder, timeout_seconds
        self._link: _Link | None = None
        self._connecting = asyncio.Lock()

    async def signal(self, signal: SignalIn) -> Answer:
        """Decide about a signal; see :class:`Exchange`."""
        return Answer.model_validate(await self._ask("signal", signal))

    async def outcome(self, outcome: OutcomeIn) -> OutcomeNoted:
        """Note how a signal's trade ended."""
        return OutcomeNoted.model_validate(await self._ask("outcome", outcome))

    async def bars(self, bars: BarsIn) -> int:
        """Take bars; return how many were new."""
        return int(await self._ask("bars", bars))

    async def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._link is not None:
            await self._link.close()

    def drop(self) -> None:
        """Break the connection, as a network does."""
        if self._link is not None:
            self._link.writer.close()

    async def _ask(self, ask: str, message: Message) -> Any:
        """Send a message, a second time if the connection was lost meanwhile."""
        body = message.model_dump_json(by_alias=True)
        for last in (False, True):
            try:
                async with asyncio.timeout(self._timeout):
                    reply = await (await self._linked()).exchange(ask, body)
                break
            except TimeoutError as error:
                raise StorageError(
                    f"the side-car at {self._folder / SOCKET} gave no answer within "
                    f"{self._timeout:g} s: send the message again, its id keeps it from "
                    "counting twice"
                ) from error
            except OSError as error:
                if last:
                    raise StorageError(
                        f"nobody answers signals at {self._folder / SOCKET} "
                        f"({error.strerror or error}): start `edgekeeper serve`, which starts "
                        "the side-car too"
                    ) from error
        found = error_of(reply)
        if found is not None:
            raise found
        return reply["answer"]

    async def _linked(self) -> "_Link":
        async with self._connecting:
            if self._link is None or not self._link.usable:
                descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    path = socket_path(self._folder, descriptor)
                    streams = await asyncio.open_unix_connection(path, limit=MOST_BYTES)
                finally:
                    os.close(descriptor)
                self._link = _Link(*streams)
            return self._link


class _Link:
    """One connection: replies find the requests that they belong to, until it is lost."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self._reading = asyncio.get_running_loop().create_task(self._read())

    @property
    def usable(self) -> bool:
        return not (self.writer.is_closing() or self._reading.done())

    async def exchange(self, ask: str, body: str) -> dict[str, Any]:
        """Send a request and wait for its reply; OSError where the connection is lost."""
        self._number += 1
        number = self._number
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        request = f'{{"n":{number},"ask":"{ask}","message":{body}}}\n'
        try:
            self.writer.write(request.encode())
            await self.writer.drain()
            return await waiting
        finally:
            self._waiting.pop(number, None)
            if waiting.done() and not waiting.cancelled():
                waiting.exception()  # seen, also where the writing failed first

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        why: OSError = ConnectionResetError("the connection was closed")
        try:
            while line := await self._reader.readline():
                reply = json.loads(line)
                waiting = self._waiting.get(reply["n"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(reply)
        except (OSError, ValueError) as error:
            why = ConnectionResetError(f"the connection broke: {error}")
        finally:
            self.writer.close()
            for one in self._waiting.values():
                if not one.done():
                    one.set_exception(why)
