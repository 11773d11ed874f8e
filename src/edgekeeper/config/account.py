"""Sections about an account: what its orders are, what they cost, and where it stops."""

from typing import Literal, Self

from pydantic import Field, model_validator

from edgekeeper.config.section import Section

__all__ = ["CostsConfig", "GuardsConfig", "LabelsConfig", "LimitsConfig", "PolicyConfig"]


class LabelsConfig(Section):
    """Brackets: distances in units of predicted volatility over the horizon."""

    horizon_bars: int = Field(10, ge=1, le=10_000)
    target: float = Field(1.0, gt=0, le=20)
    stop: float = Field(1.0, gt=0, le=20)
    volatility: str = "sqrt(ema(logret(close, 1) ** 2, 33))"


class CostsConfig(Section):
    """Costs a side, in basis points of a fill's value."""

    fee_bps: float = Field(1.0, ge=0, le=1000)
    half_spread_bps: float = Field(2.0, ge=0, le=1000)
    slippage_bps: float = Field(2.0, ge=0, le=1000)
    borrow_bps_year: float = Field(0.0, ge=0, le=10_000)


class PolicyConfig(Section):
    """Bands of the probability, on the scale where the signal's own break-even is one half.

    And how large a position is, up to the largest that the limits allow.
    """

    take_above: float = Field(0.60, ge=0.5, le=1)
    reduce_above: float = Field(0.40, ge=0, le=1)
    reduce_size: float = Field(0.5, gt=0, le=1)
    max_novelty: float = Field(0.5, ge=0, le=1)
    shorting: bool = True
    sizing: Literal["fixed", "kelly", "volatility"] = "fixed"
    kelly_fraction: float = Field(0.5, gt=0, le=1)
    probability_error: float = Field(0.05, gt=0, le=0.5)
    position_volatility: float = Field(0.02, gt=0, le=1)

    @model_validator(mode="after")
    def _bands_in_order(self) -> Self:
        if self.reduce_above > self.take_above:
            raise ValueError(
                f"expected reduce_above at or below take_above {self.take_above}, got "
                f"{self.reduce_above}"
            )
        return self


class LimitsConfig(Section):
    """Hard limits of the account. No model can override them."""

    max_position: float = Field(0.10, gt=0, le=1)
    max_positions: int = Field(20, ge=1, le=10_000)
    max_risk: float = Field(0.01, gt=0, le=1)
    max_gross: float = Field(1.0, gt=0, le=10)


class GuardsConfig(Section):
    """When the model is paused and when the account is halted."""

    loss_streak: int = Field(3, ge=1)
    model_drawdown: float = Field(0.10, gt=0, le=1)
    latency_ms: float = Field(100.0, gt=0)
    latency_times: int = Field(3, ge=1)
    rearm_after_bars: int = Field(20, ge=0)
    account_drawdown: float = Field(0.15, gt=0, le=1)
    daily_loss: float = Field(0.03, gt=0, le=1)
    flatten_on_halt: bool = False
    max_age_seconds: float = Field(300.0, ge=0)
