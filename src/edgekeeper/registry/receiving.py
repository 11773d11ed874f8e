"""Take a package that came from elsewhere: checked whole before it lies among those that serve."""

from dataclasses import dataclass
from pathlib import Path

from edgekeeper.errors import BadData, Refused
from edgekeeper.models.package import PackageBytes, PackagedModel, verified_manifest
from edgekeeper.models.signature import signed_by, verify
from edgekeeper.registry.disk import Registry
from edgekeeper.registry.folder import read_folder
from edgekeeper.registry.operators import check_operators
from edgekeeper.registry.parcel import unpack

__all__ = ["Received", "receive", "receive_folder"]


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a package that was sent.

    Attributes
    ----------
    hash : str
    new : bool
        False: it was here already.
    line : str
    refit : int
    signed_by : str or None
        Public key.
    """

    hash: str
    new: bool
    line: str
    refit: int
    signed_by: str | None


def receive(registry: Registry, parcel: bytes, *, unsigned: bool = False) -> Received:
    """Check a parcel and save its package.

    Its size, its names, its checksums, its signature by one of ``registry.trusted``, its graph
    (rehearsed under a bound of memory and time), its operators, and the scores it recorded, which
    have to come back here to the last bit. Then it is moved into place in one step. Whatever is
    wrong, nothing is left behind.

    Parameters
    ----------
    registry : Registry
    parcel : bytes
        As :func:`~edgekeeper.registry.pack` makes it.
    unsigned : bool
        Take unsigned packages where ``registry.trusted`` is empty: for a sender who has been let
        in by other means, such as ssh. Otherwise a registry that trusts no key takes nothing.

    Raises
    ------
    BadData
        Damaged, hostile, or of operators that this version calculates otherwise.
    Refused
        Not signed by a trusted key.
    StorageError
        Disk full or folder unwritable.
    """
    return _take(registry, unpack(parcel), unsigned)


def receive_folder(registry: Registry, folder: Path, *, unsigned: bool = False) -> Received:
    """Check and save a package that lies in a folder; see :func:`receive`."""
    return _take(registry, read_folder(folder), unsigned)


def _take(registry: Registry, files: dict[str, bytes], unsigned: bool) -> Received:
    manifest, hash = verified_manifest(files)
    if not (registry.trusted or unsigned):
        raise Refused(
            "package: expected packages.trusted_keys to name who may send packages, found none: "
            "`edgekeeper models key FILE` makes a pair, and its public half goes there"
        )
    verify(files, registry.trusted)
    package = PackagedModel.from_files(files)
    check_operators(package.manifest)
    difference = package.probe_difference()
    if difference:
        raise BadData(
            f"package {hash[:12]}: its recorded scores come back {difference:.2g} off on this "
            "machine: fit it here, or serve it on a machine like the one that made it"
        )
    new = not registry.folder(hash).exists()
    registry.save(PackageBytes(files, hash))
    lineage = manifest.provenance.lineage
    return Received(hash, new, lineage.line, lineage.refit, signed_by(files))
