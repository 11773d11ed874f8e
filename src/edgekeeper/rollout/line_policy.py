"""A line's policy: what its recipe says, how far it may be moved, and a change that is proposed.

A recipe holds its policy's learning rule with its range, so a change within that range is the same
recipe, and inherits its evidence. The range is a fifth of the recipe's value, however many changes
came before.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgekeeper.config import Config, LineConfig, parse_config
from edgekeeper.errors import UsageError

__all__ = [
    "SETTINGS",
    "WITHIN",
    "PolicyLesson",
    "Proposal",
    "changed",
    "new_line",
    "policy_of",
    "setting_of",
    "with_settings",
]

SETTINGS = (
    "policy.take_above", "policy.reduce_above", "policy.reduce_size", "labels.target",
    "labels.stop",
)  # fmt: skip
"""What outcomes may change: thresholds of entry, size of a reduced position, target, stop."""
WITHIN = 0.20
"""Largest change that a recipe makes by itself, as a share of its own value."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of one setting that would have earned more.

    Attributes
    ----------
    setting : str
        Such as ``"policy.take_above"``.
    present, proposed : float
    gain, low, high : float
        What it would have earned more a bar at the same risk, in units of predicted volatility,
        with its 95 % interval.
    p_value : float
        Chance that the best of all that were tried beats the present policy by as much.
    recipe : float, optional
        What the line's recipe says; by default it says what is present.
    """

    setting: str
    present: float
    proposed: float
    gain: float
    low: float
    high: float
    p_value: float
    recipe: float | None = None

    @property
    def change(self) -> float:
        """Distance from what the recipe says, as a share of that."""
        said = self.present if self.recipe is None else self.recipe
        return self.proposed / said - 1.0

    @property
    def needs_approval(self) -> bool:
        """Whether it is larger than a recipe may change by itself."""
        return abs(self.change) > WITHIN + 1e-9

    @property
    def sentence(self) -> str:
        """What would have been earned, and how sure that is."""
        return (
            f"{self.setting} {self.proposed:g} instead of {self.present:g} would have earned "
            f"{self.gain:.4f} volatilities a bar more at the same risk (95 %: {self.low:.4f} to "
            f"{self.high:.4f}; p {self.p_value:.3f} over all tried)"
        )

    def id_for(self, line: str) -> str:
        """Name, in hexadecimal digits, by which a person answers."""
        text = f"{line} {self.setting} {self.proposed:.12g}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def record(self, line: str) -> dict[str, Any]:
        """Return what is put on record of it."""
        return {**asdict(self), "line": line, "change": self.change, "id": self.id_for(line)}


@dataclass(frozen=True, slots=True)
class PolicyLesson:
    """What outcomes say of a line's policy.

    Attributes
    ----------
    bars : int
        Instants it rests on.
    tried : int
        Policies that decided anything differently.
    best : sequence of Proposal
        The best within the recipe's range, and the best beyond it, whether or not it is beyond
        chance.
    proposals : sequence of Proposal
        Those of them that are.
    """

    line: str
    bars: int
    tried: int
    best: Sequence[Proposal]
    proposals: Sequence[Proposal]


def policy_of(line: LineConfig, config: Config) -> Config:
    """Return the configuration that a line decides by: the run's, with what it has of its own.

    Raises
    ------
    UsageError
        Settings that do not go together, such as a line's threshold below the run's other one.
    """
    if line.policy is None:
        return config
    given = {name: getattr(line.policy, name.split(".")[1]) for name in SETTINGS}
    return with_settings(config, {name: one for name, one in given.items() if one is not None})


def with_settings(config: Config, settings: Mapping[str, float]) -> Config:
    """Return a configuration with some of :data:`SETTINGS` changed.

    Raises
    ------
    UsageError
        Settings out of range, or such as do not go together.
    """
    written = config.model_dump(mode="json")
    for setting, value in settings.items():
        section, name = setting.split(".")
        written[section][name] = value
    return parse_config({**written, **config.local()})


def setting_of(config: Config, setting: str) -> float:
    """Return the value of one of :data:`SETTINGS`."""
    section, name = setting.split(".")
    return float(getattr(getattr(config, section), name))


def changed(config: Config, recipe: Config, setting: str, factor: float) -> Config | None:
    """Return ``config`` with one setting at so much of what the recipe says; None: not possible."""
    value = float(f"{setting_of(recipe, setting) * factor:.12g}")
    try:
        return with_settings(config, {setting: value})
    except UsageError:
        return None


def new_line(line: LineConfig, config: Config, present: Config, proposal: Proposal) -> LineConfig:
    """Return the recipe in which a change too large for ``line`` is what is written.

    Parameters
    ----------
    line : LineConfig
    config, present : Config
        The run's, and what the line decides by now.
    proposal : Proposal
    """
    now = {name: setting_of(present, name) for name in SETTINGS} | {
        proposal.setting: proposal.proposed
    }
    own = {
        name.split(".")[1]: value
        for name, value in now.items()
        if value != setting_of(config, name)
    }
    learning = {} if line.policy is None else line.policy.model_dump(exclude_defaults=True)
    name = f"{line.name[:30]}-{proposal.setting.split('.')[1]}-{proposal.proposed:g}"
    recipe = line.model_dump(mode="json") | {"name": name, "policy": {**learning, **own}}
    return LineConfig.model_validate(recipe)
