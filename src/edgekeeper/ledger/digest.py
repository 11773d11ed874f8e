"""Canonical bytes of facts, and the SHA-256 digests that the chain is made of.

The encoding depends on values alone: not on the database, the order of columns, how rows were cut
into appends, or columns that a later schema adds (those are NULL in old rows, and a column
without any value is left out).

``text(x)`` below means the UTF-8 bytes of ``x`` after their number as uint32; numbers are
little-endian. The digest of a **batch** (all rows that one transaction wrote to one table) is that
of::

    text("edgekeeper.batch.1") text(table) uint64(rows)
    for each column with at least one value, by name:
        text(name) and one letter:
        "f"  float64 per row; NULL is the quiet NaN 0x7ff8000000000000, minus zero is zero
        "i"  one byte per row (1: has a value), then int64 per row, 0 for NULL
        "t"  int32 per row with the length in bytes, -1 for NULL, then all bytes together

and the digest of a **link** that of::

    text("edgekeeper.link.1") text(role) uint64(seq) digest of the link before (32 bytes, 0 first)
    one byte (1: has an event time) int64(event time, or 0)
    for each table, by name: text(table) uint64(rows) digest of its batch (32 bytes)
"""

import hashlib
import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.ledger.schema import Kind
from edgekeeper.ledger.values import Column

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "GENESIS",
    "batch_digest",
    "batch_head",
    "encode_column",
    "encoded_name",
    "frame_digests",
    "link_digest",
]

GENESIS = "0" * 64
"""What stands for the digest before a role's first link."""
_FEW = 64
"""Rows up to which a column is packed by hand."""
_MINUS_ZERO = struct.pack("<d", -0.0)


def batch_digest(
    table: str, rows: int, columns: Mapping[str, Column], kinds: Mapping[str, Kind]
) -> str:
    """Digest of ``rows`` rows of one table, hex. Columns that are left out count as NULL.

    Examples
    --------
    >>> facts, kinds = {"equity": [1.0, None]}, {"equity": float, "cash": float}
    >>> one = batch_digest("equity", 2, facts, kinds)
    >>> one == batch_digest("equity", 2, {**facts, "cash": [None, None]}, kinds)
    True
    """
    parts = [batch_head(table, rows)]
    for name in sorted(columns):
        encoded = _ENCODERS[kinds[name]](columns[name])
        if encoded:
            parts += (_text(name), encoded)
    return hashlib.sha256(b"".join(parts)).hexdigest()


def batch_head(table: str, rows: int) -> bytes:
    """Bytes that a batch begins with."""
    return _text("edgekeeper.batch.1") + _text(table) + rows.to_bytes(8, "little")


def encoded_name(column: str) -> bytes:
    """Bytes that a column with a value begins with."""
    return _text(column)


def encode_column(values: Column, kind: Kind) -> bytes:
    """Bytes of a column after its name; none where it has no value."""
    return _ENCODERS[kind](values)


def link_digest(
    role: str,
    seq: int,
    previous: str,
    event_time_ns: int | None,
    batches: Iterable[tuple[str, int, str]],
) -> str:
    """Digest of one link, hex; ``batches`` holds (table, rows, batch digest)."""
    known = event_time_ns is not None
    parts = [
        _text("edgekeeper.link.1"),
        _text(role),
        struct.pack("<Q", seq),
        bytes.fromhex(previous),
        struct.pack("<Bq", known, event_time_ns or 0),
    ]
    for table, rows, digest in sorted(batches):
        parts += [_text(table), struct.pack("<Q", rows), bytes.fromhex(digest)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


@lru_cache(maxsize=4096)
def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<I", len(raw)) + raw


@lru_cache(maxsize=4096)
def _packer(count: int, letter: str) -> struct.Struct:
    """For short columns: NumPy's first touch of a list costs more than packing all of it."""
    return struct.Struct(f"<{count}{letter}")


def _encode_floats(values: Sequence[float | None]) -> bytes:
    """Bytes of a column, none if it has no value: first as if none were missing, which is usual."""
    if len(values) > _FEW:
        return b"f" + (np.array(values, dtype="<f8") + 0.0).tobytes() if _any(values) else b""
    pack = _packer(len(values), "d").pack
    try:
        packed = pack(*values)
    except struct.error:
        if not _any(values):
            return b""
        packed = pack(*[math.nan if number is None else number for number in values])
    if _MINUS_ZERO in packed:
        packed = pack(*[number + 0.0 for number in struct.unpack(f"<{len(values)}d", packed)])
    return b"f" + packed


def _encode_ints(values: Sequence[int | None]) -> bytes:
    if len(values) <= _FEW:
        try:
            return b"i" + b"\x01" * len(values) + _packer(len(values), "q").pack(*values)
        except struct.error:
            pass
    if not _any(values):
        return b""
    known = bytes(value is not None for value in values)
    whole = np.array([0 if value is None else value for value in values], dtype="<i8")
    return b"i" + known + whole.tobytes()


def _encode_texts(values: Sequence[str | None]) -> bytes:
    return _few_texts(tuple(values)) if len(values) <= _FEW else _texts(values)


def _texts(values: Sequence[str | None]) -> bytes:
    if not _any(values):
        return b""
    together = "".join([text for text in values if text is not None])
    if together.isascii():  # then characters are bytes, and nothing is encoded one by one
        return b"t" + _lengths(values) + together.encode()
    raw = [None if text is None else text.encode() for text in values]
    return b"t" + _lengths(raw) + b"".join(filter(None, raw))


_few_texts = lru_cache(maxsize=2048)(_texts)  # names, sides, accounts: the same in each epoch


def _lengths(values: Sequence[Sized | None]) -> bytes:
    lengths = [-1 if value is None else len(value) for value in values]
    if len(lengths) <= _FEW:
        return _packer(len(lengths), "i").pack(*lengths)
    return np.array(lengths, dtype="<i4").tobytes()


def _any(values: Sequence[object]) -> bool:
    """Whether a column has a value; mostly its first one."""
    return bool(values) and (values[0] is not None or values.count(None) < len(values))


_ENCODERS: dict[Kind, Callable[[Any], bytes]] = {
    float: _encode_floats,
    int: _encode_ints,
    str: _encode_texts,
}


def frame_digests(
    table: str, frame: "pl.DataFrame", kinds: Mapping[str, Kind], cuts: Sequence[int]
) -> Iterator[str]:
    """Digests of all batches in a frame: those of :func:`batch_digest`, without a list a value.

    Parameters
    ----------
    table : str
    frame : polars.DataFrame
        Rows in order of writing, with at least the columns of ``kinds``.
    kinds : mapping
    cuts : sequence of int
        Where batches begin, and the end of the last one.
    """
    names = sorted(kinds)
    known = {name: np.r_[0, np.cumsum(frame[name].is_not_null().to_numpy())] for name in names}
    slices = {name: _FRAME_ENCODERS[kinds[name]](frame[name]) for name in names}
    head, texts = _text("edgekeeper.batch.1") + _text(table), {name: _text(name) for name in names}
    for first, last in pairwise(cuts):
        digest = hashlib.sha256(head + struct.pack("<Q", last - first))
        for name in names:
            if known[name][first] < known[name][last]:
                digest.update(texts[name] + slices[name](first, last))
        yield digest.hexdigest()


def _float_slices(values: "pl.Series") -> Callable[[int, int], bytes]:
    array = values.fill_null(0.0).to_numpy().astype("<f8") + 0.0
    array[values.is_null().to_numpy()] = np.nan
    return lambda first, last: b"f" + array[first:last].tobytes()


def _int_slices(values: "pl.Series") -> Callable[[int, int], bytes]:
    known = values.is_not_null().to_numpy().astype(np.uint8)
    array = values.fill_null(0).to_numpy().astype("<i8")
    return lambda first, last: b"i" + known[first:last].tobytes() + array[first:last].tobytes()


def _text_slices(values: "pl.Series") -> Callable[[int, int], bytes]:
    lengths = values.str.len_bytes().cast(int).fill_null(-1).to_numpy().astype("<i4")
    ends = np.r_[0, np.cumsum(lengths.clip(0), dtype=np.int64)]
    together = "".join(values.drop_nulls().to_list()).encode()
    return lambda first, last: (
        b"t" + lengths[first:last].tobytes() + together[ends[first] : ends[last]]
    )


_FRAME_ENCODERS = {float: _float_slices, int: _int_slices, str: _text_slices}
