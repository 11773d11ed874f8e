"""scikit-learn takes any of our splitters, whatever the estimator and the table."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, check_cv, cross_val_predict, cross_val_score

from edgekeeper.errors import UsageError
from edgekeeper.splits import CombinatorialPurged, CrossValidation, PurgedKFold, WalkForward

START = np.repeat(np.arange(60), 3)
END = START + 4
RNG = np.random.default_rng(0)
X = RNG.standard_normal((180, 3))
Y = (X[:, 0] + RNG.standard_normal(180) > 0).astype(int)
SPLITTERS = [PurgedKFold(4, embargo=2), WalkForward(3), CombinatorialPurged(5, 2)]


@pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda s: type(s).__name__)
def test_cross_val_score(splitter):
    cv = CrossValidation(splitter, START, END)
    assert check_cv(cv) is cv
    scores = cross_val_score(LogisticRegression(), X, Y, cv=cv)
    assert len(scores) == cv.get_n_splits(X, Y) == splitter.get_n_splits()
    assert scores.mean() > 0.55
    for (train, test), (own_train, own_test) in zip(
        cv.split(X, Y), splitter.split(START, END), strict=True
    ):
        np.testing.assert_array_equal(train, own_train)
        np.testing.assert_array_equal(test, own_test)
        for row in train:
            assert not ((START[row] <= END[test]) & (END[row] >= START[test])).any()


def test_search_and_out_of_fold_forecasts():
    cv = CrossValidation(PurgedKFold(4), START, END)
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=cv).fit(X, Y)
    assert search.n_splits_ == 4
    assert len(cross_val_predict(LogisticRegression(), X, Y, cv=cv)) == 180


def test_any_kind_of_table():
    cv = CrossValidation(PurgedKFold(3), START, END)
    for table in (None, X, X.tolist(), pl.DataFrame(X)):
        assert len(list(cv.split(table))) == 3


def test_a_filtered_table_is_refused():
    cv = CrossValidation(PurgedKFold(3), START, END)
    with pytest.raises(UsageError, match=r"X: expected the 180 rows.*got 100"):
        list(cv.split(X[:100]))
    with pytest.raises(UsageError, match="y: expected"):
        list(cv.split(X, Y[:3]))
    with pytest.raises(UsageError, match="end >= start"):
        CrossValidation(PurgedKFold(3), END, START)
