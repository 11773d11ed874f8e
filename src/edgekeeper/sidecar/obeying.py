"""Orders of people: read from the record a few times a second, carried out, and said so there."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.clock import Clock
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar.halts import Halts, Order, read_orders
from edgekeeper.sidecar.herald import Herald
from edgekeeper.sidecar.scribe import Scribe

if TYPE_CHECKING:
    from edgekeeper.sidecar.learning import Learning

__all__ = ["Obeying"]

_AT_LEAST_SECONDS = 0.5
_TOGETHER = ("kill", "resume")
"""Orders that hold for the side-car as well as for a run in the same record."""


class Obeying:
    """Carries out orders of the record that concern signals.

    What a run in the same record is asked to do is left to it, `kill` and `resume` apart: those
    hold here at once, whether that run lives or not.

    Parameters
    ----------
    scribe : Scribe
    reader : Ledger
    halts : Halts
    clock : Clock
    learning : Learning
        Whose lines orders may be about.
    herald : Herald
    """

    def __init__(
        self,
        scribe: Scribe,
        reader: Ledger,
        halts: Halts,
        clock: Clock,
        learning: "Learning",
        herald: Herald,
    ) -> None:
        self._scribe, self._reader, self._halts, self._clock = scribe, reader, halts, clock
        self._learning, self._herald = learning, herald
        self._run = False
        self._looked = 0.0
        self._stamp: tuple[int, ...] = ()
        self._read = 0
        self._was_halted = ""

    def begin(self, settings: str) -> None:
        """Catch up with the record, and write down what it begins with."""
        self._obeyed = set(self._reader.read("sidecar_obeyed", ["id"])["id"].to_list())
        guards = self._reader.read("sidecar_guards", ["event", "reason"],
                                   where={"event": ["halt", "resume"]})  # fmt: skip
        if guards.height and guards["event"][-1] == "halt":
            self._was_halted = str(guards["reason"][-1])
        self.look()
        self._write_guard("start", "settings", "side-car", settings)

    def look(self) -> None:
        """Obey what was ordered since the last look."""
        self.apply(self.read())

    def read(self) -> list[Order]:
        """Read what was ordered since the last look. May run in another thread.

        A database in a file that nobody has written to since is read twice a second nevertheless:
        two writes may share a time stamp.
        """
        changed, now = self._changed(), time.monotonic()
        if not changed and now < self._looked + _AT_LEAST_SECONDS:
            return []
        self._looked = now
        orders, self._read = read_orders(self._reader, self._read)
        self._halts.look(self._reader)
        if orders and not self._run:
            self._run = self._reader.read("stretches", limit=1).height > 0
        return orders

    def _changed(self) -> bool:
        """Whether somebody may have written; a server does not say."""
        file = self._reader.file
        if file is None:
            return True
        before, self._stamp = self._stamp, _stamp(file)
        return self._stamp != before

    def apply(self, orders: list[Order]) -> None:
        """Carry out orders, each once, and write down whether signals are halted now."""
        for order in orders:
            if order.kind in _TOGETHER:
                refused = order.kind == "resume" and not self._halts.why
                self._halts.obey(order)
                self._answer(order, "refused: nothing is halted" if refused else "done")
            elif order.id not in self._obeyed and self._mine(order):
                self._answer(order, self._learning.obey(order))
        if self._halts.why and not self._was_halted:
            self._write_guard("halt", "order or guard", "side-car", self._halts.why)
            self._herald.halt(self._halts.why)
        elif self._was_halted and not self._halts.why:
            self._write_guard("resume", "order", "side-car", "nothing is halted any more")
        self._was_halted = self._halts.why

    def _mine(self, order: Order) -> bool:
        """Whether an order is for the side-car; a run in the same record has its own lines."""
        return not self._run or bool(order.subject and self._learning.owns(order.subject))

    def _answer(self, order: Order, outcome: str) -> None:
        """Say on record what became of an order, once."""
        if order.id in self._obeyed:
            return
        self._obeyed.add(order.id)
        row = {
            "wall_time_ns": self._clock.now_ns(),
            "id": order.id,
            "kind": order.kind,
            "subject": order.subject or None,
            "actor": order.actor,
            "reason": order.reason,
            "outcome": outcome,
        }
        self._scribe.write({"sidecar_obeyed": row}, key=f"obeyed:{order.id}")

    def _write_guard(self, event: str, cause: str, actor: str, reason: str) -> None:
        row = {
            "wall_time_ns": self._clock.now_ns(),
            "event": event,
            "cause": cause,
            "actor": actor,
            "reason": reason,
        }
        self._scribe.write({"sidecar_guards": row})


def _stamp(file: Path) -> tuple[int, ...]:
    """Sizes and times of a database and its journal."""
    found: list[int] = []
    for path in (file, file.with_name(f"{file.name}-wal")):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found += [status.st_size, status.st_mtime_ns]
    return tuple(found)
