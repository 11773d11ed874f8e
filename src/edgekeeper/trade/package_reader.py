"""New packages as their turn comes: one that cannot be read is no reason to stop trading.

That it could not be read is a fact like any other: a run that is lived again goes on without it at
the same place, whether or not it can be read by then.
"""

import json

from edgekeeper.errors import BadData, EdgekeeperError, Refused, StorageError
from edgekeeper.ledger import Ledger
from edgekeeper.registry import Package, Registry

__all__ = ["FAULT", "PackageReader"]

FAULT = "fault"
"""Actor of the moves that say so."""

_FAULTS = {
    BadData: "damaged",
    StorageError: "absent, or cannot be read",
    Refused: "not signed by anyone trusted",
}


class PackageReader:
    """Loads packages, and remembers from the record which could not be loaded."""

    def __init__(self, ledger: Ledger, registry: Registry) -> None:
        self._ledger, self._registry = ledger, registry
        self._unreadable: dict[str, str] | None = None

    def load(self, package: str) -> Package | str:
        """Return a package, or what is wrong with it.

        Raises
        ------
        EdgekeeperError
            While a run is lived again: it could be read then, and the record cannot be proved
            without it.
        """
        if self._unreadable is None:
            kept = self._ledger.read("stages", ["evidence_json"], where={"actor": FAULT})
            notes = [json.loads(text) for text in kept["evidence_json"].to_list()]
            self._unreadable = {note["package"]: note["fault"] for note in notes}
        if package in self._unreadable:
            return self._unreadable[package]
        try:
            return self._registry.load(package)
        except EdgekeeperError as error:
            if self._ledger.unproved:
                raise
            self._unreadable[package] = _FAULTS.get(type(error), "not usable")
            return self._unreadable[package]
