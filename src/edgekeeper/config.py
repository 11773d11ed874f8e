"""Configuration: one frozen object, read from TOML, identified by its hash.

Unknown keys are refused with the nearest known one. Defaults are what a newcomer should run.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from edgekeeper.config_local import (
    AlertRule,
    AlertsConfig,
    LogsConfig,
    Section,
    ServeConfig,
    SidecarConfig,
    StorageConfig,
    WatchConfig,
)
from edgekeeper.config_notify import NotifyConfig
from edgekeeper.errors import UsageError, nearest
from edgekeeper.policy_config import LinePolicyConfig
from edgekeeper.rules_config import Regime, RulesConfig, StrategyConfig, VoterConfig

__all__ = [
    "LOCAL",
    "REFIT_WINDOWS",
    "AlertRule",
    "AlertsConfig",
    "Config",
    "CostsConfig",
    "DriftConfig",
    "EvidenceConfig",
    "GatesConfig",
    "GuardsConfig",
    "LabelsConfig",
    "LimitsConfig",
    "LineConfig",
    "LinePolicyConfig",
    "LogsConfig",
    "NotifyConfig",
    "OnlineConfig",
    "PackagesConfig",
    "PolicyConfig",
    "RefitsConfig",
    "Regime",
    "RolloutConfig",
    "RulesConfig",
    "SearchConfig",
    "SidecarConfig",
    "StorageConfig",
    "StrategyConfig",
    "VoterConfig",
    "WatchConfig",
    "parse_config",
]

REFIT_WINDOWS = ("", "recent", "full")
"""Windows a refit may be asked for; the first is that of the recipe."""

_WEEKLY = r"^(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):[0-5]\d$"


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

    by: Literal["sgd", "river", "continuation"] = "sgd"
    buffer: int = Field(1_000, ge=100, le=100_000)


class PackagesConfig(Section):
    """Whose packages are loaded, and who signs those made here."""

    trusted_keys: tuple[str, ...] = ()
    signing_key: str = ""

    @field_validator("trusted_keys")
    @classmethod
    def _keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            if not re.fullmatch("[0-9a-f]{64}", key):
                raise ValueError("expected public keys of 64 hexadecimal digits")
        return keys


class LineConfig(Section):
    """A recipe: what is fitted, on what, how often."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_.-]+$")
    learner: str = "lightgbm"
    parameters: dict[str, float | int | str | bool] = Field(default_factory=dict)
    features: tuple[str, ...] = ("technical", "volatility", "volume", "returns", "calendar")
    extra_features: dict[str, str] = Field(default_factory=dict)
    target: Literal["direction", "relative"] = "direction"
    refit_epochs: int = Field(63, ge=1)
    refit_growth: float = Field(0.25, gt=0)
    min_bars: int = Field(504, ge=30)
    window_bars: int | None = Field(None, ge=60)
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


class ExplainConfig(Section):
    """Which decisions of a model are explained on record: from this share of equity on; 0: none."""

    store_above: float = Field(0.0, ge=0, le=1)
    keep: int = Field(5, ge=1, le=100)


class RefitsConfig(Section):
    """How a live run refits its lines; a replay fits at the boundaries of its epochs, at once."""

    process: bool = True
    memory_mb: int = Field(4_096, ge=256)
    minutes: float = Field(30.0, gt=0)
    schedule: Literal["bars", "clock"] = "bars"
    daily: str = Field("02:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    weekly: str = Field("sun 03:00", pattern=_WEEKLY)
    time_zone: str = "UTC"
    max_age_hours: float = Field(24.0, gt=0)
    recent_bars: int = Field(504, ge=60)
    full_years: float = Field(5.0, gt=0)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("expected a time zone such as Europe/Paris") from error
        return zone


class Config(Section):
    """Everything that shapes a result, apart from the bars; and how a run is kept and watched."""

    seed: int = Field(0, ge=0, lt=2**31)
    epoch: Literal["session", "bar"] = "session"
    fallback: Literal["rules", "cash", "follow_bot"] = "rules"
    cash: float = Field(100_000.0, gt=0)
    currency: str = Field("USD", pattern=r"^[A-Z]{3,5}$")
    rules: RulesConfig = RulesConfig()
    labels: LabelsConfig = LabelsConfig()
    costs: CostsConfig = CostsConfig()
    policy: PolicyConfig = PolicyConfig()
    limits: LimitsConfig = LimitsConfig()
    guards: GuardsConfig = GuardsConfig()
    evidence: EvidenceConfig = EvidenceConfig()
    rollout: RolloutConfig = RolloutConfig()
    drift: DriftConfig = DriftConfig()
    gates: GatesConfig = GatesConfig()
    packages: PackagesConfig = PackagesConfig()
    explain: ExplainConfig = ExplainConfig()
    refits: RefitsConfig = RefitsConfig()
    lines: tuple[LineConfig, ...] = (
        LineConfig(name="trees", learner="lightgbm"),
        LineConfig(name="linear", learner="logistic"),
    )
    storage: StorageConfig = Field(StorageConfig(), exclude=True)
    watch: WatchConfig = Field(WatchConfig(), exclude=True)
    alerts: AlertsConfig = Field(AlertsConfig(), exclude=True)
    logs: LogsConfig = Field(LogsConfig(), exclude=True)
    notify: NotifyConfig = Field(NotifyConfig(), exclude=True)
    serve: ServeConfig = Field(ServeConfig(), exclude=True)
    sidecar: SidecarConfig = Field(SidecarConfig(), exclude=True)

    @field_validator("lines")
    @classmethod
    def _own_names(cls, lines: tuple[LineConfig, ...]) -> tuple[LineConfig, ...]:
        names = [line.name for line in lines]
        if len(set(names)) != len(names) or "rules" in names:
            raise ValueError("expected a name of its own for each line, other than 'rules'")
        if any(name.startswith("signals-") for name in names):
            raise ValueError("expected a name that does not begin with 'signals-': a side-car's do")
        return lines

    def hash(self) -> str:
        """SHA-256 of the canonical JSON without :meth:`local`: the configuration's identity.

        A strategy file counts with its content, wherever it is. Explanations that are off leave no
        trace in a record, and none here.
        """
        written = self.model_dump(mode="json")
        for rules in (written["rules"], *written["rules"]["several"]):
            if rules["file_hash"]:
                del rules["file"]
        if self.explain.store_above == 0.0:
            del written["explain"]
        for line in written["lines"]:
            if line["target"] == "direction":  # what every line learned before there was a choice
                del line["target"]
        text = json.dumps(written, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def local(self) -> dict[str, Any]:
        """Return the sections that shape no result: they may change while a run goes on."""
        return {name: getattr(self, name).model_dump(mode="json") for name in LOCAL}


LOCAL = ("storage", "watch", "alerts", "logs", "serve", "sidecar", "notify")
"""Sections that shape no result."""


def parse_config(source: str | Mapping[str, Any]) -> Config:
    """Read TOML text, or a mapping of the same shape.

    Raises
    ------
    UsageError
        Malformed TOML, an unknown key (naming the nearest known one), a value out of range.

    Examples
    --------
    >>> parse_config("seed = 7").seed
    7
    """
    if isinstance(source, str):
        try:
            source = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"configuration: not valid TOML: {error}") from error
    try:
        return Config.model_validate(source)
    except ValidationError as error:
        raise UsageError("configuration: " + "; ".join(_explain(error))) from error


def _explain(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_url=False):
        path = [part for part in item["loc"] if isinstance(part, str)]
        where = ".".join(str(part) for part in item["loc"]) or "top level"
        if item["type"] == "extra_forbidden":
            known = _keys_at(path[:-1])
            hint = nearest(path[-1], known)
            yield f"unknown key {where!r}{hint} (known here: {', '.join(known)})"
        else:
            got = repr(item["input"])
            got = got if len(got) <= 80 else got[:77] + "..."
            yield f"{where}: {item['msg'].removeprefix('Value error, ')}, got {got}"


def _keys_at(path: list[str]) -> list[str]:
    """Keys of the section at ``path``, following the annotations of :class:`Config`."""
    section: type[BaseModel] = Config
    for part in path:
        annotation: Any = section.model_fields[part].annotation
        arguments = getattr(annotation, "__args__", ())
        section = next(
            (
                a
                for a in (annotation, *arguments)
                if isinstance(a, type) and issubclass(a, BaseModel)
            ),
            section,
        )
    return sorted(section.model_fields)
