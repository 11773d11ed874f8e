"""The socket: requests of several connections, begun in the order in which they came."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edgekeeper.errors import BadData, EdgekeeperError, StorageError, nearest
from edgekeeper.sidecar.exchange import SOCKET, Exchange
from edgekeeper.sidecar.messages import BarsIn, OutcomeIn, SignalIn
from edgekeeper.sidecar.wire import (
    MOST_BYTES,
    failure,
    parse_line,
    said_by,
    socket_path,
    success,
)

__all__ = ["serving"]

_MOST_AT_ONCE = 2_000
"""Requests of one connection on their way; more are read when some are answered."""
_ASKS = ("signal", "outcome", "bars", "ping")


@asynccontextmanager
async def serving(folder: Path, exchange: Exchange) -> AsyncIterator[None]:
    """Answer at the folder's socket, which only this user may open, while the block lasts.

    Whoever calls holds the right to write as ``signals``: a socket that is there already is what a
    killed process left.

    Raises
    ------
    StorageError
        The socket cannot be made.
    """
    there = folder / SOCKET
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await _Connection(exchange, reader, writer).serve()
        except asyncio.CancelledError:
            pass  # the block is over
        finally:
            connections.discard(task)
            writer.close()

    try:
        there.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(
                connected, socket_path(folder, descriptor), limit=MOST_BYTES
            )
        finally:
            os.umask(before)
    except OSError as error:
        os.close(descriptor)
        raise StorageError(f"could not open the socket {there}: {error.strerror}") from error
    try:
        yield
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        there.unlink(missing_ok=True)
        os.close(descriptor)


class _Connection:
    """Reads requests, and writes each reply when it is there."""

    def __init__(
        self, exchange: Exchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._exchange, self._reader, self._writer = exchange, reader, writer
        self._room = asyncio.Semaphore(_MOST_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Serve until the other end closes."""
        try:
            while line := await self._reader.readline():
                await self._room.acquire()
                task = asyncio.get_running_loop().create_task(self._answer(line))
                self._tasks.add(task)
                task.add_done_callback(self._answered)
                await self._writer.drain()
        except ValueError:  # a line beyond the limit: what follows cannot be told apart
            self._reply(failure(None, BadData(f"expected lines below {MOST_BYTES} bytes")))
        except ConnectionError:
            pass
        finally:
            # What was taken is still written down; there is only nobody to tell.
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _answered(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._room.release()

    async def _answer(self, line: bytes) -> None:
        number = None
        try:
            number, ask, message = parse_line(line)
            self._reply(success(number, await self._ask(ask, message)))
        except ValidationError as error:
            self._reply(failure(number, said_by(error)))
        except EdgekeeperError as error:
            self._reply(failure(number, error))

    async def _ask(self, ask: str, message: dict[str, Any]) -> str:
        if ask == "signal":
            answer = await self._exchange.signal(SignalIn.model_validate(message))
            return answer.model_dump_json()
        if ask == "outcome":
            noted = await self._exchange.outcome(OutcomeIn.model_validate(message))
            return noted.model_dump_json()
        if ask == "bars":
            return str(await self._exchange.bars(BarsIn.model_validate(message)))
        if ask == "ping":
            return '"here"'
        raise BadData(f"expected one of {', '.join(_ASKS)}, got {ask[:40]!r}{nearest(ask, _ASKS)}")

    def _reply(self, reply: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(reply)
