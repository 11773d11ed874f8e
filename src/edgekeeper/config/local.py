"""Sections of the configuration that shape no result: how a run is kept, watched and told of.

They are in no hash, and may change while a run goes on.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from edgekeeper.config.section import Section

__all__ = [
    "AlertRule",
    "AlertsConfig",
    "LogLevel",
    "LogsConfig",
    "ServeConfig",
    "SidecarConfig",
    "StorageConfig",
    "WatchConfig",
]


class StorageConfig(Section):
    """How much of the record is kept, and where. Shapes no result, so no hash knows of it."""

    keep_months: int = Field(3, ge=0)
    shadow_detail_months: int | None = Field(None, ge=0)
    disk_budget_gb: float | None = Field(None, gt=0)
    min_free_share: float = Field(0.10, ge=0, lt=1)

    @model_validator(mode="after")
    def _moved_before_let_go(self) -> Self:
        months = self.shadow_detail_months
        if months is not None and months < self.keep_months:
            raise ValueError(
                f"expected shadow_detail_months at or above keep_months {self.keep_months}, got "
                f"{months}"
            )
        return self


class WatchConfig(Section):
    """How a second process guards a live run. Shapes no result, so no hash knows of it."""

    enabled: bool = True
    heartbeat_seconds: float = Field(1.0, ge=0.05, le=60)
    dead_after_seconds: float = Field(15.0, ge=0.2, le=600)
    busy_seconds: float = Field(3_600.0, ge=1)
    kill_when_dead: bool = True

    @model_validator(mode="after")
    def _several_beats(self) -> Self:
        if self.dead_after_seconds < 3 * self.heartbeat_seconds:
            raise ValueError(
                f"expected dead_after_seconds of at least three heartbeats of "
                f"{self.heartbeat_seconds} s, got {self.dead_after_seconds}"
            )
        return self


LogLevel = Literal["debug", "info", "warning", "error", "critical", "off"]


class LogsConfig(Section):
    """What the processes of a service write to their logs. Shapes no result."""

    level: LogLevel = "info"
    format: Literal["auto", "plain", "json"] = "auto"
    models: LogLevel = "info"
    predictions: LogLevel = "info"


class ServeConfig(Section):
    """How a service listens, and whether it answers signals. Shapes no result."""

    host: str = "127.0.0.1"
    port: int = Field(8765, ge=0, le=65_535)
    allowed_hosts: tuple[str, ...] = ()
    sidecar: bool = True


class SidecarConfig(Section):
    """How signals of bots are answered and learned from. No replay knows of it, so no hash does.

    What was in force is on record with every answer.
    """

    mode: Literal["observe", "advise", "enforce"] = "observe"
    explore: float = Field(0.0, ge=0, le=0.5)
    max_age_seconds: float = Field(300.0, gt=0)
    max_ahead_seconds: float = Field(60.0, ge=0)
    lines: tuple[str, ...] = ("logistic", "lightgbm")
    min_outcomes: int = Field(200, ge=60)
    refit_outcomes: int = Field(100, ge=10)
    min_known: float = Field(0.5, ge=0, le=1)
    outcome_days: int = Field(14, ge=1, le=3_650)

    @model_validator(mode="after")
    def _explored_only_where_enforced(self) -> Self:
        if self.explore > 0.0 and self.mode != "enforce":
            raise ValueError(
                f'expected explore = 0 unless mode = "enforce", got {self.explore} with mode '
                f"{self.mode!r}: elsewhere the bot trades what it likes anyway"
            )
        return self


class AlertRule(Section):
    """When a figure is worth a person's attention, and when that is over."""

    metric: Literal[
        "accuracy", "win_rate_gap", "drawdown", "latency_ms", "forecast_shift", "importance_shift",
        "drift",
    ]  # fmt: skip
    direction: Literal["above", "below"]
    threshold: float
    clears_at: float
    severity: Literal["critical", "warning", "info"]
    at_least: int = Field(0, ge=0)
    enabled: bool = True

    @model_validator(mode="after")
    def _clears_on_the_good_side(self) -> Self:
        better = self.clears_at - self.threshold
        if better < 0.0 if self.direction == "below" else better > 0.0:
            other = "above" if self.direction == "below" else "below"
            raise ValueError(
                f"expected clears_at at or {other} the threshold {self.threshold}, got "
                f"{self.clears_at}"
            )
        return self


def _rule(
    metric: Any, direction: Any, threshold: float, clears_at: float, severity: Any, at_least: int
) -> AlertRule:
    return AlertRule(
        metric=metric,
        direction=direction,
        threshold=threshold,
        clears_at=clears_at,
        severity=severity,
        at_least=at_least,
    )


_OVER_RECENT = ("accuracy", "win_rate_gap", "forecast_shift")


class AlertsConfig(Section):
    """What is told to people about a run. Shapes no result, so no hash knows of it.

    Of a rule, keys that are left out keep their defaults.
    """

    recent: int = Field(400, ge=10, le=100_000)
    weekly: bool = True
    accuracy_critical: AlertRule = _rule("accuracy", "below", 0.50, 0.53, "critical", 200)
    accuracy_warning: AlertRule = _rule("accuracy", "below", 0.55, 0.57, "warning", 200)
    win_rate_critical: AlertRule = _rule("win_rate_gap", "below", -0.10, -0.07, "critical", 200)
    win_rate_warning: AlertRule = _rule("win_rate_gap", "below", -0.05, -0.03, "warning", 200)
    drawdown_critical: AlertRule = _rule("drawdown", "above", 0.15, 0.12, "critical", 0)
    latency_critical: AlertRule = _rule("latency_ms", "above", 100.0, 80.0, "critical", 1)
    forecasts_odd: AlertRule = _rule("forecast_shift", "above", 0.25, 0.15, "warning", 200)
    importance_changed: AlertRule = _rule("importance_shift", "above", 4.0, 2.0, "warning", 5)
    drift: AlertRule = _rule("drift", "above", 0.5, 0.5, "warning", 1)

    @model_validator(mode="before")
    @classmethod
    def _over_the_defaults(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {name: cls._laid_over(name, value) for name, value in given.items()}

    @classmethod
    def _laid_over(cls, name: str, value: Any) -> Any:
        field = cls.model_fields.get(name)
        if field is None or not isinstance(field.default, AlertRule):
            return value
        if not isinstance(value, Mapping):
            return value
        return {**field.default.model_dump(), **value}

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        for name, rule in self.rules.items():
            if rule.metric in _OVER_RECENT and rule.at_least > self.recent:
                raise ValueError(
                    f"expected at_least of {name} at or below recent {self.recent}, got "
                    f"{rule.at_least}: it could never be reached"
                )
        return self

    @property
    def rules(self) -> dict[str, AlertRule]:
        """Rules by name, those switched off left out."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: rule
            for name, rule in fields.items()
            if isinstance(rule, AlertRule) and rule.enabled
        }
