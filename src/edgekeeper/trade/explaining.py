"""Why a model wanted what it traded: written beside decisions large enough to be asked about."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from edgekeeper.config import ExplainConfig
from edgekeeper.explain import Attribution, Explainer, Part, attribution_of, peer_rows
from edgekeeper.registry import Package, Registry
from edgekeeper.simulator import Log, MarketFeed
from edgekeeper.trade.seats import FeatureSource
from edgekeeper.types import SIDES, Int64Array

__all__ = ["DecisionReasons"]

_DIGITS = 6


class DecisionReasons:
    """Says what moved the score behind each large decision of a model.

    Parameters
    ----------
    feed : MarketFeed
    registry : Registry
    features : FeatureSource
    rule : ExplainConfig
        From which share of equity on, and how many features are named.
    """

    def __init__(
        self, feed: MarketFeed, registry: Registry, features: FeatureSource, rule: ExplainConfig
    ) -> None:
        self._feed, self._registry, self._features, self._rule = feed, registry, features, rule
        self._explainer: Explainer | None = None

    def of(
        self,
        account: str,
        log: Log,
        instants: tuple[int, int],
        deciders: Sequence[Package],
        dealt: Sequence[str | None] | None,
    ) -> list[dict[str, Any]]:
        """Columns of the explanations of an account's decisions at instants ``first:last``.

        Parameters
        ----------
        deciders : sequence of Package
            Those that decide now.
        dealt : sequence of (str or None) or None
            Package of each row, where several decide.

        Returns
        -------
        list of dict
            For each package that has some.
        """
        if self._rule.store_above == 0.0 or not deciders:
            return []
        picked = self._large(log, *instants)
        start = int(self._feed.offsets[instants[0]])
        found = []
        for package in deciders:
            mine = picked
            if dealt is not None:
                mine = picked[[dealt[row] == package.hash for row in picked.tolist()]]
            if len(mine):
                found.append(self._explained(account, log, start, mine, package))
        return found

    def _explained(
        self, account: str, log: Log, start: int, picked: Int64Array, package: Package
    ) -> dict[str, Any]:
        rows = start + picked
        bars = self._feed.bars
        whys = self._whys(package, rows)
        return {
            "event_time_ns": bars.event_time[rows],
            "symbol": [bars.symbols[symbol] for symbol in bars.symbol[rows]],
            "account": account,
            "side": [SIDES[0] if side > 0 else SIDES[1] for side in log.verdicts[picked, 1]],
            "model": package.hash,
            "score": np.array([why.score for why in whys]),
            "base": np.array([why.base for why in whys]),
            "exact": np.array([int(why.exact) for why in whys]),
            "parts_json": [[_short(part) for part in why.parts[: self._rule.keep]] for why in whys],
        }

    def _whys(self, package: Package, rows: Int64Array) -> list[Attribution]:
        """Take the scores of some rows apart, against their bar's where symbols are compared."""
        explainer, matrix = self._explainer_of(package), self._features(package)
        names = list(package.features)
        if not package.manifest.heads.relative:
            picked = np.ascontiguousarray(matrix[rows])
            found = explainer.explain(picked)
            return [attribution_of(found, i, names, picked) for i in range(len(rows))]
        whys = []
        offsets, volatility = self._feed.offsets, self._feed.volatility
        for row in rows.tolist():
            instant = int(np.searchsorted(offsets, row, side="right")) - 1
            bar = slice(int(offsets[instant]), int(offsets[instant + 1]))
            peers = peer_rows(matrix[bar], volatility[bar])
            picked = np.ascontiguousarray(matrix[slice(row, row + 1)])
            whys.append(attribution_of(explainer.explain(picked, peers), 0, names, picked))
        return whys

    def _large(self, log: Log, first: int, last: int) -> Int64Array:
        """Rows of the log whose decision was a model's, and large."""
        decision, _, _, by_model = log.verdicts.T
        chosen = np.flatnonzero((decision > 0) & (by_model > 0))
        counts = np.diff(self._feed.offsets[first : last + 1])
        instant = np.repeat(np.arange(last - first), counts)[chosen]
        size = log.value[chosen] / log.equity[instant, 0]
        return chosen[size >= self._rule.store_above]

    def _explainer_of(self, package: Package) -> Explainer:
        if self._explainer is None or self._explainer.package.hash != package.hash:
            graph = (self._registry.folder(package.hash) / "model.onnx").read_bytes()
            self._explainer = Explainer(package, graph)
        return self._explainer


def _short(part: Part) -> dict[str, Any]:
    """The part as it is kept: few digits, what is missing as null."""
    return {
        name: (float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None)
        if isinstance(value, float)
        else value
        for name, value in asdict(part).items()
    }
