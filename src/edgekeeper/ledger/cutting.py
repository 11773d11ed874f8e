"""Columns that hold the rows of several links: encoded once, then cut at the links' ends.

A column costs the same few calls however many links share it; written link by link, those calls
would be most of what a record costs a replay.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgekeeper.ledger.digest import batch_head, encode_column, encoded_name
from edgekeeper.ledger.schema import Kind
from edgekeeper.ledger.values import Column

__all__ = ["cut_digests"]


def cut_digests(
    table: str,
    given: Mapping[str, object],
    cast: Mapping[str, Column],
    kinds: Mapping[str, Kind],
    spans: Sequence[tuple[int, int]],
) -> list[str]:
    """Digest of each span of rows: those of :func:`batch_digest`.

    Parameters
    ----------
    table : str
    given : mapping
        Columns as they came: where that is an array of the right kind, its bytes are taken as they
        are.
    cast : mapping
        The same columns as plain values.
    kinds : mapping
    spans : sequence of (int, int)
        First row, and the one after the last; none is empty.
    """
    pieces = [
        _cut(encoded_name(name), given[name], cast[name], kinds[name], spans)
        for name in sorted(cast)
    ]
    heads = [batch_head(table, last - first) for first, last in spans]
    return [
        hashlib.sha256(head + b"".join(one)).hexdigest()
        for head, *one in zip(heads, *pieces, strict=True)
    ]


def _cut(
    name: bytes, given: object, values: Column, kind: Kind, spans: Sequence[tuple[int, int]]
) -> list[bytes]:
    if type(given) is np.ndarray:
        if kind is float and given.dtype == np.float64:
            return _cut_floats(name + b"f", given + 0.0, spans)
        if kind is int and given.dtype == np.int64:
            raw = given.astype("<i8", copy=False).tobytes()
            return [
                b"%bi%b%b" % (name, b"\x01" * (last - first), raw[8 * first : 8 * last])
                for first, last in spans
            ]
    encoded = [encode_column(values[first:last], kind) for first, last in spans]
    return [one and name + one for one in encoded]


def _cut_floats(
    prefix: bytes, array: np.ndarray[Any, np.dtype[np.float64]], spans: Sequence[tuple[int, int]]
) -> list[bytes]:
    gone = np.isnan(array)
    if not gone.any():
        raw = array.astype("<f8", copy=False).tobytes()
        return [prefix + raw[8 * first : 8 * last] for first, last in spans]
    array[gone] = np.nan  # of all that mean NaN, the one that digests know
    raw = array.astype("<f8", copy=False).tobytes()
    known = np.concatenate(([0], np.cumsum(~gone))).tolist()
    return [
        prefix + raw[8 * first : 8 * last] if known[first] < known[last] else b""
        for first, last in spans
    ]
