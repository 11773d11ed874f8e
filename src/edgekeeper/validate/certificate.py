"""The certificate: every gate of a profile, asked of forecasts that came before their outcomes."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from edgekeeper.config import Config
from edgekeeper.stats.resampling import Interval
from edgekeeper.validate.evaluation import Evaluation
from edgekeeper.validate.gate import Gate, ceiling, floor
from edgekeeper.validate.profiles import MeasuredRate, floors_of, measured_rate
from edgekeeper.validate.skill_odds import chance_of_skill, record_needed
from edgekeeper.validate.trials_told import TrialsTold

__all__ = [
    "SCORE_FLOORS",
    "Certificate",
    "HoldOutUse",
    "certify",
    "relative_gates",
    "score_gates",
]

Answer = Literal["passed", "refused", "needs approval"]

_LEVEL = 0.05
SCORE_FLOORS = {
    "min_accuracy": "accuracy",
    "min_precision": "precision",
    "min_recall": "recall",
    "min_f1": "f1",
    "min_auc": "auc",
}
_NAMES = {"f1": "F1", "auc": "AUC"}
_NULLS = {"cash": "cash", "exposure": "its own average exposure", "incumbent": "the rules"}


@dataclass(frozen=True, slots=True)
class HoldOutUse:
    """The hold-out of a package's training: what it said, and how often it was read.

    ``readings`` is None where the package does not say.
    """

    readings: int | None
    metrics: dict[str, float]


@dataclass(frozen=True)
class Certificate:
    """A verdict with everything it rests on.

    Attributes
    ----------
    answer : {"passed", "refused", "needs approval"}
    profile : str
    gates : tuple of Gate
        In the order asked.
    evaluation : Evaluation
    trials : TrialsTold
    deflated_sharpe, deflated_sharpe_twice : float
        How sure one can be that the book's Sharpe ratio is not the luck of the best of so many,
        at once and at twice the costs; NaN where the trials are unknown.
    years, years_needed : float
        Judged, and at which skill of this size would show; infinite where no length would do.
    rate : MeasuredRate
        How often this profile let noise through.
    hold_out : HoldOutUse or None
    """

    answer: Answer
    profile: str
    gates: tuple[Gate, ...]
    evaluation: Evaluation
    trials: TrialsTold
    deflated_sharpe: float
    deflated_sharpe_twice: float
    years: float
    years_needed: float
    rate: MeasuredRate
    hold_out: HoldOutUse | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the gates that did not pass say."""
        return tuple(gate.detail for gate in self.gates if not gate.passed)

    @property
    def years_missing(self) -> float:
        """What is still missing of the record needed."""
        return max(0.0, self.years_needed - self.years)

    @property
    def proven(self) -> bool:
        """Whether all three bets have reached proof at 5 %."""
        return min(self.evaluation.evidence.values()) >= 1.0 / _LEVEL

    def record(self) -> dict[str, Any]:
        """Return everything but the series, for programs."""
        it = self.evaluation
        overfit = self.trials.overfit
        return {
            "verdict": self.answer,
            "reasons": list(self.reasons),
            "profile": self.profile,
            "false_promotions": {
                "markets": self.rate.markets,
                "promoted": self.rate.promoted if self.rate.markets else None,
                "rate": self.rate.rate,
                "interval": list(self.rate.interval),
                "source": self.rate.source,
            },
            "gates": [gate.record() for gate in self.gates],
            "window": list(it.case.window),
            "bars": len(it.case.rows),
            "outcomes": it.scores.count,
            "trades": it.trades,
            "scores": {n: _triple(f) for n, f in it.score_figures.items()},
            "books": {
                book: {n: _triple(f) for n, f in figures.items()}
                for book, figures in it.books.items()
            },
            "evidence": dict(it.evidence),
            "proven": self.proven,
            "trials": self.trials.number,
            "effective_trials": self.trials.effective,
            "trials_origin": self.trials.origin,
            "deflated_sharpe": self.deflated_sharpe,
            "deflated_sharpe_twice_the_costs": self.deflated_sharpe_twice,
            "pbo": None if overfit is None else overfit.probability,
            "pbo_probability_of_loss": None if overfit is None else overfit.probability_of_loss,
            "years": self.years,
            "years_needed": self.years_needed,
            "years_missing": self.years_missing,
            "hold_out_readings": None if self.hold_out is None else self.hold_out.readings,
            "hold_out": {} if self.hold_out is None else self.hold_out.metrics,
            "regime_trades": dict(it.regime_trades),
            "symbol_trades": dict(it.symbol_trades),
            "conditions": it.conditions_to_polars().to_dicts(),
            "notes": list(it.case.notes),
        }


def _triple(figure: Interval) -> list[float]:
    return [figure.value, figure.low, figure.high]


def certify(
    evaluation: Evaluation,
    config: Config,
    trials: TrialsTold,
    *,
    hold_out: HoldOutUse | None = None,
    champion: Evaluation | None = None,
) -> Certificate:
    """Ask every gate of the configuration's profile.

    Parameters
    ----------
    champion : Evaluation, optional
        Of whoever trades now, over the same bars.
    """
    periods = evaluation.case.bars.periods_per_year
    ratio, shape = evaluation.shape
    count = evaluation.case.periods
    number = trials.effective
    known = trials.number is not None
    deflated = chance_of_skill(ratio, shape, count, number) if known else math.nan
    twice = evaluation.books["twice_the_costs"]["sharpe"].value / math.sqrt(periods)
    gates = [
        _trials_known(trials),
        _plausible(evaluation, config, number),
        *_enough(evaluation, config, number),
        _not_worse_than_base(evaluation, config, number),
        *_profile_gates(evaluation, champion, config, number, deflated),
    ]
    plausible = gates[1].passed
    passed = all(gate.passed for gate in gates)
    return Certificate(
        answer="needs approval" if not plausible else "passed" if passed else "refused",
        profile=config.gates.profile,
        gates=tuple(gates),
        evaluation=evaluation,
        trials=trials,
        deflated_sharpe=deflated,
        deflated_sharpe_twice=chance_of_skill(twice, shape, count, number) if known else math.nan,
        years=count / periods,
        years_needed=record_needed(ratio, shape, number if known else 1.0) / periods,
        rate=measured_rate(config.gates.profile),
        hold_out=hold_out,
    )


def _trials_known(trials: TrialsTold) -> Gate:
    known = trials.number is not None
    detail = (
        f"{trials.number:,} variants tried, {trials.effective:,.1f} effective ({trials.origin})"
        if known
        else "no certificate without the number of variants tried (strategies, settings, ideas, "
        "discarded ones included): pass --trials N, or the returns of all of them"
    )
    return Gate("trials known", known, detail, trials=trials.effective)


def _plausible(evaluation: Evaluation, config: Config, trials: float) -> Gate:
    auc = evaluation.score_figures["auc"]
    sharpe = evaluation.books["forecasts"]["sharpe"]
    most_auc, most_sharpe = config.gates.max_auc, config.gates.max_sharpe
    leak = auc.value > most_auc or sharpe.value > most_sharpe
    detail = (
        f"AUC {_said(auc.value)} (ceiling {most_auc:g}), net Sharpe {_said(sharpe.value)} "
        f"(ceiling {most_sharpe:g})"
    )
    if leak:
        detail = f"too good to be true until a person has looked: {detail}; look for a column " \
                 "that knows the future"  # fmt: skip
    return Gate(
        "plausible", not leak, detail, auc.value, auc.low, auc.high, most_auc, "at most",
        evaluation.case.window, trials,
    )  # fmt: skip


def _enough(evaluation: Evaluation, config: Config, trials: float) -> list[Gate]:
    """Ask for the least data on which figures are trusted."""
    gates, window = config.gates, evaluation.case.window

    def least(name: str, figure: int, asked: int, note: str = "") -> Gate:
        value = Interval(float(figure))
        return floor(name, value, asked, window=window, trials=trials, note=note, digits=0)

    regimes = {n: c for n, c in evaluation.regime_trades.items() if n != "unknown"}
    said = ", ".join(f"{name} {trades}" for name, trades in regimes.items())
    found = [
        least("outcomes", evaluation.scores.count, gates.min_samples),
        least("trades", evaluation.trades, gates.min_trades),
    ]
    if regimes:
        fewest = min(regimes.values())
        found.append(least("trades in each regime", fewest, gates.min_regime_trades, said))
    symbols = evaluation.symbol_trades
    if len(symbols) == 1:
        own = next(iter(symbols.values()))
        found.append(least("trades of its symbol", own, gates.min_symbol_trades))
    return found


def _not_worse_than_base(evaluation: Evaluation, config: Config, trials: float) -> Gate:
    """Veto forecasts that lose clearly against stating the base rate."""
    test, limit = evaluation.against_base, config.gates.veto_errors
    worse = test.mean > limit * test.error
    detail = (
        f"log loss against the base rate {test.mean:+.4f}, standard error {_said(test.error, 4)} "
        f"(veto above {limit:g} errors)"
    )
    return Gate(
        "not worse than the base rate", not worse, detail, test.mean, test.low, test.high,
        limit * test.error, "at most", evaluation.case.window, trials,
    )  # fmt: skip


def _profile_gates(
    evaluation: Evaluation,
    champion: Evaluation | None,
    config: Config,
    trials: float,
    deflated: float,
) -> list[Gate]:
    floors, window = floors_of(config.gates), evaluation.case.window
    found = score_gates(evaluation.score_figures, floors, window, trials)
    found += relative_gates(
        evaluation.books["forecasts"],
        evaluation.books["rules"],
        None if champion is None else champion.books["forecasts"]["sharpe"],
        floors,
        window,
        trials,
    )
    if "min_deflated_sharpe" in floors:
        asked = floors["min_deflated_sharpe"]
        sure = Interval(deflated)
        found.append(floor("deflated Sharpe ratio", sure, asked, window=window, trials=trials))
    if config.gates.profile == "evidence":
        found += [
            floor(
                f"proof against {_NULLS[name]}", Interval(wealth), 1.0 / _LEVEL, window=window,
                trials=trials, note="a bet that turns 1 into 20 is proof at 5 %", digits=2,
            )
            for name, wealth in evaluation.evidence.items()
        ]  # fmt: skip
    return found


def score_gates(
    figures: dict[str, Interval],
    floors: dict[str, float],
    window: tuple[int, int] | None,
    trials: float,
) -> list[Gate]:
    """Floors of forecast scores; the majority class is said beside accuracy."""
    found = []
    for key, name in SCORE_FLOORS.items():
        if key not in floors:
            continue
        note = ""
        if name == "accuracy":
            note = f"always guessing one side: {_said(figures['majority'].value)}"
        label = _NAMES.get(name, name)
        found.append(
            floor(
                label, figures[name], floors[key], strict=True, window=window, trials=trials,
                note=note,
            )
        )  # fmt: skip
    return found


def relative_gates(
    mine: dict[str, Interval],
    baseline: dict[str, Interval],
    champion_sharpe: Interval | None,
    floors: dict[str, float],
    window: tuple[int, int] | None,
    trials: float,
) -> list[Gate]:
    """Floors of gains over the rules, and of the loss against the champion, as relative changes.

    A gain over nothing, or over a ratio that is zero or below, is not defined: then the figure
    itself has to be above zero and above the baseline's.
    """
    found = []
    for key, name, label in (
        ("min_win_rate_gain", "win_rate", "win rate over the rules'"),
        ("min_profit_factor_gain", "profit_factor", "profit factor over the rules'"),
        ("min_sharpe_gain", "sharpe", "Sharpe ratio over the rules'"),
    ):
        if key in floors:
            gain = _relative(mine[name].value, baseline[name].value)
            note = f"{_said(mine[name].value)} against {_said(baseline[name].value)}"
            found.append(
                floor(label, Interval(gain), floors[key], window=window, trials=trials, note=note)
            )
    if "min_drawdown_cut" in floors:
        own, other = mine["max_drawdown"].value, baseline["max_drawdown"].value
        cut = 1.0 - own / other if other > 0.0 else math.nan
        note = f"{_said(own)} against {_said(other)}, both at 10 % volatility a year"
        found.append(
            floor(
                "worst fall below the rules'", Interval(cut), floors["min_drawdown_cut"],
                window=window, trials=trials, note=note,
            )
        )  # fmt: skip
    if "max_champion_loss" in floors and champion_sharpe is not None:
        loss = -_relative(mine["sharpe"].value, champion_sharpe.value)
        note = f"Sharpe {_said(mine['sharpe'].value)} against {_said(champion_sharpe.value)}"
        found.append(
            ceiling(
                "worse than the champion by", Interval(loss), floors["max_champion_loss"],
                window=window, trials=trials, note=note,
            )
        )  # fmt: skip
    return found


def _relative(own: float, other: float) -> float:
    """Gain of one figure over another as a share of it."""
    if not (math.isfinite(own) and math.isfinite(other)):
        return math.nan
    if other > 0.0:
        return own / other - 1.0
    return math.inf if own > 0.0 and own > other else -math.inf if own < other else math.nan


def _said(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "unknown"
