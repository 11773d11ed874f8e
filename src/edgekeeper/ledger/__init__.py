"""The record every later promise rests on: append-only facts in SQL, sealed by hash chains.

A writer role appends columns of facts in transactions; each becomes one link of that role's chain,
whose digest depends on market-time values alone. Readers get Polars frames.
"""

from edgekeeper.ledger.archive import Archive, months_before
from edgekeeper.ledger.backup import back_up, backups_in, drop_backup, expired, restore
from edgekeeper.ledger.digest import GENESIS, batch_digest, link_digest
from edgekeeper.ledger.drafts import Drafts
from edgekeeper.ledger.gathering import Gathering
from edgekeeper.ledger.group_commit import GroupCommitter
from edgekeeper.ledger.holdings import Gap, Holdings, LetGo
from edgekeeper.ledger.ledger import Ledger
from edgekeeper.ledger.proving import RecordEnds
from edgekeeper.ledger.sealing import SEALS_OF, Seal, seal_file
from edgekeeper.ledger.segment import Segment
from edgekeeper.ledger.transaction import MARKET_ROLES, OPERATIONAL_ROLES, Transaction
from edgekeeper.ledger.trials import TrialCount, TrialFacts, append_trials, count_trials
from edgekeeper.ledger.upkeep import Upkeep
from edgekeeper.ledger.values import canonical_json
from edgekeeper.ledger.verify import Verified

__all__ = [
    "GENESIS",
    "MARKET_ROLES",
    "OPERATIONAL_ROLES",
    "SEALS_OF",
    "Archive",
    "Drafts",
    "Gap",
    "Gathering",
    "GroupCommitter",
    "Holdings",
    "Ledger",
    "LetGo",
    "RecordEnds",
    "Seal",
    "Segment",
    "Transaction",
    "TrialCount",
    "TrialFacts",
    "Upkeep",
    "Verified",
    "append_trials",
    "back_up",
    "backups_in",
    "batch_digest",
    "canonical_json",
    "count_trials",
    "drop_backup",
    "expired",
    "link_digest",
    "months_before",
    "restore",
    "seal_file",
]
