"""Walk-forward optimisation of the policy: chosen on the past, judged on the bars after it."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from edgekeeper.config import Config, parse_config
from edgekeeper.errors import UsageError
from edgekeeper.report.backtest_story import Look, TunedWindow, WalkForwardStory
from edgekeeper.simulator import Book, book_parameters
from edgekeeper.simulator.records import Records
from edgekeeper.splits import WalkForward
from edgekeeper.stats.overfitting import overfitting
from edgekeeper.stats.performance import measure, sharpe_ratio
from edgekeeper.types import Float64Array
from edgekeeper.workbench.stretch import History

__all__ = ["Setting", "settings_around", "walk_forward"]

_BANDS = ((0.55, 0.45), (0.60, 0.40), (0.65, 0.50))
_SCALES = (1.0, 0.8, 1.2)
_SIZINGS = ("fixed", "kelly", "volatility")
_SHORTEST = 20
_BLOCKS = 10


@dataclass(frozen=True, slots=True)
class Setting:
    """Policy parameters to try; ``scale`` widens stop and target together."""

    take_above: float
    reduce_above: float
    scale: float
    sizing: str

    def apply(self, config: Config) -> Config:
        """Return the configuration with these in place of its own."""
        written = config.model_dump()
        written["policy"] |= {
            "take_above": self.take_above,
            "reduce_above": self.reduce_above,
            "sizing": self.sizing,
        }
        for name in ("target", "stop"):
            written["labels"][name] = min(20.0, self.scale * written["labels"][name])
        return parse_config(written)

    def record(self) -> dict[str, float | str]:
        """Return name and value of each."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def settings_around(config: Config) -> list[Setting]:
    """Return what is tried: the configuration as it is first, then bands × scale × sizing."""
    policy = config.policy
    own = Setting(policy.take_above, policy.reduce_above, 1.0, policy.sizing)
    grid = [Setting(*bands, scale, sizing) for bands, scale, sizing in product(
        _BANDS, _SCALES, _SIZINGS
    )]  # fmt: skip
    return [own, *(one for one in grid if one != own)]


def walk_forward(history: History, first: int, windows: int) -> WalkForwardStory:
    """Choose a setting on each training window, trade the stretch after it, and go on.

    Only bars from instant ``first`` on are used. A training window ends one horizon before its
    test, and no price after that is read for the choice: that of the best net Sharpe ratio, and
    the earlier setting where two are as good. One account trades all test stretches in turn; its
    positions live on when the setting changes.

    Raises
    ------
    UsageError
        Too few bars for so many windows.
    """
    total = len(history.feed.instants)
    if windows < 1 or (total - first) < 2 * _SHORTEST * (windows + 1):
        raise UsageError(
            f"expected windows from 1 up and {2 * _SHORTEST} bars the model has not seen for each "
            f"and one more, got {windows} windows and {total - first} such bars: ask for fewer "
            "windows, or bring later bars"
        )
    settings = settings_around(history.config)
    configs = [setting.apply(history.config) for setting in settings]
    folds = _folds(first, total, windows, history.config.labels.horizon_bars)
    looks = [
        look
        for window, (train, _) in enumerate(folds)
        for look in _look(history, window, train, settings, configs)
    ]
    chosen = [look for look in looks if look.chosen]
    tests = [test for _, test in folds]
    equity = _trade_on(
        history, [configs[k % len(configs)] for k, look in enumerate(looks) if look.chosen], tests
    )
    untuned = _trade_on(history, [history.config] * len(tests), tests)
    periods, cash = history.bars.periods_per_year, history.config.cash
    every = np.column_stack([_returns(history, one, first, total) for one in configs])
    judged = overfitting(every, blocks=_BLOCKS)
    start = tests[0][0]
    gains = np.diff(equity, prepend=cash) / np.concatenate(([cash], equity[:-1]))
    now = history.feed.instants
    return WalkForwardStory(
        windows=tuple(
            TunedWindow(
                train_first_ns=int(now[train[0]]),
                train_last_ns=int(now[train[1] - 1]),
                test_first_ns=int(now[test[0]]),
                test_last_ns=int(now[test[1] - 1]),
                setting=look.setting,
                promised_sharpe=look.sharpe,
                delivered_sharpe=_sharpe(gains[test[0] - start : test[1] - start], periods),
            )
            for (train, test), look in zip(folds, chosen, strict=True)
        ),
        looks=tuple(looks),
        time_ns=now[start:],
        equity=equity,
        untuned_equity=untuned,
        tuned=measure(np.concatenate(([cash], equity)), periods),
        untuned=measure(np.concatenate(([cash], untuned)), periods),
        overfitting=judged.probability,
        probability_of_loss=judged.probability_of_loss,
    )


def _folds(
    first: int, total: int, windows: int, horizon: int
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Training and test windows as half-open ranges of instants."""
    start = np.arange(first, total)
    # Decided at a close, filled at the next open, held for a horizon at most.
    split = WalkForward(folds=windows, initial=0.4).split(start, start + horizon + 1)
    return [
        ((first + int(train[0]), first + int(train[-1]) + 1),
         (first + int(test[0]), first + int(test[-1]) + 1))
        for train, test in split
    ]  # fmt: skip


def _look(
    history: History,
    window: int,
    train: tuple[int, int],
    settings: list[Setting],
    configs: list[Config],
) -> list[Look]:
    """Try every setting on one training window; the best is chosen, the first of equals."""
    gains = [_returns(history, config, *train) for config in configs]
    ratios = [_sharpe(one, history.bars.periods_per_year) for one in gains]
    best = int(np.argmax(ratios))
    return [
        Look(
            window,
            setting.record(),
            ratio,
            np.array([part.mean() for part in np.array_split(one, _BLOCKS)]),
            k == best,
        )
        for k, (setting, ratio, one) in enumerate(zip(settings, ratios, gains, strict=True))
    ]


def _returns(history: History, config: Config, first: int, last: int) -> Float64Array:
    """Net returns of a fresh account, bar by bar; nothing is earned on nothing."""
    equity = history.trade(first, last, config=config)[0].equity[:, 0]
    before = np.concatenate(([config.cash], equity[:-1]))
    gains = np.zeros(len(equity))
    np.divide(np.diff(equity, prepend=config.cash), before, out=gains, where=before > 0.0)
    return gains


def _sharpe(returns: Float64Array, periods: float) -> float:
    """Sharpe ratio; 0 for an account that never moved: it stayed in cash."""
    ratio = sharpe_ratio(returns, periods)
    return ratio if np.isfinite(ratio) else 0.0


def _trade_on(
    history: History, configs: list[Config], tests: list[tuple[int, int]]
) -> Float64Array:
    """Equity of one account over the test stretches, each under its own setting."""

    def parameters(config: Config) -> Records:
        flat = book_parameters(
            config, periods_per_year=history.bars.periods_per_year, virtual=False
        )
        flat["has_model"] = True
        return flat

    book = Book(parameters(configs[0]), len(history.bars.symbols), history.config.cash)
    curves = []
    for config, (first, last) in zip(configs, tests, strict=True):
        book.parameters = parameters(config)
        log = book.step(history.feed.chunk(first, last, history.of_rows(first, last)))
        curves.append(log.equity[:, 0])
    return np.concatenate(curves)
