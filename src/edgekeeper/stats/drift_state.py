"""A drift monitor as bytes: a header in JSON, its arrays as they are, and a checksum."""

import hashlib
import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["pack_state", "unpack_state"]

_MAGIC = b"EKDRIFT1"
_DIGEST = 32
_TYPES = {"f": np.dtype("<f8"), "i": np.dtype("<i8")}


def pack_state(
    header: Mapping[str, object], arrays: Mapping[str, "Float64Array | Int64Array"]
) -> bytes:
    """Return header and arrays as bytes, the same on every machine."""
    parts = {name: (array.dtype.kind, array.shape) for name, array in arrays.items()}
    text = json.dumps({"header": header, "arrays": parts}, allow_nan=False).encode()
    body = b"".join(
        np.ascontiguousarray(array, dtype=_TYPES[array.dtype.kind]).tobytes()
        for array in arrays.values()
    )
    whole = _MAGIC + struct.pack("<I", len(text)) + text + body
    return whole + hashlib.sha256(whole).digest()


def unpack_state(
    data: bytes, names: Sequence[str]
) -> tuple[dict[str, Any], dict[str, "Float64Array | Int64Array"]]:
    """Read what :func:`pack_state` wrote; ``names`` are the arrays that have to be there.

    Raises
    ------
    BadData
        Something else, or damaged on the way.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise BadData(f"state: expected bytes as state() gives them, got {type(data).__name__}")
    whole = bytes(data)
    start = len(_MAGIC) + 4
    if len(whole) < start + _DIGEST or not whole.startswith(_MAGIC):
        raise BadData("state: expected the state of a drift monitor, got other bytes")
    if hashlib.sha256(whole[:-_DIGEST]).digest() != whole[-_DIGEST:]:
        raise BadData("state: cut short or damaged: use an older copy, or fit again")
    (length,) = struct.unpack_from("<I", whole, len(_MAGIC))
    try:
        record = json.loads(whole[start : start + length])
        header, parts = dict(record["header"]), dict(record["arrays"])
        kinds = {name: (_TYPES[kind], tuple(map(int, shape))) for name, (kind, shape) in parts.items()}
    except (ValueError, TypeError, KeyError) as error:
        raise BadData("state: unreadable header: fit again") from error
    place, arrays = start + length, {}
    for name, (kind, shape) in kinds.items():
        count = math.prod(shape)
        if min(shape, default=1) < 0 or place + 8 * count > len(whole) - _DIGEST:
            raise BadData(f"state: expected the whole of {name}, got less: fit again")
        flat = np.frombuffer(whole, kind, count, place)
        arrays[name] = flat.reshape(shape).astype(kind.newbyteorder("="))
        place += 8 * count
    if place != len(whole) - _DIGEST or list(arrays) != list(names):
        raise BadData(f"state: expected {', '.join(names)}, got {', '.join(arrays)}: fit again")
    return header, arrays
