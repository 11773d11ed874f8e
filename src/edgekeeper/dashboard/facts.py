"""What every screen knows of a run: read once for each change of the record, for all visitors."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgekeeper.desk import Desk, RunStatus
from edgekeeper.desk.sidecar_status import SidecarStatus
from edgekeeper.errors import UsageError
from edgekeeper.report.to_do import Task
from edgekeeper.watch import Beat

__all__ = ["Facts", "Life", "has_record", "life_of", "read_facts"]

Life = Literal["alive", "busy", "starting", "stopped", "failed", "silent"]
_SILENT_AFTER_SECONDS = 15.0
_MOST_ORDERS = 200


@dataclass(frozen=True, slots=True)
class Facts:
    """A run at a glance.

    Attributes
    ----------
    live : bool
        Whether it takes orders: a replay of the past does not.
    status : RunStatus or None
        None: no run has begun.
    lives : mapping of process to life
    beats : mapping of process to its last sign of life
    waiting : sequence of (kind, subject)
        Orders on record that no loop has looked at.
    trouble : bool
        Whether the record could not be read.
    sidecar : SidecarStatus or None
        None: no bot has been answered here.
    invented : bool
        Whether the market is the demo's, of which nothing follows for any other.
    frozen : bool
        Whether a person has forbidden lines to move and refits to be used.
    """

    live: bool
    status: RunStatus | None
    tasks: tuple[Task, ...]
    lives: Mapping[str, Life]
    beats: Mapping[str, Beat]
    waiting: tuple[tuple[str, str], ...]
    trouble: bool = False
    sidecar: SidecarStatus | None = None
    invented: bool = False
    frozen: bool = False

    @property
    def halted(self) -> bool:
        """Whether a person has to resume: the account, or what bots are answered."""
        state, sidecar = self.status, self.sidecar
        if state is not None:
            return state.halted_ns is not None
        return sidecar is not None and bool(sidecar.halted)

    @property
    def halt_cause(self) -> str:
        """Why it is halted."""
        if self.status is not None:
            return self.status.halt_cause
        return self.sidecar.halted if self.sidecar is not None else ""

    @property
    def trades(self) -> bool:
        """Whether the process that trades is there."""
        return self.lives.get("trade") in ("alive", "busy", "starting")


def life_of(beat: Beat) -> Life:
    """Say how a process is from its last sign of life."""
    if beat.state in ("stopped", "failed"):
        return beat.state
    if not beat.runs:
        return "silent"
    if beat.state == "alive" and beat.age_seconds() > _SILENT_AFTER_SECONDS:
        return "silent"
    return beat.state


def read_facts(desk: Desk) -> Facts:
    """Read them. It takes some tens of milliseconds."""
    beats = desk.beats()
    lives = {name: life_of(beat) for name, beat in beats.items()}
    if not has_record(desk):
        return Facts(False, None, (), lives, beats, ())
    begun, sidecar = desk.begun, desk.sidecar()
    live = sidecar is not None or desk.rows("stretches", ["number"], limit=1).height > 0
    return Facts(
        live=live,
        status=desk.status() if begun else None,
        tasks=tuple(desk.to_do()) if begun else (),
        lives=lives,
        beats=beats,
        waiting=_waiting(desk) if live else (),
        sidecar=sidecar,
        invented=desk.source().partition(":")[0] == "demo",
        frozen=live and desk.frozen(),
    )


def has_record(desk: Desk) -> bool:
    """Whether there is a record at all yet."""
    try:
        return desk.ledger is not None
    except UsageError:
        return False


def _waiting(desk: Desk) -> tuple[tuple[str, str], ...]:
    asked = desk.rows("commands", ["id", "kind", "subject", "wall_time_ns"], limit=_MOST_ORDERS)
    done = set(desk.rows("obeyed", ["id"], limit=_MOST_ORDERS * 2)["id"])
    done |= set(desk.rows("sidecar_obeyed", ["id"], limit=_MOST_ORDERS * 2)["id"])
    month = time.time_ns() - 31 * 86_400 * 10**9
    return tuple(
        (str(kind), str(subject or ""))
        for order, kind, subject, when in asked.iter_rows()
        if order not in done and when > month
    )
