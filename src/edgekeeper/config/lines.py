"""``[[lines]]``: recipes, each with its learner, features, search, and what it learns online."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from edgekeeper.config.section import Section
from edgekeeper.types import Device

__all__ = [
    "AugmentationConfig",
    "LineConfig",
    "LinePolicyConfig",
    "OnlineConfig",
    "SearchConfig",
    "SelectionConfig",
]


class SearchConfig(Section):
    """How a line looks for better parameters of its learner; part of its recipe."""

    rule: Literal["random", "optuna"] = "random"
    trials: int = Field(50, ge=2, le=10_000)
    every_epochs: int = Field(252, ge=1)
    rows: int = Field(2_000, ge=200, le=10_000_000)
    folds: int = Field(3, ge=2, le=20)
    batch: int = Field(8, ge=1, le=256)
    prune: bool = True


class SelectionConfig(Section):
    """Which features a line's learner sees, and on which scale; decided anew at each fit.

    ``keep`` counts where ``by`` ranks; ``rfecv`` may keep fewer.
    """

    variance: float | None = Field(None, ge=0)
    correlation: float | None = Field(None, gt=0, le=1)
    by: Literal["importance", "kbest", "permutation", "rfe", "rfecv", "shap"] | None = None
    keep: int = Field(20, ge=1)
    always: tuple[str, ...] = ()
    scaling: Literal["robust", "standard"] | None = None


class AugmentationConfig(Section):
    """Further rows made of the training rows of each fit."""

    by: Literal["bootstrap", "smote"] = "bootstrap"
    block: float = Field(10.0, ge=1)
    samples: int = Field(1_000, ge=1, le=10_000_000)
    neighbours: int = Field(5, ge=1)


class OnlineConfig(Section):
    """What learns from each outcome between refits, over a line's packaged forecast."""

    by: Literal["sgd", "bayes", "river", "continuation"] = "sgd"
    buffer: int = Field(1_000, ge=100, le=100_000)


class LinePolicyConfig(Section):
    """A line's own thresholds, reduced size and brackets; what is left out is the run's.

    With ``learn`` they are moved as its outcomes demand, each within a fifth of what stands here.
    Where a line has none, nothing is written of it: such recipes are what they were.
    ``target`` and ``stop`` are those of orders: what a forecast is about stays the run's label.
    """

    take_above: float | None = Field(None, ge=0.5, le=1)
    reduce_above: float | None = Field(None, ge=0, le=1)
    reduce_size: float | None = Field(None, gt=0, le=1)
    target: float | None = Field(None, gt=0, le=20)
    stop: float | None = Field(None, gt=0, le=20)
    learn: bool = False
    every_epochs: int = Field(63, ge=1)
    recent_bars: int = Field(2_000, ge=200, le=100_000)
    error_rate: float = Field(0.05, gt=0, lt=0.5)


class LineConfig(Section):
    """A recipe: what is fitted, on what, how often; and on which device, which is no part of it."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_.-]+$")
    learner: str = "lightgbm"
    device: Device = Field("cpu", exclude_if=lambda device: device == "cpu")
    parameters: dict[str, float | int | str | bool] = Field(default_factory=dict)
    features: tuple[str, ...] = ("technical", "volatility", "volume", "returns", "calendar")
    extra_features: dict[str, str] = Field(default_factory=dict)
    target: Literal["direction", "relative"] = "direction"
    refit_epochs: int = Field(63, ge=1)
    refit_growth: float = Field(0.25, gt=0)
    min_bars: int = Field(504, ge=30)
    window_bars: int | None = Field(None, ge=60)
    final_fit: bool = Field(False, exclude_if=lambda wanted: not wanted)
    search: SearchConfig | None = None
    selection: SelectionConfig | None = None
    augmentation: AugmentationConfig | None = None
    online: OnlineConfig | None = None
    policy: LinePolicyConfig | None = Field(None, exclude_if=lambda policy: policy is None)

    @field_validator("online", mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"by": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _some_features(self) -> Self:
        if not self.features and not self.extra_features:
            raise ValueError("expected features or extra_features, got neither")
        return self
