import hashlib
import struct

from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.ledger import GENESIS, batch_digest, link_digest

KINDS = {"n": int, "x": float, "s": str}
row = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.text(st.characters(codec="utf-8")),
)


def digest(rows):
    columns = {name: [r[i] for r in rows] for i, name in enumerate(KINDS)}
    return batch_digest("t", len(rows), columns, KINDS)


def bits(rows):
    """Rows as values that compare like their bytes, minus zero being zero."""
    return [(n, None if x is None else struct.pack("<d", x + 0.0), s) for n, x, s in rows]


@given(st.lists(row, max_size=4), st.lists(row, max_size=4))
def test_digests_are_equal_exactly_when_the_values_are(first, second):
    assert (digest(first) == digest(second)) == (bits(first) == bits(second))


@given(st.lists(row, min_size=1, max_size=4))
def test_the_order_of_columns_and_columns_without_values_do_not_count(rows):
    columns = {name: [r[i] for r in rows] for i, name in enumerate(KINDS)}
    turned = dict(reversed(columns.items()))
    wider = {**columns, "later": [None] * len(rows)}
    kinds = {**KINDS, "later": float}
    assert batch_digest("t", len(rows), turned, KINDS) == digest(rows)
    assert batch_digest("t", len(rows), wider, kinds) == digest(rows)
    assert batch_digest("u", len(rows), columns, KINDS) != digest(rows)


def test_the_bytes_are_those_that_the_documentation_states():
    def text(word):
        return struct.pack("<I", len(word.encode())) + word.encode()

    raw = text("edgekeeper.batch.1") + text("t") + struct.pack("<Q", 2)
    raw += text("n") + b"i" + b"\x01\x00" + struct.pack("<qq", 5, 0)
    raw += text("s") + b"t" + struct.pack("<ii", -1, 2) + "é".encode()
    raw += text("x") + b"f" + bytes.fromhex("000000000000f87f") + struct.pack("<d", 0.0)
    batch = hashlib.sha256(raw).hexdigest()
    assert digest([(5, None, None), (None, -0.0, "é")]) == batch
    raw = text("edgekeeper.link.1") + text("trade") + struct.pack("<Q", 3) + bytes(32)
    raw += b"\x01" + struct.pack("<q", 9) + text("t") + struct.pack("<Q", 2) + bytes.fromhex(batch)
    link = link_digest("trade", 3, GENESIS, 9, [("t", 2, batch)])
    assert link == hashlib.sha256(raw).hexdigest()


def test_everything_in_a_link_counts():
    one = ("t", 1, "11" * 32)
    base = ("trade", 0, GENESIS, None, [one])
    others = [
        ("learn", 0, GENESIS, None, [one]),
        ("trade", 1, GENESIS, None, [one]),
        ("trade", 0, "22" * 32, None, [one]),
        ("trade", 0, GENESIS, 0, [one]),
        ("trade", 0, GENESIS, None, [("t", 2, "11" * 32)]),
        ("trade", 0, GENESIS, None, [one, ("u", 1, "11" * 32)]),
    ]
    digests = {link_digest(*link) for link in [base, *others]}
    assert len(digests) == len(others) + 1
