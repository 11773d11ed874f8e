"""Bars from now on: sources that are asked while time passes, and the poller that asks them."""

from edgekeeper.market.live.alpaca import Alpaca
from edgekeeper.market.live.crypto_exchange import CryptoExchange
from edgekeeper.market.live.feed import BarPoller
from edgekeeper.market.live.folder import WatchedFolder
from edgekeeper.market.live.health import REFUSAL, SILENT_AFTER, Health
from edgekeeper.market.live.opening import LIVE_SOURCES, LiveKind, kind_of, open_live_source
from edgekeeper.market.live.source import LIVE_ROWS, LiveSource, live_rows
from edgekeeper.market.live.trouble import SourceRefused, SourceTrouble

__all__ = [
    "LIVE_ROWS",
    "LIVE_SOURCES",
    "REFUSAL",
    "SILENT_AFTER",
    "Alpaca",
    "BarPoller",
    "CryptoExchange",
    "Health",
    "LiveKind",
    "LiveSource",
    "SourceRefused",
    "SourceTrouble",
    "WatchedFolder",
    "kind_of",
    "live_rows",
    "open_live_source",
]
