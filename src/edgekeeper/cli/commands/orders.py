"""``edgekeeper kill``, ``resume``, ``approve`` and the orders under ``models``."""

from typing import Annotated

import typer

from edgekeeper.cli.options import AsJson, LedgerUrl
from edgekeeper.cli.ordering import give_order

__all__ = [
    "acknowledge",
    "adopt",
    "approve",
    "demote",
    "freeze",
    "kill",
    "pin",
    "promote",
    "rearm",
    "refit",
    "resume",
    "retire",
    "rollback",
    "unfreeze",
    "unpin",
]

Run = Annotated[
    str,
    typer.Option(
        "--run", metavar="DIR", help="Folder of a live run.", show_default="edgekeeper-paper"
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, in your words; kept on record.")
]
Wait = Annotated[
    float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for the loop.")
]
Line = Annotated[
    str, typer.Argument(metavar="LINE", help="Name of a line, or one of its packages.")
]
SomeLine = Annotated[
    str,
    typer.Argument(
        metavar="[LINE|PACKAGE]",
        help="Name of a line, or the hash of a package it has used; without, the champion's line.",
    ),
]
_SECONDS = 10.0


def kill(
    reason: Reason,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Close all positions at their next open, too.")
    ] = False,
    run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Halt the account: no new order until a person resumes.

    What waits for its open is not filled any more. Positions keep their stops and targets (the
    account is then REDUCING), or are closed with --flatten; when it is flat it is HALTED.
    """
    give_order(
        "kill", reason=reason, detail={"flatten": True} if flatten else None, run=run,
        ledger=ledger, wait=wait, as_json=as_json,
    )  # fmt: skip


def resume(
    reason: Reason, run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Lift a halt; drawdown is measured afresh from here.

    Refused while positions are being closed by order, and where the money is not known.
    """
    give_order("resume", reason=reason, run=run, ledger=ledger, wait=wait, as_json=as_json)


def rearm(
    reason: Reason, run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """End a pause of the model before its time."""
    give_order("rearm", reason=reason, run=run, ledger=ledger, wait=wait, as_json=as_json)


def approve(
    package: Annotated[
        str,
        typer.Argument(
            metavar="PACKAGE|CHANGE", help="Hash of a fit or a change that waits; six digits do."
        ),
    ],
    reason: Reason, run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let a fit count that was held, or say yes to a change of a policy.

    A fit is held as too good to be true. A change beyond 20 % makes another recipe, with evidence
    of its own: what to add to the configuration for it is printed.
    """
    give_order(
        "approve", subject=package, reason=reason, run=run, ledger=ledger, wait=wait,
        as_json=as_json,
    )  # fmt: skip


def acknowledge(
    rule: Annotated[
        str, typer.Argument(metavar="RULE", help="Of the alerts, as `review` names it.")
    ],
    reason: Reason, run: Run = "", ledger: LedgerUrl = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that you have seen the alerts of a rule.

    They leave the list of what waits for you until one is raised again.
    """
    import getpass
    from pathlib import Path

    from edgekeeper.cli.printing import console, print_json
    from edgekeeper.cli.run_folder import find_live_run
    from edgekeeper.desk import Desk

    with Desk(Path() if ledger else find_live_run(run), ledger_url=ledger or None) as desk:
        seen = desk.acknowledge(rule, actor=getpass.getuser(), reason=reason)
    if as_json:
        print_json({"rule": rule, "alerts": seen})
    else:
        console().print(f"{rule}: {seen} {'alert' if seen == 1 else 'alerts'} acknowledged.")


def promote(
    line: Line,
    reason: Reason,
    override: Annotated[
        bool, typer.Option("--override", help="Without evidence: at most 10 % of the signals.")
    ] = False,
    run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let a line in shadow trade before its evidence is in.

    It decides a tenth of the signals at most, and is marked as without evidence wherever it shows;
    it goes no further until the evidence is in. Without --override it is refused: a line whose
    evidence is in promotes itself.
    """
    give_order(
        "promote", subject=line, reason=reason, detail={"override": override}, run=run,
        ledger=ledger, wait=wait, as_json=as_json,
    )  # fmt: skip


def rollback(
    reason: Reason, line: SomeLine = "", run: Run = "", ledger: LedgerUrl = "",
    wait: Wait = _SECONDS, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Go back to an earlier package of a line, and stay there.

    Without a name: the champion's line goes back to the package before its present one. Refits are
    recorded and not used until `models unpin`.
    """
    give_order("rollback", subject=line, reason=reason, run=run, ledger=ledger, wait=wait,
               as_json=as_json)  # fmt: skip


def adopt(
    reason: Reason,
    package: Annotated[
        str, typer.Argument(metavar="PACKAGE", help="Hash of a package that was pushed, whole.")
    ],
    run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Go on with a package that was pushed, as with a refit of its line.

    It has to be of the same recipe, accepted by its gates, and newer than the present one.
    `models rollback` goes back.
    """
    give_order("adopt", subject=package, reason=reason, run=run, ledger=ledger, wait=wait,
               as_json=as_json)  # fmt: skip


def pin(
    reason: Reason, line: SomeLine = "", run: Run = "", ledger: LedgerUrl = "",
    wait: Wait = _SECONDS, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Keep a line at its package, whatever refits come."""
    give_order("pin", subject=line, reason=reason, run=run, ledger=ledger, wait=wait,
               as_json=as_json)  # fmt: skip


def unpin(
    reason: Reason, line: SomeLine = "", run: Run = "", ledger: LedgerUrl = "",
    wait: Wait = _SECONDS, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let a pinned line use its next refits again."""
    give_order("unpin", subject=line, reason=reason, run=run, ledger=ledger, wait=wait,
               as_json=as_json)  # fmt: skip


def freeze(
    reason: Reason, run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Promote nobody and swap nothing; retreats still happen."""
    give_order("freeze", reason=reason, run=run, ledger=ledger, wait=wait, as_json=as_json)


def unfreeze(
    reason: Reason, run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let lines move and packages swap again."""
    give_order("unfreeze", reason=reason, run=run, ledger=ledger, wait=wait, as_json=as_json)


def retire(
    line: Line, reason: Reason, run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Close a line for good."""
    give_order("retire", subject=line, reason=reason, run=run, ledger=ledger, wait=wait,
               as_json=as_json)  # fmt: skip


def demote(
    line: Line, reason: Reason, run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Send a line that trades back to shadow."""
    give_order("demote", subject=line, reason=reason, run=run, ledger=ledger, wait=wait,
               as_json=as_json)  # fmt: skip


def refit(
    line: Line, reason: Reason,
    force: Annotated[
        bool, typer.Option("--force", help="Use it although it misses a floor; that is recorded.")
    ] = False,
    run: Run = "", ledger: LedgerUrl = "", wait: Wait = _SECONDS, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Fit a line, whether due or not.

    At once in a process beside the run, or, without one, at the end of its epoch.

    With --force it is used although it is worse than the fit before, or misses a floor of the
    profile. One that is too good to be true waits for `edgekeeper approve` all the same.
    """
    give_order("refit", subject=line, reason=reason, detail={"force": True} if force else None,
               run=run, ledger=ledger, wait=wait, as_json=as_json)  # fmt: skip
