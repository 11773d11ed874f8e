"""Small files that only their owner may read: records shared by processes, and one secret."""

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgekeeper.atomic import write_atomically
from edgekeeper.errors import BadData, StorageError

__all__ = ["SecretFile", "kept_secret"]

_LOOK_NS = 500_000_000
_MINE_ALONE = 0o600
_SHORTEST = 32

Records = dict[str, list[dict[str, Any]]]
Signature = tuple[int, int, int]


class SecretFile:
    """Lists of records under names, as JSON with mode 0600; written whole or not at all.

    What another process wrote is seen within half a second; the file is not touched more often, so
    that a slow disk does not slow whoever asks a thousand times a second.

    Parameters
    ----------
    path : Path
    lists : mapping of name to tuple of str
        The keys that each record of a list has.
    monotonic_ns : callable
    """

    def __init__(
        self,
        path: Path,
        lists: Mapping[str, tuple[str, ...]],
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.path = path
        self._keys = {name: set(keys) for name, keys in lists.items()}
        self._monotonic_ns = monotonic_ns
        self._lock = threading.RLock()
        self._held: Records = {name: [] for name in self._keys}
        self._signature: Signature | None = None
        self._look_at_ns: int | None = None

    def read(self) -> Records:
        """Return the records; nobody may change them.

        Raises
        ------
        BadData
            The file is damaged.
        StorageError
            It cannot be read.
        """
        now = self._monotonic_ns()
        if self._look_at_ns is not None and now < self._look_at_ns:
            return self._held
        with self._lock:
            self._load()
            self._look_at_ns = now + _LOOK_NS
            return self._held

    @contextmanager
    def change(self) -> Iterator[Records]:
        """Let one process at a time change a copy of the records, then write it."""
        with self._lock, self._alone():
            self._load()
            records = {name: [dict(one) for one in self._held[name]] for name in self._keys}
            yield records
            content = json.dumps({"version": 1, **records}, indent=1).encode() + b"\n"
            write_atomically(self.path, content, mode=_MINE_ALONE)
            self._held, self._signature = records, self._signed()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = self.path.with_name(f".{self.path.name}.lock")
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MINE_ALONE)
        except OSError as error:
            raise StorageError(
                f"could not write {lock}: {error.strerror}: choose a folder that may be written to"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _load(self) -> None:
        signature = self._signed()
        if signature == self._signature and signature is not None:
            return
        if signature is None:
            self._held, self._signature = {name: [] for name in self._keys}, None
            return
        try:
            found = json.loads(self.path.read_bytes())
        except OSError as error:
            raise StorageError(
                f"could not read {self.path}: {error.strerror}: check who may read it"
            ) from error
        except (ValueError, RecursionError) as error:
            raise self._damaged() from error
        self._held, self._signature = self._checked(found), signature

    def _checked(self, found: Any) -> Records:
        if not isinstance(found, dict):
            raise self._damaged()
        records: Records = {}
        for name, keys in self._keys.items():
            held = found.get(name)
            if not isinstance(held, list):
                raise self._damaged()
            if not all(isinstance(one, dict) and set(one) == keys for one in held):
                raise self._damaged()
            records[name] = held
        return records

    def _damaged(self) -> BadData:
        return BadData(
            f"expected a file of {' and '.join(self._keys)}, got something else in {self.path}: "
            "nobody is let in by it; move it away, and make new ones with `edgekeeper token create`"
        )

    def _signed(self) -> Signature | None:
        """What changes whenever the file does."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"could not look at {self.path}: {error.strerror}") from error
        return found.st_ino, found.st_mtime_ns, found.st_size


def kept_secret(path: Path) -> str:
    """Return the secret of a file, which is made at the first call, whole and for its owner alone.

    Raises
    ------
    StorageError
        It can be neither read nor written.
    """
    try:
        held = path.read_text("ascii")
    except FileNotFoundError:
        held = ""
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"could not read {path}: {error}: check who may read it") from error
    if len(held) < _SHORTEST:
        held = secrets.token_urlsafe(_SHORTEST)
        write_atomically(path, held.encode(), mode=_MINE_ALONE)
    return held
