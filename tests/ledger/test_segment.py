import io

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.ledger.digest import batch_digest, frame_digests
from edgekeeper.ledger.schema import BULK, DETAIL, FACTS, columns_of
from edgekeeper.ledger.segment import batches_in, decode, encode, name_of, schema_of, span_of

TABLE = FACTS["forecasts"]
WHOLE = st.none() | st.integers(-(2**63), 2**63 - 1)
REAL = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.5, -0.0])
TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = {int: WHOLE, float: REAL, str: TEXT}


@st.composite
def frames(draw):
    links = sorted(draw(st.lists(st.integers(1, 4), max_size=12)))
    columns = {"entry": range(len(links)), "link": links}
    for name, kind in columns_of(TABLE).items():
        filled = draw(st.booleans())
        columns[name] = [draw(VALUES[kind]) if filled else None for _ in links]
    return pl.DataFrame(columns, schema=schema_of(TABLE))


@settings(max_examples=60, deadline=None)
@given(frames())
def test_a_segment_gives_back_every_bit_and_every_digest(frame):
    back = decode(TABLE, encode(frame))
    assert back.equals(frame)
    names = list(columns_of(TABLE))
    expected = []
    for link in sorted(set(frame["link"])):
        rows = frame.filter(frame["link"] == link)
        columns = {name: rows[name].to_list() for name in names}
        digest = batch_digest("forecasts", rows.height, columns, columns_of(TABLE))
        expected.append((link, rows.height, digest))
    assert list(batches_in(TABLE, back)) == expected


def test_minus_zero_and_unknown_count_as_in_a_batch():
    kinds = {"a": float, "b": int, "c": str}
    frame = pl.DataFrame({"a": [-0.0, None], "b": [None, 3], "c": ["é", None]})
    plain = {"a": [0.0, None], "b": [None, 3], "c": ["é", None]}
    assert list(frame_digests("t", frame, kinds, [0, 2])) == [batch_digest("t", 2, plain, kinds)]
    assert list(frame_digests("t", frame, kinds, [0])) == []


@pytest.mark.parametrize(("value", "stored"), [(0.5, "FLOAT"), (0.1, "DOUBLE"), (1e300, "DOUBLE")])
def test_half_the_space_only_where_no_bit_is_lost(value, stored):
    names = schema_of(TABLE)
    frame = pl.DataFrame(
        {name: [value, None] if name == "novelty" else [None, None] for name in names}, schema=names
    )
    group = pq.ParquetFile(io.BytesIO(encode(frame))).metadata.row_group(0)
    column = group.column(list(names).index("novelty"))
    assert column.physical_type == stored


def test_some_columns_alone_can_be_read():
    names = schema_of(TABLE)
    rows = {name: [1] if kind == pl.Int64 else [None] for name, kind in names.items()}
    frame = pl.DataFrame(rows, schema=names)
    assert decode(TABLE, encode(frame), ["link", "novelty"]).columns == ["link", "novelty"]
    assert span_of(TABLE, frame) == (1, 1)
    assert span_of(TABLE, frame.clear()) == (None, None)


def test_a_name_stands_for_its_bytes():
    one, digest = name_of("signals", 1, 9, b"a")
    assert one.startswith("signals-1-9-")
    assert digest[:16] in one
    assert name_of("signals", 1, 9, b"b")[0] != one


def test_what_is_about_money_neither_moves_nor_goes():
    assert set(DETAIL) < set(BULK) < set(FACTS)
    kept = {"orders", "fills", "trades", "decisions", "equity", "stages", "packages", "guards"}
    assert not kept & set(BULK)
