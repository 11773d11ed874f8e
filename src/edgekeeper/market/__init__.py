"""Market data in: sources, files, corporate actions, quality, the bar store, context.

Everything here ends in :class:`~edgekeeper.bars.Bars` whose ``event_time`` is the instant a bar
closes, in UTC, with prices as traded and corporate actions known at their ex-date.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from edgekeeper.market.actions import derive_actions
from edgekeeper.market.context import join_context
from edgekeeper.market.convention import Convention
from edgekeeper.market.digest import BarsHasher, bars_hash
from edgekeeper.market.hours import HOURS, join_hours
from edgekeeper.market.importing import Imported, read_bars
from edgekeeper.market.interval import interval_name, parse_interval
from edgekeeper.market.loading import SOURCES, load_bars, open_source
from edgekeeper.market.quality import Quality, inspect
from edgekeeper.market.quarantine import list_quarantine, write_quarantine
from edgekeeper.market.scratch import ScratchRooms, rooms_in
from edgekeeper.market.snapshot import load_snapshot, longest_snapshot, save_snapshot
from edgekeeper.market.source import Listing, Source
from edgekeeper.market.store import BarStore
from edgekeeper.market.trade_records import TradeRecord, read_trades

if TYPE_CHECKING:
    from edgekeeper.market.feature_cache import FeatureCache
    from edgekeeper.market.feature_files import FeatureFiles, first_bars, write_features

__all__ = [
    "HOURS",
    "SOURCES",
    "BarStore",
    "BarsHasher",
    "Convention",
    "FeatureCache",
    "FeatureFiles",
    "Imported",
    "Listing",
    "Quality",
    "ScratchRooms",
    "Source",
    "TradeRecord",
    "bars_hash",
    "derive_actions",
    "first_bars",
    "inspect",
    "interval_name",
    "join_context",
    "join_hours",
    "list_quarantine",
    "load_bars",
    "load_snapshot",
    "longest_snapshot",
    "open_source",
    "parse_interval",
    "read_bars",
    "read_trades",
    "rooms_in",
    "save_snapshot",
    "write_features",
    "write_quarantine",
]

# Whoever reads bars alone does without the engine, and so without a compiler in memory.
_WITH_THE_ENGINE = {
    "FeatureCache": "feature_cache",
    "FeatureFiles": "feature_files",
    "first_bars": "feature_files",
    "write_features": "feature_files",
}


def __getattr__(name: str) -> Any:
    if name not in _WITH_THE_ENGINE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WITH_THE_ENGINE[name]}"), name)
