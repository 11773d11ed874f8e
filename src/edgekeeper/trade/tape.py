"""``Tape``: bars so far, with all that is decided by; whole at once, or instant by instant."""

from collections.abc import Mapping

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import BadData
from edgekeeper.features import FeatureSet, GrowingMatrix
from edgekeeper.simulator import MarketFeed
from edgekeeper.trade.rules import RuleSignals
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["Tape"]

_SIGNALS = "signal."


class Tape:
    """What a run reads its market from. A replay has all of it; live it grows.

    Parameters
    ----------
    bars : Bars
        The history to begin with.
    config : Config

    Attributes
    ----------
    feed : MarketFeed
    """

    def __init__(self, bars: Bars, config: Config) -> None:
        self._volatility = GrowingMatrix(
            FeatureSet({"value": config.labels.volatility}), np.float64
        )
        self._rules = RuleSignals(config.rules)
        self._features: dict[str, GrowingMatrix | None] = {}
        self._grown: dict[str, GrowingMatrix] = {}
        rule = self._rules.extend(bars)
        self.feed = MarketFeed(
            bars,
            self._volatility.extend(bars)[:, 0],
            rule,
            max_age_ns=int(config.guards.max_age_seconds * 1e9),
            votes=self._rules.votes,
        )

    def features(self, package: str, expressions: Mapping[str, str]) -> Float32Array | None:
        """Features of all bars so far for a package, float32 [N, F], each row computed once.

        None where they read what signals came to, which is no column of the bars.
        """
        if package not in self._features:
            features = FeatureSet(expressions)
            read = {column for name in features.names for column in features.columns_of(name)}
            alone = not any(name.startswith(_SIGNALS) for name in read)
            same = self._grown.setdefault(features.hash, GrowingMatrix(features))
            self._features[package] = same if alone else None
        grown = self._features[package]
        return None if grown is None else grown.of(self.feed.bars)

    @property
    def bars(self) -> Bars:
        """All bars so far."""
        return self.feed.bars

    @property
    def faults(self) -> tuple[str, ...]:
        """Why strategies of the user's own were dropped, if any were."""
        return self._rules.faults

    def extend(self, bars: Bars, latency_ms: Float64Array | None = None) -> tuple[int, int]:
        """Take bars of later instants; return where these instants begin and end.

        Parameters
        ----------
        bars : Bars
            Of the same symbols.
        latency_ms : float64 [t], optional
            As recorded for each instant.

        Raises
        ------
        BadData
            Bars that do not come after those that are there.
        """
        first = len(self.feed.instants)
        if bars.event_time[0] <= self.feed.instants[-1]:
            raise BadData(
                "expected bars after the last instant of the tape, got earlier ones: a tape only "
                "goes forward"
            )
        volatility, rule = self._volatility.extend(bars)[:, 0], self._rules.extend(bars)
        self.feed.extend(bars, volatility, rule, latency_ms, self._rules.votes)
        return first, len(self.feed.instants)
