"""The packages of a run, and whose signature it wants on them, as it was begun."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.desk.folder import LEDGER, MODELS, open_ledger
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from edgekeeper.registry import Registry

__all__ = ["run_registry"]


def run_registry(folder: Path, url: str = "") -> "Registry":
    """Return the registry of a run; the keys it trusts are those of its configuration on record.

    Raises
    ------
    UsageError
        No run there.
    """
    from edgekeeper.config import parse_config
    from edgekeeper.registry import Registry

    if not url and not (folder / LEDGER).is_file():
        raise UsageError(f"expected the folder of a run, got {folder}: `serve` makes one")
    with open_ledger(folder, url) as ledger:
        runs = ledger.read("runs", ["config_json"])
    config = parse_config(json.loads(runs["config_json"][-1])) if runs.height else None
    return Registry(folder / MODELS, trusted=config.packages.trusted_keys if config else ())
