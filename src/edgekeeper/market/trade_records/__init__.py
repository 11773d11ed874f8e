"""Records of trades already made: freqtrade's database and back-tests, broker fills, CSV.

Read as they lie, without configuration; what had to be assumed comes along in words.
"""

from edgekeeper.market.trade_records.reading import read_trades
from edgekeeper.market.trade_records.record import TradeRecord

__all__ = ["TradeRecord", "read_trades"]
