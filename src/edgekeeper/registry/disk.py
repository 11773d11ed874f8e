"""The registry on disk: packages by content hash, and the pointer."""

import os
from collections.abc import Collection
from pathlib import Path

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.models.manifest import Manifest
from edgekeeper.models.package import (
    LIMITS,
    SIGNATURE,
    PackageBytes,
    is_hash,
    verified_manifest,
)
from edgekeeper.registry.folder import Package, read_folder, storing, write_file, write_folder
from edgekeeper.registry.keys import sign_folder
from edgekeeper.registry.pointer import Pointer

__all__ = ["Registry"]

_PACKAGES, _POINTER = "packages", "pointer.json"
_POINTER_LIMIT = 2**20


class Registry:
    """Packages and pointer under one folder, which is made when first written to.

    ``root/packages/<hash>/`` holds a package each, immutable; ``root/pointer.json`` names those
    that trade. Any number of processes may read and save packages at once; the pointer has one
    writer.

    Parameters
    ----------
    root : path
    trusted : collection of str
        Public keys; with some, only packages that one of them signed are loaded.
    signing_key : path, optional
        File of the private key that signs what is saved.

    Examples
    --------
    ``registry = Registry("models")``, then ``registry.save(build_package(…))`` and
    ``registry.load(package.hash).forecast(features, volatility)``.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        trusted: Collection[str] = (),
        signing_key: str | os.PathLike[str] = "",
    ) -> None:
        self.root = Path(root)
        self.trusted = frozenset(trusted)
        self.signing_key = signing_key

    def save(self, package: PackageBytes) -> Path:
        """Store a package and return its folder; storing it twice is storing it once.

        Raises
        ------
        BadData
            The package is not what its hash says, or other content lies in its place.
        StorageError
            Disk full or folder unwritable; nothing half-written stays.
        """
        _, actual = verified_manifest(package.files)
        if actual != package.hash:
            raise BadData(f"package: expected content of hash {package.hash}, got {actual}")
        folder = self.folder(package.hash)
        with storing(f"write {folder}"):
            present = folder.exists()
        if not present:
            write_folder(folder, package.files)
        stored = read_folder(folder)
        if any(stored[name] != package.files[name] for name in LIMITS):
            raise BadData(f"{folder}: expected package {package.hash}, got damage: remove it")
        if self.signing_key and SIGNATURE not in stored:
            sign_folder(folder, self.signing_key)
        return folder

    def load(self, hash: str) -> Package:
        """Load a package by its hash, checked against it.

        Raises
        ------
        UsageError
            Not a hash.
        StorageError
            No such package.
        BadData
            Damaged, tampered with, or of operators that this version calculates otherwise.
        Refused
            Not signed by a trusted key.
        """
        package = Package.load(self._present(hash), self.trusted)
        self._check_hash(hash, package.hash)
        return package

    def files(self, hash: str) -> PackageBytes:
        """Return a package as bytes, checked against its hash; raises as :meth:`load`."""
        files = read_folder(self._present(hash))
        _, actual = verified_manifest(files)
        self._check_hash(hash, actual)
        return PackageBytes(files, actual)

    def manifest(self, hash: str) -> Manifest:
        """Return a package's manifest without loading its graph; raises as :meth:`load`."""
        manifest, actual = verified_manifest(read_folder(self._present(hash)))
        self._check_hash(hash, actual)
        return manifest

    def list(self) -> tuple[str, ...]:
        """Return the hashes of all packages, sorted.

        Raises
        ------
        StorageError
            The folder cannot be read.
        """
        packages = self.root / _PACKAGES
        with storing(f"list {packages}"):
            if not packages.exists():
                return ()
            return tuple(sorted(path.name for path in packages.iterdir() if is_hash(path.name)))

    def folder(self, hash: str) -> Path:
        """Return where a package lies or would lie.

        Raises
        ------
        UsageError
            Not 64 hexadecimal digits, so that no hash can lead out of the registry.
        """
        if not is_hash(hash):
            raise UsageError(f"expected the hash of a package, 64 hex digits, got {hash!r}")
        return self.root / _PACKAGES / hash

    def pointer(self) -> Pointer:
        """Return which packages trade; an empty one where none was ever set.

        Raises
        ------
        BadData
            The file is damaged.
        StorageError
            It cannot be read.
        """
        path = self.root / _POINTER
        with storing(f"read {path}"):
            try:
                with path.open("rb") as file:
                    data = file.read(_POINTER_LIMIT)
            except FileNotFoundError:
                return Pointer()
        return Pointer.from_bytes(data)

    def set_pointer(self, pointer: Pointer) -> None:
        """Swap the pointer in one step; readers see the old or the new one, never a mixture.

        Raises
        ------
        StorageError
            A package it names is not here; disk full or folder unwritable. The old one stays.
        """
        for hash in pointer.packages:
            self._present(hash)
        path = self.root / _POINTER
        with storing(f"write {path}"):
            self.root.mkdir(parents=True, exist_ok=True)
        write_file(path, pointer.to_bytes())

    def _present(self, hash: str) -> Path:
        folder = self.folder(hash)
        with storing(f"read {folder}"):
            present = folder.is_dir() and not folder.is_symlink()
        if not present:
            known = len(self.list())
            raise StorageError(
                f"expected package {hash[:12]}… in {self.root}, got {known} others: "
                "`edgekeeper models list` shows them"
            )
        return folder

    @staticmethod
    def _check_hash(expected: str, actual: str) -> None:
        if actual != expected:
            raise BadData(
                f"checksums.json: expected package {expected[:12]}…, got {actual[:12]}…: "
                "tampered with, fetch the package again"
            )
