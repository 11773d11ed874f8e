"""A drift monitor as bytes: a header in JSON, its arrays as they are, and a checksum."""

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["DriftArrays", "pack_state", "unpack_state"]

_MAGIC = b"EKDRIFT1"
_DIGEST = 32
_TYPES = {"f": np.dtype("<f8"), "i": np.dtype("<i8")}


@dataclass(frozen=True, slots=True)
class DriftArrays:
    """What a drift monitor reads and adds to.

    Attributes
    ----------
    ordered : float64 [d, n]
        The reference, each feature's values rising, NaN last.
    known : int64 [d]
        How many of them are not NaN.
    pairs : int64 [p, 2]
        Features whose products are watched.
    channels : float64 [rows, 3 d + p]
        Moments, thresholds and sums of each channel.
    """

    ordered: Float64Array
    known: Int64Array
    pairs: Int64Array
    channels: Float64Array

    def check(self, features: int, rows: int) -> None:
        """Refuse arrays that do not fit each other: compiled code would read past their ends."""
        n, p = self.ordered.shape[-1], len(self.pairs)
        shapes = (features, n), (features,), (p, 2), (rows, 3 * features + p)
        fits = all(
            getattr(self, field.name).shape == shape
            for field, shape in zip(fields(self), shapes, strict=True)
        )
        kinds = self.ordered.dtype.kind + self.known.dtype.kind
        kinds += self.pairs.dtype.kind + self.channels.dtype.kind
        if not fits or kinds != "fiif" or features < 1:
            raise BadData("state: its parts do not fit each other: fit again")
        lowest = min(self.known.min(), self.pairs.min(initial=0))
        if lowest < 0 or self.known.max() > n or self.pairs.max(initial=0) >= features:
            raise BadData("state: its parts point outside each other: fit again")


def pack_state(header: Mapping[str, object], arrays: DriftArrays) -> bytes:
    """Return header and arrays as bytes, the same on every machine."""
    parts = {field.name: getattr(arrays, field.name) for field in fields(arrays)}
    shapes = {name: (array.dtype.kind, array.shape) for name, array in parts.items()}
    text = json.dumps({"header": header, "arrays": shapes}, allow_nan=False).encode()
    body = b"".join(
        np.ascontiguousarray(array, dtype=_TYPES[array.dtype.kind]).tobytes()
        for array in parts.values()
    )
    whole = _MAGIC + struct.pack("<I", len(text)) + text + body
    return whole + hashlib.sha256(whole).digest()


def unpack_state(data: bytes) -> tuple[dict[str, Any], DriftArrays]:
    """Read what :func:`pack_state` wrote.

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
    body, digest = whole[:-_DIGEST], whole[-_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        raise BadData("state: cut short or damaged: use an older copy, or fit again")
    (length,) = struct.unpack_from("<I", body, len(_MAGIC))
    try:
        record = json.loads(body[start : start + length])
        arrays: dict[str, Any] = {}
        place = start + length
        for name, (kind, shape) in record["arrays"].items():
            flat = np.frombuffer(body, _TYPES[kind], math.prod(shape), place)
            arrays[name] = flat.reshape(shape).astype(_TYPES[kind].newbyteorder("="))
            place += flat.nbytes
        if place != len(body):
            raise BadData("state: longer than its parts: fit again")
        return dict(record["header"]), DriftArrays(**arrays)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadData(f"state: unreadable ({error}): fit again") from error
