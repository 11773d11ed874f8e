"""``Config``: every section together, read from TOML and identified by a hash."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator

from edgekeeper.config.account import (
    CostsConfig,
    GuardsConfig,
    LabelsConfig,
    LimitsConfig,
    PolicyConfig,
)
from edgekeeper.config.fits import ExplainConfig, PackagesConfig, RefitsConfig
from edgekeeper.config.lines import LineConfig
from edgekeeper.config.local import (
    AlertsConfig,
    LogsConfig,
    ServeConfig,
    SidecarConfig,
    StorageConfig,
    WatchConfig,
)
from edgekeeper.config.notify import NotifyConfig
from edgekeeper.config.proof import DriftConfig, EvidenceConfig, GatesConfig, RolloutConfig
from edgekeeper.config.rules import RulesConfig
from edgekeeper.config.section import Section
from edgekeeper.errors import UsageError, nearest

__all__ = ["LOCAL", "Config", "parse_config"]


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
    # The first line is judged at half of the error budget, the next at a quarter: the plainest
    # recipe comes first.
    lines: tuple[LineConfig, ...] = (
        LineConfig(name="linear", learner="logistic"),
        LineConfig(name="trees", learner="lightgbm"),
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
