"""What a roster leaves in the ledger: lines that began, their moves, packages inherited."""

from collections.abc import Sequence

from edgekeeper.ledger import Transaction
from edgekeeper.rollout import Line, Move, recipe_hash
from edgekeeper.trade.orders import Bequest

__all__ = ["write_bequests", "write_line", "write_move"]


def write_line(tx: Transaction, line: Line, now_ns: int) -> None:
    """Append a line whose test begins, with its recipe."""
    tx.append(
        "lines",
        {
            "registered_at_ns": now_ns,
            "line": line.name,
            "name": line.name,
            "recipe_hash": recipe_hash(line.recipe),
            "recipe_json": [line.recipe],
            "test_index": line.test,
            "level": line.level,
        },
    )


def write_move(tx: Transaction, move: Move, now_ns: int, actor: str = "rule") -> None:
    """Append a move with its evidence."""
    evidence = move.evidence | ({"share": move.share} if 0.0 < move.share < 1.0 else {})
    tx.append(
        "stages",
        {
            "event_time_ns": now_ns,
            "line": move.line,
            "from_stage": str(move.source),
            "to_stage": str(move.target),
            "reason": f"{move.verdict}: {move.reason}",
            "actor": actor,
            "evidence_json": [evidence],
        },
    )


def write_bequests(tx: Transaction, bequests: Sequence[Bequest], now_ns: int) -> None:
    """Append packages that lines go on with, and the runs they come from."""
    tx.append(
        "bequests",
        {
            "event_time_ns": now_ns,
            "line": [one.line for one in bequests],
            "package": [one.package for one in bequests],
            "run_id": [one.run_id for one in bequests],
        },
    )
