"""Judge a package, or anyone's forecasts, on outcomes that came after them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.registry import Package
from edgekeeper.report.certificate import render_certificate
from edgekeeper.report.certificate_chart import certificate_chart
from edgekeeper.report.picture import Picture
from edgekeeper.stats.breakdown import Part
from edgekeeper.validate import (
    Case,
    Certificate,
    Gate,
    HoldOutUse,
    certify,
    count_trials,
    evaluate_case,
    recorded_trials,
)
from edgekeeper.workbench.cases import case_of, config_for

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Judgement", "validate"]


@dataclass(frozen=True)
class Judgement:
    """A certificate, with ways to look at it.

    Attributes
    ----------
    certificate : Certificate
    config : Config
        What it was judged under.
    """

    certificate: Certificate
    config: Config

    @property
    def verdict(self) -> str:
        """``passed``, ``refused`` or ``needs approval``."""
        return self.certificate.answer

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not, one sentence for each gate that did not pass."""
        return self.certificate.reasons

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Every gate with figure, threshold, window and trials."""
        return self.certificate.gates

    @property
    def case(self) -> Case:
        """The forecasts and their outcomes."""
        return self.certificate.evaluation.case

    @property
    def conditions(self) -> dict[str, list[Part]]:
        """Figures by regime, hour, weekday, symbol, side, source, confidence and component."""
        return self.certificate.evaluation.conditions

    def to_polars(self) -> "pl.DataFrame":
        """All figures with their intervals: ``of, figure, value, low, high``."""
        return self.certificate.evaluation.to_polars()

    def by_condition(self) -> "pl.DataFrame":
        """Figures by condition, with intervals and adjusted p-values."""
        return self.certificate.evaluation.conditions_to_polars()

    def plot(self) -> Picture:
        """Books of the forecasts, of the rules and of holding, as a picture."""
        return certificate_chart(self.certificate)

    def html(self) -> str:
        """The certificate as one page that needs nothing else."""
        return render_certificate(self.certificate, generated_from="edgekeeper validate")

    def _repr_html_(self) -> str:
        return self.html()


def validate(
    forecasts: Any,
    bars: Any,
    config: Config | None = None,
    *,
    trials: int | None = None,
    trial_returns: Any = None,
    profile: str | None = None,
    champion: Package | None = None,
    name: str = "",
) -> Judgement:
    """Judge forecasts by what came after them, and say which gates they pass.

    Parameters
    ----------
    forecasts : Package or frame
        A package is judged on the bars after its data window alone. A frame of anyone's
        forecasts has the columns ``timestamp, symbol, side, probability``, see
        :func:`edgekeeper.validate.read_forecasts`.
    bars : Bars or frame
        Earlier bars warm features up.
    config : Config, optional
        Brackets, costs, gates.
    trials : int, optional
        How many variants were tried before this one was picked, the discarded ones included.
        Without it, and without a package that records it, no certificate is given.
    trial_returns : float64 [periods, variants], optional
        Returns of all of them: then the effective number of trials and the probability of
        back-test overfitting are known, too.
    profile : str, optional
        In place of the configuration's.
    champion : Package, optional
        Who trades now; profiles with ``max_champion_loss`` compare with it.
    name : str, optional

    Raises
    ------
    BadData
        Forecasts or bars that cannot be used; a package that has seen all the bars.
    UsageError
        Fewer trials than are on record; an unknown profile.

    Examples
    --------
    >>> import polars as pl
    >>> from edgekeeper.worlds import make_world
    >>> bars = make_world("noise", seed=1, symbols=2, bars=400).bars
    >>> mine = bars.to_polars().select("timestamp", "symbol", side=pl.lit("long"),
    ...     probability=pl.lit(0.6))
    >>> judged = validate(mine, bars, trials=1)
    >>> judged.verdict, judged.gates[0].name
    ('refused', 'trials known')
    """
    config = config_for(config, profile)
    raw = not isinstance(bars, Bars)
    bars = Bars.from_frame(bars) if raw else bars
    case = case_of(forecasts, bars, config, name, dates_as_bars=raw)
    recorded, hold_out = None, None
    if isinstance(forecasts, Package):
        made = forecasts.manifest.provenance
        recorded = recorded_trials(made.gates)
        uses = made.gates.get("hold_out_uses")
        hold_out = HoldOutUse(uses if isinstance(uses, int) else None, dict(made.metrics))
    told = count_trials(trials, recorded=recorded, returns=trial_returns)
    before = None if champion is None else _of_champion(champion, case, config)
    certificate = certify(
        evaluate_case(case, config), config, told, hold_out=hold_out, champion=before
    )
    return Judgement(certificate, config)


def _of_champion(champion: Package, case: Case, config: Config) -> Any:
    """Evaluate the champion on the same bars; where it has seen some, only the later ones."""
    return evaluate_case(case_of(champion, case.bars, config, "champion"), config)
