"""Configuration: one frozen object, read from TOML, identified by its hash.

Unknown keys are refused with the nearest known one. Defaults are what a newcomer should run.
"""

from edgekeeper.config.account import (
    CostsConfig,
    GuardsConfig,
    LabelsConfig,
    LimitsConfig,
    PolicyConfig,
)
from edgekeeper.config.fits import REFIT_WINDOWS, ExplainConfig, PackagesConfig, RefitsConfig
from edgekeeper.config.lines import (
    AugmentationConfig,
    LineConfig,
    LinePolicyConfig,
    OnlineConfig,
    SearchConfig,
    SelectionConfig,
)
from edgekeeper.config.local import (
    AlertRule,
    AlertsConfig,
    LogLevel,
    LogsConfig,
    ServeConfig,
    SidecarConfig,
    StorageConfig,
    WatchConfig,
)
from edgekeeper.config.notify import EmailConfig, NotifyConfig, TelegramConfig
from edgekeeper.config.proof import DriftConfig, EvidenceConfig, GatesConfig, RolloutConfig
from edgekeeper.config.recipe import RECIPES, recipe_text
from edgekeeper.config.rules import Regime, RulesConfig, StrategyConfig, VoterConfig
from edgekeeper.config.section import Section
from edgekeeper.config.whole import LOCAL, Config, parse_config

__all__ = [
    "LOCAL",
    "RECIPES",
    "REFIT_WINDOWS",
    "AlertRule",
    "AlertsConfig",
    "AugmentationConfig",
    "Config",
    "CostsConfig",
    "DriftConfig",
    "EmailConfig",
    "EvidenceConfig",
    "ExplainConfig",
    "GatesConfig",
    "GuardsConfig",
    "LabelsConfig",
    "LimitsConfig",
    "LineConfig",
    "LinePolicyConfig",
    "LogLevel",
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
    "Section",
    "SelectionConfig",
    "ServeConfig",
    "SidecarConfig",
    "StorageConfig",
    "StrategyConfig",
    "TelegramConfig",
    "VoterConfig",
    "WatchConfig",
    "parse_config",
    "recipe_text",
]
