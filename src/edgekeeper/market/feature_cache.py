"""``FeatureCache``: features on disk, found again by what they calculate and from which data."""

import hashlib
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.errors import StorageError, UsageError
from edgekeeper.features import FeatureSet
from edgekeeper.features.calendar import CALENDAR
from edgekeeper.features.inputs import read_columns
from edgekeeper.types import Float32Array

__all__ = ["FeatureCache"]

_FORMAT = b"edgekeeper feature cache 1"
_DIGEST = 32
_LEAST_BYTES = 1 << 20
_ABANDONED_S = 3_600.0


class FeatureCache:
    """A folder with one file a feature and data set; adding a feature computes that one only.

    A file is named by a hash over the calculation (with the versions of its ops) and over the very
    columns that it reads, so a change of either is another file and nothing is ever out of date.
    Files are written whole under another name and renamed, and carry a checksum: two processes may
    share a folder, a killed one leaves nothing that is read, and damage is computed anew. The
    files used longest ago go when the limit is reached.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    limit_bytes : int
        Size of all files together, at least 1 MiB.

    Attributes
    ----------
    hits, misses : int
        Features that were found, and computed, by this object so far.

    Examples
    --------
    >>> import tempfile
    >>> from edgekeeper.market import load_bars
    >>> bars = load_bars("bundled", ["IBM"]).bars
    >>> features = FeatureSet({"trend": "close / ema(close, 9) - 1"})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = FeatureCache(Path(folder))
    ...     _ = cache.matrix(features, bars)
    ...     _ = cache.matrix(features.with_("gap", "open / lag(close) - 1"), bars)
    ...     cache.hits, cache.misses
    (1, 2)
    """

    def __init__(self, folder: Path, limit_bytes: int = 4 << 30) -> None:
        if limit_bytes < _LEAST_BYTES:
            raise UsageError(
                f"expected a limit of at least {_LEAST_BYTES} bytes, got {limit_bytes}"
            )
        self.hits = self.misses = 0
        self._folder = folder
        self._limit = limit_bytes
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot make the feature cache {folder}: {error}") from error

    def matrix(self, features: FeatureSet, bars: Bars) -> Float32Array:
        """Return what :meth:`FeatureSet.matrix` does, float32 ``[N, F]``.

        Raises
        ------
        UsageError
            The bars lack a column.
        StorageError
            A result cannot be written; its message says what to do.
        """
        paths = self._paths(features, bars)
        table = np.empty((len(bars), len(features)), dtype=np.float32)
        missing = [
            name for f, name in enumerate(features.names) if not _read(paths[f], table[:, f])
        ]
        self.hits += len(features) - len(missing)
        self.misses += len(missing)
        if not missing:
            return table
        part = FeatureSet({name: features.expressions[name] for name in missing})
        for column, name in zip(part.matrix(bars).T, missing, strict=True):
            f = features.names.index(name)
            table[:, f] = column
            self._write(paths[f], column)
        self._make_room()
        return table

    def _paths(self, features: FeatureSet, bars: Bars) -> list[Path]:
        """File of each feature."""
        rows = hashlib.sha256(_FORMAT)
        rows.update("\n".join(bars.symbols).encode())
        rows.update(np.ascontiguousarray(bars.symbol, dtype="<i4").tobytes())
        rows.update(np.ascontiguousarray(bars.event_time, dtype="<i8").tobytes())
        needed = tuple(name for name in features.columns if name not in CALENDAR)
        series = zip(needed, read_columns(needed, bars), strict=True)
        columns = {name: hashlib.sha256(values.tobytes()).digest() for name, values in series}
        paths = []
        for name, calculation in zip(features.names, features.hashes, strict=True):
            key = _key(rows.digest(), calculation, columns, features.columns_of(name))
            paths.append(self._folder / key[:2] / f"{key}.f32")
        return paths

    def _write(self, path: Path, column: Float32Array) -> None:
        body = np.ascontiguousarray(column, dtype="<f4").tobytes()
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            path.parent.mkdir(exist_ok=True)
            # No flush to disk: a file cut short by a power failure fails its checksum.
            temporary.write_bytes(hashlib.sha256(body).digest() + body)
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StorageError(
                f"cannot write to the feature cache {self._folder}: {error}; free some space, or "
                "lower its limit, or go on without a cache"
            ) from error

    def _make_room(self) -> None:
        """Remove what was used longest ago until nine tenths of the limit are left."""
        found: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*/*"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # another process was quicker
            if path.suffix == ".f32":
                found.append((status.st_mtime, status.st_size, path))
            elif path.suffix == ".tmp" and time.time() - status.st_mtime > _ABANDONED_S:
                path.unlink(missing_ok=True)
        total = sum(size for _, size, _ in found)
        if total <= self._limit:
            return
        for _, size, path in sorted(found):
            path.unlink(missing_ok=True)
            total -= size
            if total <= 0.9 * self._limit:
                return


def _key(
    rows: bytes, calculation: str, columns: Mapping[str, bytes], needed: tuple[str, ...]
) -> str:
    digest = hashlib.sha256(rows + calculation.encode())
    for name in needed:
        digest.update(name.encode() + b"\n" + columns.get(name, b""))
    return digest.hexdigest()


def _read(path: Path, into: Float32Array) -> bool:
    """Fill a column from a file; False where there is none, or a damaged one."""
    try:
        content = path.read_bytes()
        body = content[_DIGEST:]
        sound = len(body) == 4 * len(into) and hashlib.sha256(body).digest() == content[:_DIGEST]
        if not sound:
            path.unlink(missing_ok=True)
            return False
        os.utime(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageError(f"cannot read the feature cache at {path}: {error}") from error
    into[:] = np.frombuffer(body, dtype="<f4")
    return True
