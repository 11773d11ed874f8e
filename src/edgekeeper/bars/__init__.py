"""``Bars``: OHLCV of one or many symbols as plain arrays, in one canonical order.

Everything between the data store and the ledger works on this record. It is checked once, when it
is made, so no room has to check again.
"""

from edgekeeper.bars.growing import IN_MEMORY, GrowingArray, GrowingBars, Room, Rooms, joined
from edgekeeper.bars.record import COLUMNS, Bars

__all__ = [
    "COLUMNS",
    "IN_MEMORY",
    "Bars",
    "GrowingArray",
    "GrowingBars",
    "Room",
    "Rooms",
    "joined",
]
