"""A package as one run of bytes, to be sent: an uncompressed tar of its files and nothing else.

It is never unpacked to a disk. Names are those of a package or the parcel is refused, so that no
path, link or device in it can lead anywhere.
"""

import io
import tarfile
from collections.abc import Mapping

from edgekeeper.errors import BadData
from edgekeeper.models.package import LIMITS, OPTIONAL

__all__ = ["MOST_BYTES", "pack", "unpack"]

_KNOWN = LIMITS | OPTIONAL
MOST_BYTES = sum(_KNOWN.values()) + 64 * 2**10
"""How large a parcel may be: its files at their limits, and the tar around them."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return the parcel of a package's files; the same files always give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(files[name]), 0o644
            archive.addfile(entry, io.BytesIO(files[name]))
    return buffer.getvalue()


def unpack(parcel: bytes) -> dict[str, bytes]:
    """Return the files of a parcel.

    Raises
    ------
    BadData
        Too large, cut off, or anything in it that is no file of a package: another name, a path, a
        link, a file twice or above its limit.
    """
    if len(parcel) > MOST_BYTES:
        raise BadData(f"parcel: expected at most {MOST_BYTES:,} bytes, got {len(parcel):,}")
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(parcel), mode="r:") as archive:
            for entry in archive:
                files[entry.name] = _content(archive, entry, files)
    except (tarfile.TarError, EOFError, ValueError, OSError, OverflowError) as error:
        raise BadData(f"parcel: expected a tar of a package's files: {error}") from error
    missing = LIMITS.keys() - files.keys()
    if missing:
        raise BadData(f"parcel: expected {', '.join(sorted(missing))} in it, got none")
    return files


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo, files: Mapping[str, bytes]) -> bytes:
    name = entry.name
    if name not in _KNOWN or not entry.isreg() or entry.issparse():
        raise BadData(
            f"parcel: expected plain files of a package ({', '.join(_KNOWN)}), got {name[:80]!r}"
        )
    if name in files:
        raise BadData(f"parcel: expected {name} once, got it twice")
    if not 0 <= entry.size <= _KNOWN[name]:
        raise BadData(f"parcel: expected {name} of at most {_KNOWN[name]:,} bytes")
    stream = archive.extractfile(entry)
    content = stream.read(entry.size) if stream is not None else b""
    if len(content) != entry.size:
        raise BadData(f"parcel: {name} is cut off after {len(content):,} of {entry.size:,} bytes")
    return content
