"""``run_sidecar``: the process that holds the record of signals, from its start to its end."""

import asyncio
import gc
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from edgekeeper.child import Parent
from edgekeeper.clock import Clock, WallClock
from edgekeeper.config import Config
from edgekeeper.errors import StorageError
from edgekeeper.ledger import GroupCommitter, Ledger
from edgekeeper.sidecar.answering import Answering
from edgekeeper.sidecar.bar_market import BarMarket
from edgekeeper.sidecar.halts import Halts, Order
from edgekeeper.sidecar.herald import Herald
from edgekeeper.sidecar.keeping import Keeping
from edgekeeper.sidecar.learning import Fitter, Learning, fitting_process
from edgekeeper.sidecar.obeying import Obeying
from edgekeeper.sidecar.scribe import Scribe
from edgekeeper.sidecar.server import serving
from edgekeeper.sidecar.settings import config_of
from edgekeeper.watch import Heart

__all__ = ["ROLE", "Sidecar", "opened", "run_sidecar"]

ROLE = "signals"
_LEDGER = "ledger.sqlite"
_LOOK_SECONDS = 0.05
_BEAT_SECONDS = 1.0
_MEASURE_SECONDS = 900.0
_KEEP_SECONDS = 60.0


class Sidecar:
    """What one process holds while it answers.

    Attributes
    ----------
    answering : Answering
    obeying : Obeying
    learning : Learning
    """

    def __init__(
        self, folder: Path, writer: GroupCommitter, reader: Ledger, config: Config, clock: Clock,
        fitter: Fitter, keeping: Keeping,
    ) -> None:  # fmt: skip
        self.folder, self.config = folder, config
        self._scribe = scribe = Scribe(writer)
        self._reader, self._keeping = reader, keeping
        self.herald = herald = Herald(folder, config, scribe, clock)
        herald.begin(reader)
        halts = Halts()
        self.learning = student = Learning(folder, scribe, config, clock, fitter, herald)
        self._market = market = BarMarket(folder, config)
        market.begin(reader)
        student.begin(reader)
        self.obeying = Obeying(scribe, reader, halts, clock, student, herald)
        self.obeying.begin(config.sidecar.model_dump_json())
        self.answering = Answering(writer, reader, config.sidecar, clock, halts, student, market)

    async def work(self) -> None:
        """Obey, learn and give signs of life until cancelled; raise what went wrong."""
        self._measured, kept = time.monotonic(), -math.inf
        heart = Heart(self.folder, "signals", _BEAT_SECONDS)
        try:
            while True:
                self.obeying.apply(await asyncio.to_thread(self._read, heart))
                run = await asyncio.to_thread(self._market.read_run)
                await self.answering.settle(self._market.look(run))
                await self.learning.look()
                if time.monotonic() > self._measured + _MEASURE_SECONDS:
                    self._measured = time.monotonic()
                    self.herald.judge(await asyncio.to_thread(self.herald.measure, self._reader))
                if time.monotonic() > kept + _KEEP_SECONDS:
                    await asyncio.to_thread(self._keeping.look)
                    kept = time.monotonic()
                self._scribe.check()
                await asyncio.sleep(_LOOK_SECONDS)
        except asyncio.CancelledError:
            heart.beat("stopped")
            raise
        except BaseException:
            heart.beat("failed")
            raise

    def _read(self, heart: Heart) -> list[Order]:
        """Whatever may wait for the disk: a sign of life, and what people ordered."""
        heart.beat()
        return self.obeying.read()


@asynccontextmanager
async def opened(
    folder: Path, *, ledger_url: str | None = None, clock: Clock | None = None,
    config: Config | None = None, fitter: Fitter | None = None,
) -> AsyncIterator[Sidecar]:  # fmt: skip
    """Hold the record as ``signals``; what stands on it is the state one goes on with.

    Raises
    ------
    StorageError
        Another process answers signals of this record; or it cannot be written.
    """
    where = ledger_url or str(folder / _LEDGER)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"could not make {folder}: {error.strerror}") from error
    with Ledger.open(where) as ledger, Ledger.open(where, read_only=True) as reader:
        config = config or config_of(folder, reader)
        with ledger.live(ROLE) as writer:
            sidecar = Sidecar(
                folder,
                writer,
                reader,
                config,
                clock or WallClock(),
                fitter or fitting_process(folder, config.refits, ledger_url or ""),
                Keeping(ledger, config, clock or WallClock()),
            )
            try:
                yield sidecar
            finally:
                sidecar.learning.close()
                sidecar.herald.close()


async def run_sidecar(
    folder: Path, *, ledger_url: str | None = None, parent: Parent | None = None
) -> None:
    """Answer at the folder's socket until the ``parent`` is gone, or for ever.

    Raises
    ------
    StorageError
        Another process answers there already; or the record cannot be written any more.
    """
    async with opened(folder, ledger_url=ledger_url) as sidecar:
        ended = _ended(parent)
        gc.collect()
        gc.freeze()  # what is there now stays: to walk through it again would hold answers up
        async with serving(folder, sidecar.answering):
            working = asyncio.ensure_future(sidecar.work())
            await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
            working.cancel()
            (failed,) = await asyncio.gather(working, return_exceptions=True)
            if isinstance(failed, Exception):
                raise failed


def _ended(parent: Parent | None) -> "asyncio.Future[None]":
    """A future that is done once the parent is gone; never, where there is none."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    def tell() -> None:
        with suppress(RuntimeError):  # the loop has ended before its parent
            loop.call_soon_threadsafe(end)

    if parent is not None:
        parent.when_gone(tell)
    return ended
