import math

import pytest

from edgekeeper.errors import BadData
from edgekeeper.report.months import month_table


def test_years_compound_their_months():
    (row,) = month_table({"2020-01": 0.1, "2020-03": 0.2})
    assert row.total == pytest.approx(1.1 * 1.2 - 1)
    assert row.months[1] is None


def test_a_missing_month_leaves_no_total():
    (row,) = month_table({"2020-01": 0.1, "2020-02": math.nan})
    assert math.isnan(row.total)
    assert row.months[1].shade == 0.0


def test_one_huge_month_does_not_bleach_the_others():
    monthly = {f"20{year}-{month:02d}": 0.02 for year in (10, 11) for month in range(1, 13)}
    rows = month_table(monthly | {"2011-12": 5.0})
    assert rows[0].months[0].shade == 1.0
    assert rows[1].months[11].shade == 1.0


@pytest.mark.parametrize("key", ["", "2020", "2020-13", "2020-00", "x-01", "2020-1a", "²-1"])
def test_other_keys_are_refused(key):
    with pytest.raises(BadData, match="monthly: expected"):
        month_table({key: 0.1})
