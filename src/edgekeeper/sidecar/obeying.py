"""Orders of people: read from the record a few times a second, carried out, and said so there."""

from edgekeeper.clock import Clock
from edgekeeper.ledger import GroupCommitter, Ledger
from edgekeeper.sidecar.halts import Halts, Order, read_orders

__all__ = ["Obeying"]

_TOGETHER = ("kill", "resume")
"""Orders that hold for the side-car as well as for a run in the same record."""


class Obeying:
    """Carries out orders of the record that concern signals.

    What a run in the same record is asked to do is left to it, `kill` and `resume` apart: those
    hold here at once, whether that run lives or not.

    Parameters
    ----------
    writer : GroupCommitter
    reader : Ledger
    halts : Halts
    clock : Clock
    """

    def __init__(self, writer: GroupCommitter, reader: Ledger, halts: Halts, clock: Clock) -> None:
        self._writer, self._reader, self._halts, self._clock = writer, reader, halts, clock
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
        orders, self._read = read_orders(self._reader, self._read)
        for order in orders:
            if order.kind in _TOGETHER:
                refused = order.kind == "resume" and not self._halts.why
                self._halts.obey(order)
                self._answer(order, "refused: nothing is halted" if refused else "done")
        self._halts.look(self._reader)
        if self._halts.why and not self._was_halted:
            self._write_guard("halt", "order or guard", "side-car", self._halts.why)
        elif self._was_halted and not self._halts.why:
            self._write_guard("resume", "order", "side-car", "nothing is halted any more")
        self._was_halted = self._halts.why

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
        self._writer.append({"sidecar_obeyed": row}, key=f"obeyed:{order.id}").result()

    def _write_guard(self, event: str, cause: str, actor: str, reason: str) -> None:
        row = {
            "wall_time_ns": self._clock.now_ns(),
            "event": event,
            "cause": cause,
            "actor": actor,
            "reason": reason,
        }
        self._writer.append({"sidecar_guards": row}).result()
