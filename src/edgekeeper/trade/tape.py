"""``Tape``: bars so far, with all that is decided by; whole at once, or instant by instant."""

from collections.abc import Mapping

import numpy as np

from edgekeeper.bars import IN_MEMORY, Bars, Rooms
from edgekeeper.config import Config
from edgekeeper.errors import BadData
from edgekeeper.features import FeatureSet, GrowingMatrix, GrownRows
from edgekeeper.simulator import MarketFeed
from edgekeeper.trade.rules import RuleSignals
from edgekeeper.types import Float64Array

__all__ = ["Tape"]

_SIGNALS = "signal."


class Tape:
    """What a run reads its market from. A replay has all of it; live it grows.

    Parameters
    ----------
    bars : Bars
        The history to begin with.
    config : Config
    rooms : Rooms
        Where bars, and what is known of each, lie once they grow.
    keep : int, optional
        Newest rows whose features stay in memory; None: all. Older ones are computed again where
        they are asked for.

    Attributes
    ----------
    feed : MarketFeed
    """

    def __init__(
        self, bars: Bars, config: Config, rooms: Rooms = IN_MEMORY, keep: int | None = None
    ) -> None:
        self.keep, self.rooms = keep, rooms
        self._volatility = GrowingMatrix(
            FeatureSet({"value": config.labels.volatility}), np.float64, keep=0
        )
        self._rules = RuleSignals(config.rules, rooms)
        self._hashes: dict[str, str] = {}
        self._grown: dict[str, GrowingMatrix | None] = {}
        rule = self._rules.extend(bars)
        self.feed = MarketFeed(
            bars,
            self._volatility.extend(bars)[:, 0],
            rule,
            max_age_ns=int(config.guards.max_age_seconds * 1e9),
            votes=self._rules.votes,
            rooms=rooms,
        )

    def features(self, package: str, expressions: Mapping[str, str]) -> GrownRows | None:
        """Features of all bars so far for a package, float32 [N, F].

        None where they read what signals came to, which is no column of the bars.
        """
        known = self._hashes.get(package)
        if known is None or known not in self._grown:
            made = FeatureSet(expressions)
            known = self._hashes[package] = made.hash
            return self.features_of(made)
        return self._rows(known)

    def features_of(self, features: FeatureSet) -> GrownRows | None:
        """The same of a feature set."""
        if features.hash not in self._grown:
            self._forget()
            read = {column for name in features.names for column in features.columns_of(name)}
            alone = not any(name.startswith(_SIGNALS) for name in read)
            self._grown[features.hash] = GrowingMatrix(features, keep=self.keep) if alone else None
        return self._rows(features.hash)

    def _rows(self, features: str) -> GrownRows | None:
        grown = self._grown[features]
        return None if grown is None else grown.of(self.feed.bars)

    def _forget(self) -> None:
        """Let go of features that nobody has asked for as long as any are kept."""
        if self.keep is not None:
            since = len(self.feed.bars) - self.keep
            self._grown = {
                name: one for name, one in self._grown.items() if one is None or len(one) > since
            }

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
