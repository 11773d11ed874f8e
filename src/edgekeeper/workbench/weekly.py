"""The week's validation: what the packages in use were worth since they were fitted, and a review.

A package is judged by bars that came after everything it knew. One that was fitted yesterday has
none worth naming, so of each line the newest package that is at least a week old is judged.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import EdgekeeperError
from edgekeeper.ledger import Ledger
from edgekeeper.registry import Package, Registry
from edgekeeper.report.sections import Section, Telling
from edgekeeper.report.wording import day
from edgekeeper.validate import Certificate
from edgekeeper.workbench.judging import validate
from edgekeeper.workbench.reviewing import review
from edgekeeper.workbench.run_bars import read_run

__all__ = ["Validated", "Weekly", "weekly"]

_WEEK_NS = 7 * 86_400 * 10**9
_MOST_REASONS = 4


@dataclass(frozen=True, slots=True)
class Validated:
    """What a line's package was worth on bars that came after it.

    Attributes
    ----------
    line, package : str
    trades : bool
        Whether this line decides now.
    answer : {"passed", "refused", "needs approval", "not judged"}
    reasons : tuple of str
    certificate : Certificate or None
    """

    line: str
    package: str
    trades: bool
    answer: str
    reasons: tuple[str, ...]
    certificate: Certificate | None = None

    def figures(self) -> dict[str, Any]:
        """Return the same for programs."""
        record = asdict(replace(self, certificate=None))
        record["certificate"] = None if self.certificate is None else self.certificate.record()
        return record


@dataclass(frozen=True, slots=True)
class Weekly:
    """A week, validated.

    Attributes
    ----------
    name : str
        Of its files, without an ending.
    telling : Telling
        The review with a section about packages.
    packages : tuple of Validated
    wants : tuple of str
        What a person should look at; empty: nothing.
    failed : bool
        A package that trades is refused by what came after it.
    """

    name: str
    telling: Telling
    packages: tuple[Validated, ...]
    wants: tuple[str, ...]
    failed: bool


def weekly(
    run: str | Path, *, until_ns: int | None = None, ledger_url: str | None = None
) -> Weekly:
    """Validate a run's packages on the bars since, compare with the champion, look for drift.

    Parameters
    ----------
    run : path
        Folder of the run.
    until_ns : int, optional
        The newest bar without it; what came later is not read.

    Raises
    ------
    BadData
        No run on record, or no bars.
    """
    folder = Path(run)
    reviewed = review(folder, period="week", until_ns=until_ns, ledger_url=ledger_url)
    with Ledger.open(ledger_url or folder / "ledger.sqlite", read_only=True) as ledger:
        data = read_run(folder, ledger, until_ns)
        end = int(data.bars.instants[-1])
        registry = Registry(folder / "models", trusted=data.config.packages.trusted_keys)
        chosen = _old_enough(ledger, end)
        champion = _champion(ledger)
        packages = tuple(
            _validated(line, hash, line == champion, registry, data.bars, data.config,
                       None if champion in (None, line) else chosen.get(champion or ""))
            for line, hash in chosen.items()
        )  # fmt: skip
    figures = reviewed.telling.figures
    failed = [one for one in packages if one.trades and one.answer == "refused"]
    wants = [f"line {one.line}: {_because(one)}" for one in failed]
    wants += [str(task.get("sentence", task)) for task in figures["to_do"]]
    if figures["decision"]["decision"] != "online updates":
        wants.append(f"{figures['decision']['reason']} ({figures['decision']['command']})")
    return Weekly(
        f"weekly-{day(end)}",
        _told(reviewed.telling, packages, folder, end, wants),
        packages,
        tuple(wants),
        bool(failed),
    )


def _old_enough(ledger: Ledger, end_ns: int) -> dict[str, str]:
    """Of each line the newest accepted package with a week of bars after it, else its oldest."""
    rows = ledger.read("packages", ["hash", "line", "window_end_ns"], where={"verdict": "accepted"})
    chosen: dict[str, str] = {}
    for row in rows.iter_rows(named=True):
        seen = row["window_end_ns"]
        if row["line"] not in chosen or (seen is not None and seen <= end_ns - _WEEK_NS):
            chosen[row["line"]] = row["hash"]
    return chosen


def _champion(ledger: Ledger) -> str | None:
    moves = ledger.read("stages", ["line", "to_stage"])
    stages = dict(moves.iter_rows())
    return next((line for line, stage in stages.items() if stage == "production"), None)


def _validated(
    line: str, hash: str, trades: bool, registry: Registry, bars: Bars, config: Config,
    champion: str | None,
) -> Validated:  # fmt: skip
    try:
        package = registry.load(hash)
        other: Package | None = registry.load(champion) if champion else None
        found = validate(package, bars, config, champion=other).certificate
    except EdgekeeperError as error:
        return Validated(line, hash, trades, "not judged", (str(error),))
    return Validated(line, hash, trades, found.answer, found.reasons, found)


def _because(one: Validated) -> str:
    return f"{one.answer}: {'; '.join(one.reasons[:_MOST_REASONS])}" if one.reasons else one.answer


def _told(
    telling: Telling, packages: tuple[Validated, ...], folder: Path, end_ns: int, wants: list[str]
) -> Telling:
    """The review, with what became of the packages before everything else."""
    section = Section(
        "What packages were worth on bars that came after them",
        "one of each line, at least a week old",
        sentences=() if packages else ("No fit was accepted yet: there is nothing to validate.",),
        heads=("Line", "Package", "Decides", "Verdict") if packages else (),
        rows=[
            (one.line, one.package[:12], "yes" if one.trades else "no", one.answer)
            for one in packages
        ],
        bullets=[f"{one.line}: {_because(one)}" for one in packages if one.reasons],
    )
    many = f"{len(wants)} things ask" if len(wants) != 1 else "One thing asks"
    return replace(
        telling,
        title=f"{folder.absolute().name}: weekly validation of {day(end_ns)}",
        lead=f"{many} for a look. {telling.lead}" if wants else telling.lead,
        sections=(section, *telling.sections),
        figures={
            **telling.figures,
            "validated": [one.figures() for one in packages],
            "wants": list(wants),
        },
    )
