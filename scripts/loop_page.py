"""Write the tables and drawings of docs/loop.md from the code's own tables.

    python scripts/loop_page.py [--check]

What lies between the marks is generated: stages and their moves from ``rollout.ALLOWED``, orders
from ``trade.ORDERS``, kinds of steps from ``trade``. The rest of the page is written by hand.
"""

import argparse
import inspect
import re
import sys
from pathlib import Path

from edgekeeper.config import RolloutConfig
from edgekeeper.rollout import ALLOWED, Stage
from edgekeeper.trade import ORDERS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "loop.md"
MARK = re.compile(r"<!-- (\w+) -->\n.*?<!-- end -->", re.DOTALL)
WHY = {
    (Stage.CANDIDATE, Stage.SHADOW): "passed its gates",
    (Stage.CANDIDATE, Stage.RETIRED): "a person",
    (Stage.SHADOW, Stage.AB_TEST): "evidence is in, or a person with --override",
    (Stage.SHADOW, Stage.PRODUCTION): "evidence is in, and there are no steps",
    (Stage.SHADOW, Stage.RETIRED): "horizon over, worst bar, a person",
    (Stage.AB_TEST, Stage.AB_TEST): "next share, after its time without harm",
    (Stage.AB_TEST, Stage.PRODUCTION): "last share stood without harm",
    (Stage.AB_TEST, Stage.SHADOW): "harm, or a person",
    (Stage.AB_TEST, Stage.RETIRED): "worst bar, a person",
    (Stage.PRODUCTION, Stage.SHADOW): "harm, a better line, a person",
    (Stage.PRODUCTION, Stage.RETIRED): "worst bar, a person",
}
MEANINGS = {
    "adopt": "a line goes on with a package that was pushed, as with a refit",
    "approve": "a fit that was held as too good to be true counts",
    "demote": "a line that trades goes back to shadow",
    "freeze": "nobody is promoted, nothing is swapped; retreats still happen",
    "kill": "the account halts: no entry, and what waits for its open is not filled",
    "pin": "a line keeps its package, or takes the one named, whatever refits come",
    "promote": "with --override: a line in shadow decides a tenth of the signals at most, marked",
    "rearm": "a pause of the model ends before its time",
    "refit": "a line is fitted at the end of the epoch",
    "resume": "the halt is lifted; drawdown is measured afresh",
    "retire": "a line is closed for good",
    "rollback": "a line goes back to an earlier package, and is pinned there",
    "unfreeze": "lines move again",
    "unpin": "refits are used again",
}


def stages() -> str:
    """Draw the machine, as Mermaid."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> candidate: first fit"]
    for source, targets in ALLOWED.items():
        lines += [f"    {source} --> {target}: {WHY[source, target]}" for target in targets]
    return "\n".join([*lines, "    retired --> [*]", "```"])


def steps() -> str:
    """The shares on the way up."""
    rule = RolloutConfig()
    shares = " → ".join(f"{share:.0%}" for share in (*rule.steps, 1.0))
    return (
        f"Default: at least {rule.shadow_epochs} epochs of shadow, then {shares} of the signals, "
        f"{rule.step_epochs} epochs each (`[rollout]` in the configuration)."
    )


def orders() -> str:
    """Orders of people, as a table."""
    rows = ["| Order | What it does |", "| --- | --- |"]
    top = ("approve", "kill", "rearm", "resume")
    for name, act in sorted(ORDERS.items()):
        assert inspect.isfunction(act)
        command = name if name in top else f"models {name}"
        rows.append(f"| `edgekeeper {command}` | {MEANINGS[name]} |")
    return "\n".join(rows)


PARTS = {"stages": stages, "steps": steps, "orders": orders}


def page(text: str) -> str:
    """Return the page with its generated parts as they are today."""
    return MARK.sub(lambda m: f"<!-- {m[1]} -->\n{PARTS[m[1]]()}\n<!-- end -->", text)


def main() -> None:
    """Write the page, or say that it is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where the page is not current")
    text = PAGE.read_text("utf-8")
    new = page(text)
    if parser.parse_args().check:
        sys.exit(0 if new == text else "docs/loop.md is not current: run scripts/loop_page.py")
    PAGE.write_text(new, "utf-8")


if __name__ == "__main__":
    main()
