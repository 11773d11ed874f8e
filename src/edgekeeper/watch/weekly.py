"""The week's summary: what was fitted, moved and earned, for the person who looks once a week."""

from edgekeeper.alerts import Alert
from edgekeeper.ledger import Ledger

__all__ = ["WEEK_NS", "week_of", "weekly_alert"]

WEEK_NS = 7 * 86_400 * 10**9
_MONDAY_NS = 4 * 86_400 * 10**9  # 1970-01-05 was one
_IMPROVED = ("promoted", "proved", "in production")


def week_of(time_ns: int) -> int:
    """Return the start of an instant's week, Monday 00:00 UTC, as nanoseconds."""
    return (time_ns - _MONDAY_NS) // WEEK_NS * WEEK_NS + _MONDAY_NS


def weekly_alert(ledger: Ledger, week_ns: int, account: str) -> Alert:
    """Return the summary of the week that began at ``week_ns``."""
    last = week_ns + WEEK_NS - 1
    fits = ledger.read("packages", ["line", "verdict"], since_ns=week_ns, until_ns=last)
    moves = ledger.read("stages", ["line", "reason"], since_ns=week_ns, until_ns=last)
    tried = ledger.read("trials", ["line"], since_ns=week_ns, until_ns=last)
    trades = ledger.read(
        "trades", ["net_return"], where={"account": account}, since_ns=week_ns, until_ns=last
    )
    marks = ledger.read(
        "equity", ["equity"], where={"account": account}, since_ns=week_ns, until_ns=last
    )["equity"]
    moved = ledger.read(
        "approvals", ["subject"],
        where={"kind": "parameter_change", "answer": "applied"},
        since_ns=week_ns, until_ns=last,
    ).height  # fmt: skip
    accepted = fits.filter(fits["verdict"] == "accepted")["line"].to_list()
    verdicts = [str(reason).partition(":")[0] for reason in moves["reason"]]
    said = [
        f"{len(accepted)} of {fits.height} fits accepted"
        + (f" ({', '.join(sorted(set(accepted)))})" if accepted else ""),
        f"{tried.height} sets of parameters tried" if tried.height else "",
        f"{moved} {'setting' if moved == 1 else 'settings'} of policies moved" if moved else "",
        ", ".join(
            f"{line} {verdict}" for line, verdict in zip(moves["line"], verdicts, strict=True)
        ),
        f"{trades.height} trades",
    ]
    change = None
    known = marks.drop_nulls()
    if known.len() > 1:
        change = float(known[-1]) / float(known[0]) - 1.0
        said.append(f"equity {change:+.2%}")
    detail = {
        "retrained": len(accepted),
        "fits": fits.height,
        "tuned": tried.height,
        "policies_moved": moved,
        "improved": sum(verdict in _IMPROVED for verdict in verdicts),
        "trades": trades.height,
        "equity_change": change,
    }
    message = "the week: " + "; ".join(part for part in said if part)
    return Alert(last, "info", "weekly", message, detail)
