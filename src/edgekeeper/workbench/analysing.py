"""What a run's record teaches, told."""

from pathlib import Path

from edgekeeper.learn.policy_learning import PolicyLesson, learn_policy
from edgekeeper.ledger import Ledger
from edgekeeper.report.expected_evidence import expected_evidence
from edgekeeper.report.insight_words import tell_insights
from edgekeeper.report.insights import gather_insights
from edgekeeper.report.sections import Telling
from edgekeeper.report.wording import day
from edgekeeper.workbench.run_bars import RunData, read_run

__all__ = ["analyze"]


def analyze(run: str | Path, *, ledger_url: str | None = None) -> Telling:
    """Look for conditions that favour or harm, take the profit apart, measure balance and tests.

    Parameters
    ----------
    run : path
        Folder that ``replay`` or ``paper`` left.
    ledger_url : str, optional
        Where the ledger is, if not in the folder.

    Raises
    ------
    BadData
        No run on record, no bars, or damaged ones.
    """
    folder = Path(run)
    with Ledger.open(ledger_url or folder / "ledger.sqlite", read_only=True) as ledger:
        data = read_run(folder, ledger)
        found = gather_insights(ledger, data.bars, data.labels, data.config)
        expected = [
            (line.name, one)
            for line in data.config.lines
            if (one := expected_evidence(ledger, line.name)) is not None
        ]
        lesson = _lesson(ledger, data)
        return tell_insights(
            found,
            title=f"What {folder.absolute().name} teaches",
            currency=data.config.currency,
            expected=expected,
            lesson=lesson,
            moved=_moved(ledger),
        )


def _moved(ledger: Ledger) -> list[str]:
    """Changes of policies that lines made by themselves."""
    rows = ledger.read(
        "approvals",
        ["event_time_ns", "subject", "reason"],
        where={"kind": "parameter_change", "answer": "applied"},
    )
    return [f"{day(when)}, {subject}: {reason}" for when, subject, reason in rows.iter_rows()]


def _lesson(ledger: Ledger, data: RunData) -> PolicyLesson | None:
    """What outcomes say of the policy of the line that trades, or of the first that forecasts."""
    stages = dict(ledger.read("stages", ["line", "to_stage"]).iter_rows())
    names = sorted(
        (line.name for line in data.config.lines), key=lambda n: stages.get(n) != "production"
    )
    for name in names:
        lesson = learn_policy(ledger, data.bars, data.labels, data.volatility, data.config, name)
        if lesson is not None:
            return lesson
    return None
