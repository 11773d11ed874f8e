"""The section ``[rules]`` of the configuration: where signals come from."""

from typing import Literal, Self

from pydantic import Field, model_validator

from edgekeeper.config.section import Section

__all__ = ["Regime", "RulesConfig", "StrategyConfig", "VoterConfig"]

Regime = Literal["ranging", "trending", "volatile"]
"""Kinds of market, as the feature language numbers them: 0, 1 and 2."""


class StrategyConfig(Section):
    """Where signals come from: a ready strategy, two expressions, or a file of one's own.

    An empty expression means that this side is never entered. A file is pinned by the hash of its
    content: see :func:`edgekeeper.trade.pin_files`.
    """

    strategy: str = ""
    entry_long: str = ""
    entry_short: str = ""
    file: str = ""
    file_hash: str = Field("", pattern="^([0-9a-f]{64})?$")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.strategy and self.file:
            raise ValueError("expected either strategy or file, got both: leave one out")
        if self.file_hash and not self.file:
            raise ValueError("expected a file to go with file_hash, got none")
        return self


class VoterConfig(StrategyConfig):
    """One of several strategies: its weight, and factors of it by regime."""

    name: str = Field("", max_length=60, pattern=r"^[A-Za-z0-9_.-]*$")
    weight: float = Field(1.0, gt=0, le=1_000)
    regimes: dict[Regime, float] = Field(default_factory=dict)

    @property
    def called(self) -> str:
        """Name that its signals carry."""
        return self.name or self.strategy

    @model_validator(mode="after")
    def _named(self) -> Self:
        written = bool(self.entry_long.strip() or self.entry_short.strip())
        if written + bool(self.strategy) + bool(self.file) != 1:
            raise ValueError("expected one of strategy, file, or entry_long and entry_short")
        if not self.called:
            raise ValueError("expected a name for a strategy of your own, got none")
        if not all(0.0 <= factor <= 1_000.0 for factor in self.regimes.values()):
            raise ValueError("expected factors of the weight from 0 to 1000 in regimes")
        return self


class RulesConfig(StrategyConfig):
    """The strategy that trades until a model has earned its place: line 0, and the baseline.

    ``strategy``, ``file`` or ``several`` take the place of the expressions that stand here.
    """

    entry_long: str = "cross_over(ema(close, 9), ema(close, 21)) and adx(14) > 20"
    entry_short: str = "cross_under(ema(close, 9), ema(close, 21)) and adx(14) > 20"
    several: tuple[VoterConfig, ...] = ()
    threshold: float = Field(0.25, ge=0, lt=1)
    regime: str = "regime(250)"

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.several and (self.strategy or self.file):
            raise ValueError("expected strategy, file or several, got more than one of them")
        names = [voter.called for voter in self.several]
        if len(set(names)) != len(names):
            raise ValueError("expected a name of its own for each of several")
        if not (self.strategy or self.file or self.several):
            return self
        for side in ("entry_long", "entry_short"):
            text = getattr(self, side)
            if text.strip() and text != type(self).model_fields[side].default:
                raise ValueError(
                    f"expected either {side} or a strategy, file or several, got both: leave one "
                    "out"
                )
        return self
