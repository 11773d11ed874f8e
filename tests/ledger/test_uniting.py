from pathlib import Path
from runpy import run_path

import pytest

from edgekeeper.errors import UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.ledger.uniting import columns_that_may_be_read

_MONTHLY = run_path(str(Path(__file__).with_name("monthly.py")))
QUERIES = [
    "SELECT count(*) FROM forecasts",
    "SELECT s.side, count(*) FROM signals s NATURAL JOIN forecasts f GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FROM decisions JOIN forecasts USING (link, symbol)",
    "WITH x AS (SELECT link, novelty FROM forecasts) SELECT max(link), sum(novelty) FROM x",
    "SELECT (SELECT max(entry) FROM forecasts) AS last, count(*) FROM decisions d WHERE EXISTS "
    "(SELECT 1 FROM forecasts f WHERE f.link = d.link AND f.package IS NULL)",
    'SELECT "line", \'100 %\' AS share FROM "forecasts" WHERE "line" LIKE \'l%\' ORDER BY entry',
    "SELECT count(*) FROM ml_predictions",
]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uniting")
    for name in ("whole", "moved"):
        with Ledger.open(folder / name) as ledger:
            _MONTHLY["live"](ledger)
            if name == "moved":
                assert ledger.archive(_MONTHLY["CLOCK"]).move(_MONTHLY["NOW"], 1)
    with Ledger.open(folder / "whole") as one, Ledger.open(folder / "moved") as two:
        yield one, two


@pytest.mark.parametrize("query", QUERIES)
def test_queries_see_rows_wherever_they_lie(both, query):
    whole, moved = both
    expected = whole.query(query).rows()
    assert expected
    assert moved.query(query).rows() == expected
    assert moved.query(query).rows() == expected, "nothing is left of the first time"


@pytest.mark.parametrize(
    "query",
    ["DELETE FROM forecasts", "DELETE FROM moved_forecasts", "SELECT * FROM forecast",
     "CREATE TABLE t (a)", "SELECT 1; SELECT 2", ""],
)  # fmt: skip
def test_nothing_can_be_written_and_nonsense_is_said_so(both, query):
    with pytest.raises(UsageError, match="expected"):
        both[1].query(query)
    assert both[1].query("SELECT count(*) FROM forecasts").item() == 4 * 152


def test_a_query_may_be_explained(both):
    assert both[1].query("EXPLAIN QUERY PLAN SELECT 1").height == 1


def test_words_of_a_query_name_more_rather_than_less():
    found = columns_that_may_be_read("select * from ML_predictions")
    assert set(found) == {"forecasts", "packages", "decisions", "trades"}
    assert "entry" in found["forecasts"]
    assert columns_that_may_be_read("select forecasts_of from nothing") == {}
