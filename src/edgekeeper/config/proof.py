"""Sections about proof: what a fit has to pass, a line has to show, and what ends its turn."""

from typing import Literal

from pydantic import Field, field_validator

from edgekeeper.config.section import Section

__all__ = ["DriftConfig", "EvidenceConfig", "GatesConfig", "RolloutConfig"]


class EvidenceConfig(Section):
    """How much proof a line needs, and how soon harm is noticed."""

    false_discovery_rate: float = Field(0.10, gt=0, lt=1)
    horizon_epochs: int = Field(1512, ge=10)
    min_trades: int = Field(50, ge=0)
    worst_bar: float = Field(20.0, ge=5)
    exposure_window: int = Field(252, ge=2)
    scale_floor: float = Field(0.5, gt=0, le=1)
    covariance_span: int = Field(63, ge=5)
    prior_bars: int = Field(252, ge=0)
    harm_fraction: float = Field(0.8, gt=0, le=1)
    harm_clip: float = Field(5.0, gt=1)
    false_retreat_bars: float = Field(2520.0, gt=1)


class RolloutConfig(Section):
    """How a line that has proved itself takes over: by which shares of the signals, how fast."""

    shadow_epochs: int = Field(5, ge=0)
    steps: tuple[float, ...] = (0.10, 0.25, 0.50)
    step_epochs: int = Field(5, ge=1)

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: tuple[float, ...]) -> tuple[float, ...]:
        if list(steps) != sorted(set(steps)) or not all(0.0 < share < 1.0 for share in steps):
            raise ValueError("expected rising shares between 0 and 1, such as [0.1, 0.25, 0.5]")
        return steps


class DriftConfig(Section):
    """When a change of a model's inputs, forecasts or losses asks for a refit; never for more."""

    refit: bool | None = None
    false_alarm: float = Field(0.05, ge=0.003, le=0.5)
    horizon_bars: int = Field(1_000, ge=10, le=100_000)
    performance_change: float = Field(0.10, gt=0, le=10)
    recent_bars: int = Field(126, ge=20, le=10_000)


class GatesConfig(Section):
    """What a candidate must pass before it may enter shadow, and a model before it is certified.

    A floor left out is the profile's, see :mod:`edgekeeper.validate.profiles`; one of 0, or of -1
    for a gain, asks for nothing. Gains and losses are relative: 0.1 is a tenth.
    """

    profile: Literal["evidence", "asked", "asked-start"] = "evidence"
    min_accuracy: float | None = Field(None, ge=0, le=1)
    min_precision: float | None = Field(None, ge=0, le=1)
    min_recall: float | None = Field(None, ge=0, le=1)
    min_f1: float | None = Field(None, ge=0, le=1)
    min_auc: float | None = Field(None, ge=0, le=1)
    min_win_rate_gain: float | None = Field(None, ge=-1, le=100)
    min_profit_factor_gain: float | None = Field(None, ge=-1, le=100)
    min_sharpe_gain: float | None = Field(None, ge=-1, le=100)
    min_drawdown_cut: float | None = Field(None, ge=0, le=1)
    max_champion_loss: float | None = Field(None, ge=0, le=100)
    min_deflated_sharpe: float | None = Field(None, ge=0, lt=1)
    min_trades: int = Field(100, ge=0)
    min_regime_trades: int = Field(50, ge=0)
    min_symbol_trades: int = Field(20, ge=0)
    min_samples: int = Field(100, ge=10)
    holdout_share: float = Field(0.20, gt=0.01, lt=0.9)
    max_auc: float = Field(0.80, gt=0.5, le=1)
    max_sharpe: float = Field(8.0, gt=0)
    veto_errors: float = Field(2.0, ge=0)
