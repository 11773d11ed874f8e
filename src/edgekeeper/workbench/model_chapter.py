"""The demo's chapter on models: a tuned ensemble beside single models, made and real markets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.report.model_duel import ModelDuel
from edgekeeper.validate.books import run_book
from edgekeeper.workbench.comparing import compare
from edgekeeper.workbench.prequential import Prequential, prequential

__all__ = ["Arena", "arenas", "duel", "model_chapter"]

_SEED = 1  # the first of the written development seeds, whatever it shows
_YEAR = 252
_TRIALS = 12
_ENSEMBLE, _SINGLE, _MEMBER = "the ensemble", "LightGBM alone", "its member logistic"
_MEMBERS = "lightgbm, xgboost, logistic"


@dataclass(frozen=True, slots=True)
class Arena:
    """A market to be made when its turn comes, and how often models are fitted on it."""

    name: str
    title: str
    every: int
    make: Callable[[], Bars]


def arenas() -> tuple[Arena, ...]:
    """Return a planted edge and real daily bars, in this order."""
    return (
        Arena("planted", "A planted edge", _YEAR, _planted),
        Arena("real", "Real daily bars, 1999 to 2018", 2 * _YEAR, _real),
    )


def _planted() -> Bars:
    from edgekeeper.worlds import make_world

    return make_world("planted", seed=_SEED, symbols=8, bars=1_500, net_sharpe=6.0).bars


def _real() -> Bars:
    from edgekeeper.market import load_bars

    return load_bars("bundled").bars


def model_chapter(
    markets: Sequence[Arena] | None = None, *, phase: Callable[[str], None] = lambda _: None
) -> list[ModelDuel]:
    """Hold a tuned ensemble against single models on each market.

    All of them are tuned on what was known before the first fit, with as many trials, fitted again
    and again on what was known, and judged on what they said of the bars until the next fit.
    """
    found = []
    for arena in arenas() if markets is None else markets:
        phase(f"making the bars of {arena.title!r}")
        found.append(duel(arena, arena.make(), phase))
    return found


def duel(arena: Arena, bars: Bars, phase: Callable[[str], None] = lambda _: None) -> ModelDuel:
    """Hold them against each other on one market."""
    config = Config()
    asked = {
        _ENSEMBLE: ("average", {"members": _MEMBERS}),
        _SINGLE: ("lightgbm", {}),
        _MEMBER: ("logistic", {}),
    }
    runs: dict[str, Prequential] = {}
    for name, (learner, parameters) in asked.items():
        phase(f"{arena.title}: tuning and fitting {name}")
        runs[name] = prequential(
            bars,
            learner=learner,
            parameters=parameters,
            config=config,
            every=arena.every,
            tune=_TRIALS,
            name=name,
        )
    phase(f"{arena.title}: comparing")
    first = runs[_ENSEMBLE]
    return ModelDuel(
        name=arena.name,
        title=arena.title,
        forecasters=tuple(asked),
        differences=compare(list(runs.values()), config=config).differences,
        time_ns=bars.instants[first.case.first :],
        gains={
            name: np.cumsum(run_book(run.case, config, "forecasts").gain)
            for name, run in runs.items()
        },
        fits=len(first.fits_ns),
        trials=_TRIALS,
    )
