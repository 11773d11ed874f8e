"""What lies where in the folder of a run, and its record opened for reading."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgekeeper.ledger import Ledger

__all__ = ["LEDGER", "MODELS", "open_ledger"]

LEDGER = "ledger.sqlite"
MODELS = "models"


@contextmanager
def open_ledger(run: Path, url: str = "") -> "Iterator[Ledger]":
    """Open a run's ledger for reading, or the one at ``url``."""
    from edgekeeper.ledger import Ledger

    with Ledger.open(url or run / LEDGER, read_only=True) as ledger:
        yield ledger
