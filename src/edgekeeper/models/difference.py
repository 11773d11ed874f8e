"""What changed from one package to another, read from their manifests."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgekeeper.models.canonical import Json, plain
from edgekeeper.models.manifest import Manifest

__all__ = ["Change", "Difference", "compare", "recipe_of", "window_of"]


@dataclass(frozen=True, slots=True)
class Change:
    """A value before and after; None where there was none."""

    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything in which two packages differ, each by its name.

    Attributes
    ----------
    features : mapping
        Texts; only those added, removed or rewritten.
    moved : bool
        Whether features that both have stand in another order.
    window : mapping
        First and last instant (nanoseconds UTC), rows, symbols, hash.
    parameters : mapping
        Learner, its parameters and seed, labels, volatility, operators' versions, code version.
    metrics : mapping
    reasons : mapping
        What each gate said.
    """

    features: Mapping[str, Change]
    moved: bool
    window: Mapping[str, Change]
    parameters: Mapping[str, Change]
    metrics: Mapping[str, Change]
    reasons: Mapping[str, Change]


def compare(before: Manifest, after: Manifest) -> Difference:
    """Return what changed from one package to another.

    Examples
    --------
    ``compare(registry.manifest(old), registry.manifest(new)).features`` names the features added,
    removed and rewritten.
    """
    ours, theirs = before.features, after.features
    shared = [name for name in ours if name in theirs]
    return Difference(
        features=_changes(dict(ours), dict(theirs)),
        moved=shared != [name for name in theirs if name in ours],
        window=_changes(window_of(before), window_of(after)),
        parameters=_changes(recipe_of(before), recipe_of(after)),
        metrics=_changes(_metrics(before), _metrics(after)),
        reasons=_changes(_reasons(before), _reasons(after)),
    )


def _changes(before: Mapping[str, Json], after: Mapping[str, Json]) -> dict[str, Change]:
    names = dict.fromkeys((*before, *after))
    return {
        name: Change(before.get(name), after.get(name))
        for name in names
        if name not in before or name not in after or before[name] != after[name]
    }


def window_of(manifest: Manifest) -> dict[str, Json]:
    """Return which bars a package has seen."""
    data = manifest.provenance.data
    return {
        "first": data.first,
        "last": data.last,
        "rows": data.rows,
        "symbols": list(data.symbols),
        "hash": data.hash,
    }


def recipe_of(manifest: Manifest) -> dict[str, Json]:
    """Return how a package was made: learner, parameters, labels, versions."""
    made = manifest.provenance
    return {
        "line": made.lineage.line,
        "learner": manifest.learner,
        **{f"{manifest.learner}.{k}": plain(v) for k, v in manifest.parameters.items()},
        "seed": manifest.seed,
        "volatility": manifest.volatility,
        **{f"labels.{k}": plain(v) for k, v in made.labels.items()},
        **{f"operator {k}": v for k, v in made.op_versions.items()},
        "weights": manifest.parity.weights,
        "Edgekeeper": made.code_version,
    }


def _metrics(manifest: Manifest) -> dict[str, Json]:
    return {name: plain(value) for name, value in manifest.provenance.metrics.items()}


def _reasons(manifest: Manifest) -> dict[str, Json]:
    """Each gate's sentence, and the verdict over all."""
    gates = manifest.provenance.gates
    reasons: dict[str, Json] = {}
    if "outcome" in gates:
        reasons["outcome"] = plain(gates["outcome"])
    listed = gates.get("gates")
    for gate in listed if isinstance(listed, list | tuple) else ():
        if isinstance(gate, list | tuple) and len(gate) == 3:
            name, passed, detail = gate
            reasons[str(name)] = f"{'passed' if passed else 'failed'}: {detail}"
    return reasons
