"""The simulator: one compiled step that is the back-test, the paper broker and the virtual book."""

from edgekeeper.simulator.book import Book, MarketFeed, book_parameters
from edgekeeper.simulator.orders import EXIT_OPPOSITE, FILL_ENTRY
from edgekeeper.simulator.state import (
    GUARD_CAUSES,
    GUARD_EVENTS,
    REASONS,
    TRADE_COLUMNS,
    BookState,
)
from edgekeeper.simulator.step import Chunk, Log

__all__ = [
    "EXIT_OPPOSITE",
    "FILL_ENTRY",
    "GUARD_CAUSES",
    "GUARD_EVENTS",
    "REASONS",
    "TRADE_COLUMNS",
    "Book",
    "BookState",
    "Chunk",
    "Log",
    "MarketFeed",
    "book_parameters",
]
