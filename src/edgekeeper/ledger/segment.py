"""A segment: rows of one table as one Parquet file, and the digests of the batches inside.

Nothing is lost on the way: a column of measures is stored as float32 only where each of its values
is one. Names repeat and go to a dictionary, times and keys ascend and go as differences, measures
as planes of bytes, which is what compresses them.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Table

from edgekeeper.ledger.digest import frame_digests
from edgekeeper.ledger.schema import BOOKKEEPING, Kind, columns_of, time_column

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Segment", "batches_in", "decode", "encode", "name_of", "schema_of", "span_of"]

_ROWS_A_GROUP = 131_072


@dataclass(frozen=True, slots=True)
class Segment:
    """What the record says of a segment.

    Attributes
    ----------
    table : str
    name : str
        Of the file.
    digest : str
        SHA-256 of its bytes, hex.
    first_link, last_link : int
        Links whose rows it holds, all of them, both inclusive.
    rows, bytes : int
    since_ns, until_ns : int or None
        Market time of its first and last row.
    """

    table: str
    name: str
    digest: str
    first_link: int
    last_link: int
    rows: int
    bytes: int
    since_ns: int | None
    until_ns: int | None


def schema_of(table: Table) -> "dict[str, type[pl.DataType]]":
    """Columns of a frame of rows as stored: bookkeeping first."""
    import polars as pl

    types = {int: pl.Int64, float: pl.Float64, str: pl.String}
    kinds: dict[str, Kind] = {**dict.fromkeys(BOOKKEEPING, int), **columns_of(table)}
    return {name: types[kind] for name, kind in kinds.items()}


def encode(frame: "pl.DataFrame") -> bytes:
    """Return rows as a Parquet file.

    Parameters
    ----------
    frame : polars.DataFrame
        With :func:`schema_of`, in order of writing.
    """
    import polars as pl
    import pyarrow.parquet as pq

    packed = frame.select(_packed(frame[name]) for name in frame.columns)
    arrow = packed.to_arrow(compat_level=pl.CompatLevel.oldest())
    texts = [n for n, t in frame.schema.items() if t == pl.String]
    whole = [n for n, t in frame.schema.items() if t == pl.Int64]
    planes = [n for n, t in frame.schema.items() if t == pl.Float64]
    repeated = [n for n in planes if frame[n].n_unique() < frame.height // 8]
    content = io.BytesIO()
    pq.write_table(
        arrow,
        content,
        compression="zstd",
        compression_level=6,
        row_group_size=_ROWS_A_GROUP,
        use_dictionary=texts + repeated,
        column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED")
        | dict.fromkeys([n for n in planes if n not in repeated], "BYTE_STREAM_SPLIT"),
        write_statistics=False,
        store_schema=False,
    )
    return content.getvalue()


def _packed(values: "pl.Series") -> "pl.Series":
    """Measures in half the space, where that loses no bit."""
    import polars as pl

    if values.dtype != pl.Float64:
        return values
    short = values.cast(pl.Float32)
    return short if short.cast(pl.Float64).equals(values) else values


def decode(table: Table, content: bytes, columns: Sequence[str] | None = None) -> "pl.DataFrame":
    """Read rows back as they were written; ``columns`` alone, where given."""
    import polars as pl

    schema = schema_of(table)
    wanted = list(schema if columns is None else columns)
    frame = pl.read_parquet(io.BytesIO(content), columns=wanted)
    return frame.select(pl.col(name).cast(schema[name]) for name in wanted)


def batches_in(table: Table, frame: "pl.DataFrame") -> Iterator[tuple[int, int, str]]:
    """Link, rows and digest of each batch in rows that are in order of writing."""
    links = frame["link"].to_numpy()
    cuts = [0, *(np.flatnonzero(np.diff(links)) + 1).tolist(), len(links)] if len(links) else [0]
    digests = frame_digests(table.name, frame, columns_of(table), cuts)
    for (first, last), digest in zip(pairwise(cuts), digests, strict=True):
        yield int(links[first]), last - first, digest


def name_of(table: str, first_link: int, last_link: int, content: bytes) -> tuple[str, str]:
    """Name and digest of a segment; the name holds the digest, so that it stands for the bytes."""
    digest = hashlib.sha256(content).hexdigest()
    return f"{table}-{first_link}-{last_link}-{digest[:16]}.parquet", digest


def span_of(table: Table, frame: "pl.DataFrame") -> tuple[int | None, int | None]:
    """First and last market time of rows."""
    name = time_column(table)
    assert name is not None, "every table of facts has a time"
    bounds = (frame[name].min(), frame[name].max())
    first, last = (None if bound is None else int(str(bound)) for bound in bounds)
    return first, last
