"""``edgekeeper models learners``: what a line may learn with."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from edgekeeper.cli.options import AsJson
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.tables import pairs

if TYPE_CHECKING:
    from edgekeeper.models.learners import LearnerClass, Span

__all__ = ["list_learners"]


def list_learners(as_json: AsJson = False) -> None:
    """List what a line can learn with, and what tuning may change.

    The same rows, seed and settings give the same model with each of them. One of your own comes
    with `edgekeeper new learner NAME`, or from Python with `wrap`.
    """
    from edgekeeper.models import LEARNERS

    if as_json:
        print_json({"learners": [_record(learner) for learner in LEARNERS.values()]})
        return
    screen = console()
    for learner in LEARNERS.values():
        screen.print(learner.name, style="bold")
        screen.print(pairs(_words(learner)))
        screen.print()
    screen.print("Next    edgekeeper train BARS --out DIR --learner NAME", markup=False)


def _about(learner: "LearnerClass") -> str:
    return (learner.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def _record(learner: "LearnerClass") -> dict[str, Any]:
    return {
        "name": learner.name,
        "about": _about(learner),
        "missing_values": learner.missing_values,
        "parameters": learner().parameters(),
        "space": {name: asdict(span) for name, span in learner.space().items()},
    }


def _words(learner: "LearnerClass") -> dict[str, str]:
    made = learner()
    space = learner.space()
    return {
        "is": _about(learner),
        "NaN is": learner.missing_values,
        "tunes": ", ".join(_range(name, span) for name, span in space.items()),
        "defaults": ", ".join(f"{name} {value}" for name, value in made.parameters().items()),
    }


def _range(name: str, span: "Span") -> str:
    return f"{name} {span.low:g} to {span.high:g}" + (" (log)" if span.log else "")
