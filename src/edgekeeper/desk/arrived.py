"""Packages that lie beside a run and are not on its record: pushed here, waiting for a person."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgekeeper.errors import EdgekeeperError

if TYPE_CHECKING:
    from edgekeeper.ledger import Ledger
    from edgekeeper.registry import Registry

__all__ = ["Arrived", "ArrivedReader"]

_MOST = 20


@dataclass(frozen=True, slots=True)
class Arrived:
    """A package that was made elsewhere.

    Attributes
    ----------
    line : str
        Whose refit it could be.
    learner : str
    last_ns : int
        Newest bar it has seen.
    """

    hash: str
    line: str
    learner: str
    last_ns: int


class ArrivedReader:
    """Looks which packages came from elsewhere; each is opened once.

    Parameters
    ----------
    registry : Registry
    ledger : Ledger
    """

    def __init__(self, registry: "Registry", ledger: "Ledger") -> None:
        self._registry, self._ledger = registry, ledger
        self._known: dict[str, Arrived | None] = {}
        self._lock = threading.Lock()

    def read(self) -> tuple[Arrived, ...]:
        """Return those that a run could adopt, the newest first; twenty at most."""
        with self._lock:
            there = set(self._registry.list()) - self._on_record()
            self._known = {name: one for name, one in self._known.items() if name in there}
            for name in there - self._known.keys():
                self._known[name] = self._opened(name)
            found = [one for one in self._known.values() if one is not None]
            return tuple(sorted(found, key=lambda one: -one.last_ns)[:_MOST])

    def _on_record(self) -> set[str]:
        names = set(self._ledger.read("packages", ["hash"])["hash"])
        names |= set(self._ledger.read("sidecar_fits", ["hash"])["hash"].drop_nulls())
        adopted = {"kind": "adopt", "outcome": "done"}
        return names | set(self._ledger.read("obeyed", ["subject"], where=adopted)["subject"])

    def _opened(self, name: str) -> Arrived | None:
        """What it says of itself; None: damaged, or its gates did not let it in."""
        try:
            manifest = self._registry.manifest(name)
        except EdgekeeperError:
            return None
        made = manifest.provenance
        if made.gates.get("outcome") != "accepted":
            return None
        return Arrived(name, made.lineage.line, manifest.learner, made.data.last)
