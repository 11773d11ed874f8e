"""docs/ledger.md shows what is there: its tables, its views, and queries that run."""

import re
from pathlib import Path

import pytest

from edgekeeper.ledger import Ledger

PAGE = (Path(__file__).parents[1] / "docs" / "ledger.md").read_text()
QUERIES = re.findall(r'edgekeeper sql "(select .*?)"', PAGE, re.DOTALL)[1:]


@pytest.fixture(scope="module")
def ledger():
    with Ledger.open("sqlite://") as ledger:
        yield ledger


def test_every_table_and_view_is_named(ledger):
    for name in (*ledger.tables(), *ledger.views()):
        assert f"`{name}`" in PAGE, name


def test_there_are_three_queries():
    assert len(QUERIES) == 3


@pytest.mark.parametrize("query", QUERIES)
def test_queries_run(ledger, query):
    assert ledger.query(query).width >= 2
