"""The record every later promise rests on: append-only facts in SQL, sealed by hash chains.

A writer role appends columns of facts in transactions; each becomes one link of that role's chain,
whose digest depends on market-time values alone. Readers get Polars frames.
"""

from edgekeeper.ledger.backup import back_up, backups_in, expired, restore
from edgekeeper.ledger.digest import GENESIS, batch_digest, link_digest
from edgekeeper.ledger.group_commit import GroupCommitter
from edgekeeper.ledger.ledger import Ledger
from edgekeeper.ledger.proving import RecordEnds
from edgekeeper.ledger.sealing import Seal, seal_file
from edgekeeper.ledger.transaction import MARKET_ROLES, OPERATIONAL_ROLES, Transaction
from edgekeeper.ledger.values import canonical_json
from edgekeeper.ledger.verify import Verified

__all__ = [
    "GENESIS",
    "MARKET_ROLES",
    "OPERATIONAL_ROLES",
    "GroupCommitter",
    "Ledger",
    "RecordEnds",
    "Seal",
    "Transaction",
    "Verified",
    "back_up",
    "backups_in",
    "batch_digest",
    "canonical_json",
    "expired",
    "link_digest",
    "restore",
    "seal_file",
]
