"""The simulator: one compiled step that is the back-test, the paper broker and the virtual book."""

from edgekeeper.simulator.book import Book, Standing
from edgekeeper.simulator.chunk import Chunk
from edgekeeper.simulator.feed import MarketFeed
from edgekeeper.simulator.log import TRADE_COLUMNS, Log
from edgekeeper.simulator.orders import EXIT_FLATTENED, EXIT_OPPOSITE, FILL_ENTRY
from edgekeeper.simulator.parameters import book_parameters
from edgekeeper.simulator.reasons import GUARD_CAUSES, GUARD_EVENTS, REASONS
from edgekeeper.simulator.records import Records
from edgekeeper.simulator.state import BookState

__all__ = [
    "EXIT_FLATTENED",
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
    "Records",
    "Standing",
    "book_parameters",
]
