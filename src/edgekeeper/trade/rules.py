"""The rules' signals: line 0, the baseline, and what trades until a model has earned its place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from edgekeeper.bars import IN_MEMORY, Bars, Rooms
from edgekeeper.config import RulesConfig, StrategyConfig
from edgekeeper.errors import UsageError
from edgekeeper.trade.strategies import (
    ExpressionSignals,
    OwnSignals,
    WeightedVote,
    open_strategy,
    ready_strategy,
)
from edgekeeper.types import Int8Array

__all__ = ["RuleSignals", "rule_signals", "rules_in_words"]


class _Signals(Protocol):
    @property
    def fault(self) -> str: ...

    def extend(self, part: Bars) -> Int8Array: ...


class RuleSignals:
    """The rules, read along a history that grows.

    Parameters
    ----------
    rules : RulesConfig
    rooms : Rooms
        Where bars lie that a strategy of a user's own may ask for again.

    Attributes
    ----------
    votes : mapping of name to int8 [n]
        What each of several strategies said of the rows of the last call; empty of a single one.

    Raises
    ------
    UsageError
        An expression that cannot be read, an unknown strategy, or a file that fails, naming which.
    """

    def __init__(self, rules: RulesConfig, rooms: Rooms = IN_MEMORY) -> None:
        self.votes: Mapping[str, Int8Array] = {}
        self._voters: dict[str, _Signals] = {
            voter.called: _signals(voter, f"rules.several.{voter.called}", rooms)
            for voter in rules.several
        }
        if rules.several:
            self._vote = WeightedVote(rules.several, rules.threshold, rules.regime)
        else:
            self._only = _signals(rules, "rules", rooms)

    @property
    def faults(self) -> tuple[str, ...]:
        """Why strategies were dropped, if any were."""
        every = self._voters.values() if self._voters else [self._only]
        return tuple(one.fault for one in every if one.fault)

    def extend(self, part: Bars) -> Int8Array:
        """Return +1, -1 or 0 for each row of the next instants: long, short, none.

        A rule holds where its expression is a number other than zero; not enough bars is not a
        signal, and an empty rule never holds. Where both sides hold, they cancel. Several
        strategies vote: see :class:`~edgekeeper.trade.strategies.WeightedVote`.
        """
        if not self._voters:
            return self._only.extend(part)
        self.votes = {name: one.extend(part) for name, one in self._voters.items()}
        return self._vote.extend(part, self.votes)


def rule_signals(rules: RulesConfig, bars: Bars) -> Int8Array:
    """Return the signals of a whole history; see :class:`RuleSignals`."""
    return RuleSignals(rules).extend(bars)


def rules_in_words(rules: RulesConfig) -> str:
    """Say in a line what the rules are."""
    if not rules.several:
        return _in_words(rules)
    voters = "; ".join(
        f"{voter.called} (weight {voter.weight:g}): {_in_words(voter)}" for voter in rules.several
    )
    return f"the mean vote beyond {rules.threshold:g} of: {voters}"


def _in_words(rules: StrategyConfig) -> str:
    if rules.file:
        return f"{Path(rules.file).name}, SHA-256 {rules.file_hash[:12]}"
    if rules.strategy:
        return f"the ready strategy {rules.strategy}"
    return f"long: {rules.entry_long}; short: {rules.entry_short}"


def _signals(rules: StrategyConfig, where: str, rooms: Rooms) -> _Signals:
    if rules.file:
        if not rules.file_hash:
            raise UsageError(
                f"{where}.file: expected the hash of its content beside it, got none: read the "
                "configuration from a file, or call edgekeeper.trade.pin_files(config, folder)"
            )
        return OwnSignals(open_strategy(Path(rules.file), rules.file_hash), rooms)
    if rules.strategy:
        try:
            ready = ready_strategy(rules.strategy)
        except UsageError as error:
            raise UsageError(f"{where}.strategy: {error}") from error
        return ExpressionSignals(where, ready.entry_long, ready.entry_short)
    return ExpressionSignals(where, rules.entry_long, rules.entry_short)
