"""A package as a folder: bounded reading, all-or-nothing writing."""

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Self

from edgekeeper.errors import BadData, StorageError
from edgekeeper.models.package import LIMITS, OPTIONAL, PackagedModel
from edgekeeper.models.signature import verify
from edgekeeper.registry.operators import check_operators
from edgekeeper.types import Device

__all__ = [
    "Package",
    "load_package_dir",
    "read_folder",
    "storing",
    "sync_folder",
    "write_file",
    "write_folder",
]

# Neither follow a link nor wait for a pipe's writer; both flags are 0 where a system lacks them.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Package(PackagedModel):
    """A packaged model that can be loaded from its folder.

    Examples
    --------
    ``Package.load("models/packages/3f2a…").forecast(features, volatility)`` forecasts both sides
    of each row.
    """

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        trusted: Collection[str] = (),
        device: Device = "cpu",
    ) -> Self:
        """Read and check a package's folder, then load it.

        Parameters
        ----------
        folder : path
        trusted : collection of str
            Public keys, of which one has to have signed it; none: nobody has to.
        device : {"cpu", "cuda"}
            Where nets forecast, see :meth:`PackagedModel.from_files`.

        Raises
        ------
        UsageError
            No graphics card that ONNX Runtime can use.
        BadData
            A file missing, empty, too large, damaged, or of an unknown version; operators that
            this version calculates otherwise.
        Refused
            Not signed by a trusted key; on the graphics card it forecasts otherwise.
        StorageError
            The folder is not there or cannot be read.
        """
        files = read_folder(Path(folder))
        verify(files, trusted)
        package = cls.from_files(files, device)
        check_operators(package.manifest)
        return package


def load_package_dir(folder: str | os.PathLike[str]) -> Package:
    """Load a package from its folder; see :meth:`Package.load`."""
    return Package.load(folder)


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read the files of a package, no link followed and never more than its limits.

    Raises
    ------
    StorageError
        No such folder, or not readable.
    BadData
        A file that is missing, not a plain file, or larger than a package's may be.
    """
    with storing(f"read {folder}"):
        present = folder.is_dir()
    if not present:
        raise StorageError(f"expected the folder of a package, got {folder}: no such folder")
    files: dict[str, bytes] = {}
    for name, limit in (LIMITS | OPTIONAL).items():
        with storing(f"read {folder / name}"):
            try:
                handle = os.open(folder / name, _READ)
            except FileNotFoundError:
                if name in OPTIONAL:
                    continue
                raise BadData(f"{name}: expected it in {folder}, got none") from None
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise BadData(f"{name}: expected a plain file, got a link") from None
                raise
            with os.fdopen(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise BadData(f"{name}: expected a plain file in {folder}")
                files[name] = file.read(limit + 1)
    return files


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder so that it is there whole or not at all, also after a power cut.

    Written and synced beside ``target``, then renamed. Whoever renames first wins; content is
    the same, since the name is its hash.

    Raises
    ------
    StorageError
        Disk full, folder unwritable; nothing is left behind.
    """
    with storing(f"write {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".saving-", dir=target.parent))
        try:
            for name, data in files.items():
                with (draft / name).open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            sync_folder(draft)
            draft.chmod(0o755)
            try:
                draft.rename(target)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
            sync_folder(target.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def write_file(path: Path, data: bytes) -> None:
    """Swap one file in one step; readers see the old or the new one, never a mixture.

    Raises
    ------
    StorageError
        Disk full or folder unwritable; the old one stays.
    """
    with storing(f"write {path}"):
        handle, draft = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).chmod(0o644)
            Path(draft).replace(path)
            sync_folder(path.parent)
        finally:
            Path(draft).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames within a folder survive a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def storing(what: str) -> Iterator[None]:
    """Turn the system's errors into ``StorageError`` with the remedy."""
    try:
        yield
    except OSError as error:
        remedy = {
            errno.ENOSPC: "free some space",
            errno.EDQUOT: "free some space",
            errno.EACCES: "make it readable and writable for this user",
            errno.EPERM: "make it readable and writable for this user",
            errno.EROFS: "choose a folder on a writable disk",
        }.get(error.errno or 0, "check the disk and the path")
        raise StorageError(f"cannot {what}: {error.strerror or error}; {remedy}") from error
