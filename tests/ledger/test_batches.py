"""Rows of many links on their way into statements: all of them, once, in order."""

import pytest

from edgekeeper.ledger.batches import Batch, Draft, parts_of


def statement_of(table, names):
    return f"{table}({','.join(names)})", list(names)


def rows_of(part):
    width = part.statement.count(",") + 2
    found = []
    for rows, values in part.shares():
        assert len(values) == rows * width
        found += [tuple(values[at : at + width]) for at in range(0, len(values), width)]
    return found


def parts(drafts, withheld=frozenset()):
    return list(parts_of(range(10, 10 + len(drafts)), drafts, withheld, statement_of))


@pytest.mark.parametrize("rows", [1, 2, 3, 31, 32, 33, 100])
def test_rows_come_in_shares_of_few_sizes(rows):
    block = {"a": list(range(rows)), "b": ["x"] * rows}
    drafts = [Draft("trade", 1, [Batch("t", rows, block)])]
    (part,) = parts(drafts)
    assert rows_of(part) == [(10, value, "x") for value in range(rows)]
    (again,) = parts(drafts)
    sizes = [size for size, _ in again.shares()]
    assert sum(sizes) == rows
    assert sizes == sorted(sizes, reverse=True)
    assert set(sizes) <= {32, 16, 8, 4, 2, 1}


def test_links_that_share_columns_and_links_that_do_not_are_one_part():
    block = {"a": [1, 2, 3, 4]}
    shared = [Draft("trade", 1, [Batch("t", 1, block, 0)]),
              Draft("trade", 2, [Batch("t", 2, block, 1)])]  # fmt: skip
    own = Draft("trade", 3, [Batch("t", 1, {"a": [9]}), Batch("u", 1, {"a": [8]})])
    skipped = Draft("trade", 4, [Batch("t", 1, block, 3)])
    first, second = parts([*shared, own, skipped])
    assert first.links == [10, 11, 12, 13]
    assert rows_of(first) == [(10, 1), (11, 2), (11, 3), (12, 9), (13, 4)]
    assert (second.table, rows_of(second)) == ("u", [(12, 8)])


def test_other_columns_are_another_part_and_what_is_withheld_is_none():
    drafts = [
        Draft("trade", 1, [Batch("t", 1, {"a": [1]}), Batch("bulk", 1, {"a": [7]})]),
        Draft("trade", 2, [Batch("t", 1, {"a": [2], "b": [3]})]),
    ]
    found = parts(drafts, withheld=frozenset({"bulk"}))
    assert [rows_of(part) for part in found] == [[(10, 1)], [(11, 2, 3)]]


def test_many_appends_to_one_table_are_joined_where_they_lie():
    """Thousands of them in one link: copying all that came before each would take minutes."""
    batch = Batch("t", 1, {"a": [0]})
    mine = batch.block["a"]
    for value in range(1, 1000):
        batch.extend(Batch("t", 1, {"a": [value]} if value % 2 else {"b": [value]}))
    assert batch.block["a"] is mine
    assert batch.rows == len(batch.block["b"]) == 1000
    assert batch.columns["a"][:4] == [0, 1, None, 3]


def test_what_is_joined_to_a_link_is_not_joined_to_those_that_share_its_columns():
    block = {"a": [1, 2, 3]}
    first, second = Batch("t", 1, block, 0), Batch("t", 2, block, 1)
    first.extend(Batch("t", 1, {"a": [9]}))
    assert (first.columns, second.columns) == ({"a": [1, 9]}, {"a": [2, 3]})
    assert block == {"a": [1, 2, 3]}
