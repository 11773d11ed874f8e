"""Fetch a run from another machine: its record, its bars, its packages, so that it can be studied.

What is fetched is a mirror. The record is a verified copy that the other machine makes while it
goes on, and takes the place of an older one only if it is the same run, further on.
"""

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.desk.folder import LEDGER, MODELS
from edgekeeper.errors import BadData, EdgekeeperError, StorageError, UsageError
from edgekeeper.ledger import MARKET_ROLES, OPERATIONAL_ROLES, Ledger, drop_backup, seal_file
from edgekeeper.ledger.stores import segment_folder
from edgekeeper.registry import FarError, FarSide

__all__ = ["Pulled", "pull_run"]

_COPIES, _INCOMING = "pulls", ".pulling"
_FOLDERS = ("bars", "live", f"{MODELS}/packages")
_FILES = (f"{MODELS}/pointer.json", "paper.json", "local.json")


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was fetched.

    Attributes
    ----------
    folder : Path
    head : str
        The ledger hash.
    links : int
        Of the trading loop's chain.
    new_links : int
        Of these, how many were not here before.
    """

    folder: Path
    head: str
    links: int
    new_links: int


def pull_run(far: FarSide, folder: Path, ledger_url: str = "") -> Pulled:
    """Bring a run's mirror in ``folder`` up to date.

    Parameters
    ----------
    far : FarSide
    folder : path
    ledger_url : str
        Of a record that lies in a database, as it is reached from here: it is copied into a file,
        whole each time.

    Raises
    ------
    UsageError
        There is a run here that is another, or that trades here.
    StorageError
        The machine cannot be reached, or a disk is full; what was here stays.
    BadData
        What came does not hold.
    """
    known = _known(folder)
    incoming = folder / _INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    record = incoming / LEDGER
    try:
        if ledger_url:
            _copy_record(ledger_url, record)
        else:
            _fetch_record(far, folder, record)
    except EdgekeeperError:
        with suppress(OSError):  # what has come so far stays, to go on with; an empty folder goes
            incoming.rmdir()
            folder.rmdir()
        raise
    with Ledger.open(record, read_only=True) as ledger:
        for role in (*MARKET_ROLES, *OPERATIONAL_ROLES):
            ledger.verify(role)
        ledger.check_seals()
        ledger.check_segments()
        head, links = ledger.head("trade"), _links(ledger)
        _check_follows(ledger, known, folder)
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
        far.fetch(f"{far.folder}/{name}/", folder / name, missing=True)
    for name in _FILES:
        far.fetch(f"{far.folder}/{name}", folder / name, missing=True)
    _swap(record, folder / LEDGER)
    shutil.rmtree(incoming, ignore_errors=True)
    return Pulled(folder, head, links, links - (known[1] if known else 0))


def _known(folder: Path) -> tuple[str, int, str] | None:
    """Run, length and hash of the record that is here."""
    path = folder / LEDGER
    if not path.is_file():
        if folder.is_dir() and any(child.name != _INCOMING for child in folder.iterdir()):
            raise UsageError(f"expected a new folder or an older mirror, got {folder}: use --to")
        return None
    with Ledger.open(path, read_only=True) as ledger:
        if ledger.has_writer("trade"):
            raise UsageError(f"a run trades in {folder}: choose another folder with --to")
        runs = ledger.read("runs", ["run_id"])
        name = str(runs["run_id"][0]) if runs.height else ""
        return name, _links(ledger), ledger.head("trade")


def _copy_record(ledger_url: str, record: Path) -> None:
    """Copy a record out of a database, verified; what an attempt before left is no use."""
    drop_backup(record)
    with Ledger.open(ledger_url, read_only=True) as ledger:
        ledger.copy_to(record)


def _fetch_record(far: FarSide, folder: Path, record: Path) -> None:
    copies = f"{far.folder}/{_COPIES}"
    try:
        said = far.edgekeeper("ledger", "backup", "--run", far.folder, "--to", copies, "--days",
                              "1", "--weeks", "0", "--months", "0", "--json")  # fmt: skip
    except FarError as error:
        if error.exit_code != UsageError.exit_code:
            raise
        raise UsageError(
            f"{error}; where its record is in a database, name that with --ledger, as it is "
            "reached from here (through `ssh -L`, say)"
        ) from error
    try:
        backup = str(json.loads(said)["backup"])
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"{far.host}: expected the name of a backup, got {said[:200]!r}: is Edgekeeper there "
            "of the same version?"
        ) from error
    if (folder / LEDGER).is_file() and not record.exists():
        shutil.copyfile(folder / LEDGER, record)  # so that only what differs has to travel
    far.fetch(backup, record)
    far.fetch(f"{backup}.seals", seal_file(record), missing=True)
    segments = segment_folder(record)
    if segment_folder(folder / LEDGER).is_dir() and not segments.exists():
        shutil.copytree(segment_folder(folder / LEDGER), segments)
    segments.mkdir(exist_ok=True)
    if not far.fetch(f"{backup}.segments/", segments, missing=True):
        shutil.rmtree(segments)


def _check_follows(ledger: Ledger, known: tuple[str, int, str] | None, folder: Path) -> None:
    if known is None:
        return
    name, links, head = known
    runs = ledger.read("runs", ["run_id"])
    same = runs.height > 0 and str(runs["run_id"][0]) == name
    found = ledger.read("chain", ["digest"], where={"role": "trade", "seq": links - 1})
    if not same or (links and (found.height == 0 or found["digest"][0] != head)):
        raise BadData(
            f"expected the run of which {folder} is a mirror, further on, got another: what is "
            "here stays; choose another folder with --to"
        )


def _links(ledger: Ledger) -> int:
    last = ledger.read(
        "chain", ["seq"], where={"role": "trade"}, order=["seq"], descending=True, limit=1
    )
    return int(last["seq"][0]) + 1 if last.height else 0


def _swap(record: Path, place: Path) -> None:
    """Put a record in the place of an older one; its segments first, which only ever are added."""
    try:
        for file in sorted(segment_folder(record).glob("*")):
            segment_folder(place).mkdir(exist_ok=True)
            file.replace(segment_folder(place) / file.name)
        for ending in ("-wal", "-shm"):  # of the older one: they would spoil the new
            place.with_name(place.name + ending).unlink(missing_ok=True)
            record.with_name(record.name + ending).unlink(missing_ok=True)
        record.replace(place)
        if seal_file(record).is_file():
            seal_file(record).replace(seal_file(place))
    except OSError as error:
        raise StorageError(f"could not put the record into {place.parent}: {error}") from error
