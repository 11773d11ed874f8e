"""What an audit needs before it can live a record again: whole chains, packages, bars, settings."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from edgekeeper.bars import Bars
from edgekeeper.config import Config, parse_config
from edgekeeper.errors import BadData, EdgekeeperError, UsageError
from edgekeeper.ledger import MARKET_ROLES, OPERATIONAL_ROLES, Gap, Ledger, LetGo, Verified
from edgekeeper.market import longest_snapshot
from edgekeeper.registry import Registry

__all__ = [
    "Audited",
    "check_chains",
    "check_packages",
    "find_bars",
    "fitted_on_cards",
    "read_settings",
    "registry_of",
]


@dataclass(frozen=True, slots=True)
class Audited:
    """A record that holds.

    Attributes
    ----------
    ledger : str
        Where it lies.
    head : str
        Digest of the last link of ``trade``: *the* ledger hash.
    chains : tuple of Verified
        Links and rows of each role, recomputed from the stored rows.
    seals : int
        Seals that the chains reach.
    packages : int
        Packages found by hash, content checked.
    on_a_card : int
        Of these, fitted on a graphics card; they were fitted again on this machine's.
    bars : int
        Bars found by hash.
    replayed : dict of role to links
        Links that came back to the byte when the run was lived again.
    complete : bool
        Whether the record reaches the last of its bars; a killed run's does not.
    segments : int
        Parquet segments found, content checked.
    let_go : tuple of LetGo
        Segments that retention gave up: absent, as the record says they are.
    gaps : tuple of Gap
        Where rows were hashed but not kept, for want of room.
    trials_by_hand : int
        Trials on record beside the packages, outside the run; their chains hold too.
    """

    ledger: str
    head: str
    chains: tuple[Verified, ...]
    seals: int
    packages: int
    on_a_card: int
    bars: int
    replayed: dict[str, int]
    complete: bool
    segments: int
    let_go: tuple[LetGo, ...]
    gaps: tuple[Gap, ...]
    trials_by_hand: int


def check_chains(
    ledger: Ledger, *, head: str | None, since_ns: int | None
) -> tuple[tuple[Verified, ...], int]:
    """Recompute every chain from its rows, and hold it against the seals; see ``Ledger.verify``."""
    seals = ledger.check_seals()
    roles = (*MARKET_ROLES, *OPERATIONAL_ROLES)
    chains = tuple(
        ledger.verify(
            role,
            head=head if role == "trade" else None,
            since_ns=since_ns if role in MARKET_ROLES else None,
        )
        for role in roles
    )
    return chains, seals


def check_packages(ledger: Ledger, registry: Registry) -> tuple[int, int]:
    """Find each package on record by its hash, and check its content.

    Returns
    -------
    (int, int)
        How many there are, and how many of them were fitted on a graphics card.

    Raises
    ------
    BadData
        Naming the first that is absent or was changed.
    """
    hashes = ledger.read("packages", ["hash", "line", "refit_index"]).rows()
    on_a_card = 0
    for name, line, refit in hashes:
        try:
            on_a_card += "device" in registry.manifest(name).parameters
        except EdgekeeperError as error:
            raise BadData(
                f"package {name[:12]}… (refit {refit} of line {line}) is absent or was changed: "
                f"{error}"
            ) from error
    return len(hashes), on_a_card


@contextmanager
def fitted_on_cards(packages: int) -> Iterator[None]:
    """Say, where living a record again fails, that so many packages come back on few machines."""
    try:
        yield
    except (BadData, UsageError) as error:
        if not packages:
            raise
        raise type(error)(
            f"{error} ({packages} of its packages were fitted on a graphics card: they can come "
            "back on the same card, driver and libraries only)"
        ) from error


def find_bars(folder: Path) -> Bars:
    """Return the bars kept beside a record.

    Raises
    ------
    BadData
        None there, or changed.
    """
    bars = longest_snapshot(folder)
    if bars is None:
        raise BadData(
            f"absent: the bars of this run, expected as {folder}/<hash>.parquet: without them no "
            "decision can be lived again; restore them from a backup"
        )
    return bars


def read_settings(ledger: Ledger) -> Config:
    """Return the configuration on record.

    Raises
    ------
    BadData
        No run on record, or one of another version of Edgekeeper.
    """
    runs = ledger.read("runs")
    if runs.height == 0:
        raise BadData(f"expected a run in {ledger.place}, got an empty record: nothing to audit")
    run = runs.row(0, named=True)
    if run["code_version"] != version("edgekeeper"):
        raise BadData(
            f"{ledger.place} was made by Edgekeeper {run['code_version']}, this is "
            f"{version('edgekeeper')}: decisions come back to the byte on the same version only"
        )
    return parse_config(json.loads(run["config_json"]))


def registry_of(folder: Path, config: Config) -> Registry:
    """Return the packages of the run in a folder."""
    chosen = config.packages
    return Registry(folder / "models", trusted=chosen.trusted_keys, signing_key=chosen.signing_key)
