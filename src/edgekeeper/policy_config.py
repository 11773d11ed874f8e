"""``policy`` of a line: where it decides otherwise than the run, and whether outcomes move it."""

from pydantic import Field

from edgekeeper.config_local import Section

__all__ = ["LinePolicyConfig"]


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
