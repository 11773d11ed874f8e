"""The leaks of ``test_leaks.py`` tried on tools that install: the table in ``docs/honesty.md``.

A tool that lets one through by default is not broken; it leaves the matter to its user. A test
that fails here says that the table has to be written anew.
"""

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # the peers' own

SIGNAL_BAR = 20


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(6)
    close = 100 * np.exp(np.cumsum(0.01 * random.standard_normal(400)))
    open_ = np.r_[100.0, close[:-1]] * (1 + 0.002 * random.standard_normal(400))
    return pd.DataFrame(
        {
            "Open": open_,
            "High": np.maximum(open_, close) * 1.001,
            "Low": np.minimum(open_, close) * 0.999,
            "Close": close,
            "Volume": 1e6,
        },
        index=pd.date_range("2020-01-01", periods=400, freq="D"),
    )


def through_backtesting(frame, column, **options):
    """Profit and entry price of holding while ``column`` is positive."""
    backtesting = pytest.importorskip("backtesting")

    class Follow(backtesting.Strategy):
        def init(self):
            self.hint = self.I(lambda: column)

        def next(self):
            if self.hint[-1] > 0 and not self.position:
                self.buy(size=10)
            elif self.hint[-1] <= 0 and self.position:
                self.position.close()

    done = backtesting.Backtest(frame, Follow, cash=1e5, **options).run()
    return done["Return [%]"], done["_trades"]["EntryPrice"]


def through_backtrader(frame, column, *, at_close=False):
    """The same."""
    backtrader = pytest.importorskip("backtrader")
    prices = []

    class Follow(backtrader.Strategy):
        def next(self):
            want = column[len(self) - 1] > 0
            if want and not self.position:
                self.buy(size=10)
            elif not want and self.position:
                self.close()

        def notify_order(self, order):
            if order.status == order.Completed and order.isbuy():
                prices.append(order.executed.price)

    brain = backtrader.Cerebro(stdstats=False)
    brain.adddata(backtrader.feeds.PandasData(dataname=frame))
    brain.addstrategy(Follow)
    brain.broker.set_cash(1e5)
    brain.broker.set_coc(at_close)
    brain.run()
    return brain.broker.getvalue() / 1e5 - 1.0, prices


@pytest.mark.parametrize("through", [through_backtesting, through_backtrader])
def test_a_shifted_column_is_taken_by_both_back_testers(frame, through):
    tomorrow = np.sign(frame["Close"].diff().shift(-2).fillna(0).to_numpy())
    honest = np.sign(frame["Close"].diff().fillna(0).to_numpy())
    assert through(frame, tomorrow)[0] > 5 * abs(through(frame, honest)[0])


@pytest.mark.parametrize("through", [through_backtesting, through_backtrader])
def test_both_fill_at_the_next_open_unless_told_otherwise(frame, through):
    once = np.zeros(len(frame))
    once[SIGNAL_BAR : SIGNAL_BAR + 5] = 1.0
    assert through(frame, once)[1][0] == pytest.approx(frame["Open"].iloc[SIGNAL_BAR + 1])
    option = {"trade_on_close": True} if through is through_backtesting else {"at_close": True}
    assert through(frame, once, **option)[1][0] == pytest.approx(frame["Close"].iloc[SIGNAL_BAR])


def overlap(train, test, horizon):
    """Whether a label of the training rows, ``horizon`` long, touches one of the test rows."""
    return any(
        np.abs(np.asarray(train)[:, None] - np.asarray(test)[None]).min(axis=1) <= horizon - 1
    )


def test_which_splitters_purge():
    """By default, and by what has to be asked for. purgedcv: ``tests/splits``."""
    from sklearn.model_selection import KFold, TimeSeriesSplit

    rows, horizon = np.zeros((300, 1)), 10
    assert all(overlap(*fold, horizon) for fold in KFold(5).split(rows))
    assert all(overlap(*fold, horizon) for fold in TimeSeriesSplit(5).split(rows))
    gap = TimeSeriesSplit(5, gap=horizon)
    assert not any(overlap(*fold, horizon) for fold in gap.split(rows))


def test_skfolio_purges_as_many_rows_as_it_is_told():
    selection = pytest.importorskip("skfolio.model_selection")
    rows = np.zeros((300, 1))

    def leaks(**options):
        split = selection.CombinatorialPurgedCV(n_folds=6, n_test_folds=2, **options)
        return [
            overlap(train, np.concatenate(tests), 10) for train, tests in split.split(rows)
        ]  # fmt: skip

    assert all(leaks())
    assert not any(leaks(purged_size=10, embargo_size=10))


def test_a_scaler_outside_a_pipeline_is_taken_by_scikit_learn():
    """Nothing warns; inside a pipeline it is fitted on the training rows alone."""
    from sklearn.dummy import DummyClassifier
    from sklearn.model_selection import TimeSeriesSplit, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    seen = []

    class Watched(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            seen.append(len(X))
            return super().fit(X, y, sample_weight)

    rows = np.arange(100.0)[:, None]
    target = np.arange(100) % 2
    cross_val_score(DummyClassifier(), Watched().fit_transform(rows), target, cv=TimeSeriesSplit(4))
    assert seen == [100]
    cross_val_score(make_pipeline(Watched(), DummyClassifier()), rows, target,
                    cv=TimeSeriesSplit(4))  # fmt: skip
    assert seen[1:] == [20, 40, 60, 80]
