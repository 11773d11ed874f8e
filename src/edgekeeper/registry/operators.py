"""Do this version's operators calculate what a package's features were made of?

A package names its features and the version of each operator they use. A release that changes
what an operator calculates raises its version; a package made with the old one is then refused
when it is loaded, because its model has never seen the new values.
"""

from collections.abc import Mapping

from edgekeeper.errors import BadData
from edgekeeper.models.manifest import Manifest

__all__ = ["changed_operators", "check_operators", "told"]


def changed_operators(recorded: Mapping[str, int]) -> dict[str, tuple[int, int | None]]:
    """Operators that calculate something else now: version recorded, version here (None: gone)."""
    if not recorded:
        return {}
    from edgekeeper.features.graph import version_of

    here = {name: version_of(name) or None for name in recorded}
    return {name: (old, here[name]) for name, old in recorded.items() if old != here[name]}


def check_operators(manifest: Manifest) -> None:
    """Refuse a package whose features would be calculated otherwise than in training.

    Raises
    ------
    BadData
        Names each operator, both versions, and the remedy.
    """
    made = manifest.provenance
    changed = changed_operators(made.op_versions)
    if changed:
        raise BadData(f"package of line {made.lineage.line}: {told(changed, made.code_version)}")


def told(changed: Mapping[str, tuple[int, int | None]], code_version: str) -> str:
    """Say what changed, and what to do about it."""
    ops = ", ".join(
        f"{name} in version {recorded}, got "
        + ("none of that name" if here is None else f"version {here}")
        for name, (recorded, here) in sorted(changed.items())
    )
    return (
        f"expected operator {ops}: refit the line, or serve it with Edgekeeper {code_version}, "
        "which made it"
    )
