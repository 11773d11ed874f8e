from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from edgekeeper.ledger.schema import (
    BOOKKEEPING,
    FACTS,
    OPERATIONAL,
    SEALS,
    columns_of,
    metadata,
    time_column,
)


def test_every_table_and_column_is_documented():
    for table in metadata.tables.values():
        assert table.info["doc"]
        for column in table.columns:
            assert column.doc, f"{table.name}.{column.name}"


def test_every_fact_has_an_order_a_link_and_a_time():
    assert {*FACTS, *SEALS, "segment_bytes"} == set(metadata.tables)
    for table in FACTS.values():
        assert tuple(c.name for c in table.columns)[:2] == BOOKKEEPING
        assert time_column(table) in columns_of(table)
        for name, kind in columns_of(table).items():
            assert not name.endswith("_ns") or kind is int
            assert not name.endswith("_json") or kind is str


def test_only_wall_clock_tables_are_kept_from_market_chains():
    assert {
        "heartbeats",
        "storage",
        "commands",
        "sidecar_fits",
        "sidecar_guards",
        "sidecar_obeyed",
    } == OPERATIONAL


def test_both_sides_of_a_forecast_are_there():
    forecast = columns_of(FACTS["forecasts"])
    for name in forecast:
        if name.endswith("_long"):
            assert name.replace("_long", "_short") in forecast


def test_the_schema_is_valid_for_postgresql_with_64_bit_keys():
    for table in metadata.tables.values():
        ddl = str(CreateTable(table).compile(dialect=postgresql.dialect()))
        if table.name not in ("batches", "segment_bytes"):
            assert "BIGSERIAL" in ddl
        assert " INTEGER" not in ddl
        assert " REAL" not in ddl
