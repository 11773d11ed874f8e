"""Strategy files of a configuration: found, and pinned to the content they have."""

from pathlib import Path
from typing import TypeVar

from edgekeeper.config import Config, StrategyConfig
from edgekeeper.errors import UsageError
from edgekeeper.trade.strategies.own_code import file_hash

__all__ = ["pin_files"]

_Rules = TypeVar("_Rules", bound=StrategyConfig)


def pin_files(config: Config, folder: Path) -> Config:
    """Return the configuration with the absolute path and the hash of each strategy file.

    Parameters
    ----------
    config : Config
    folder : Path
        Where relative paths begin.

    Raises
    ------
    StorageError
        A file that cannot be read.
    UsageError
        A file with another content than its ``file_hash`` says.
    """
    rules = config.rules
    several = tuple(_pinned(voter, folder, f"rules.several.{voter.called}")
                    for voter in rules.several)  # fmt: skip
    rules = _pinned(rules, folder, "rules").model_copy(update={"several": several})
    return config if rules == config.rules else config.model_copy(update={"rules": rules})


def _pinned(rules: _Rules, folder: Path, where: str) -> _Rules:
    if not rules.file:
        return rules
    path = (folder / rules.file).resolve()
    found = file_hash(path)
    if rules.file_hash not in ("", found):
        raise UsageError(
            f"{where}.file: expected the content with SHA-256 {rules.file_hash[:12]}…, got "
            f"{found[:12]}… in {path}: put the old file back, or leave file_hash out to take it as "
            "it is now (which is another run)"
        )
    return rules.model_copy(update={"file": str(path), "file_hash": found})
