"""The manifest: everything about a package but the learner's graph, readable by people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from edgekeeper.errors import BadData
from edgekeeper.models.canonical import Json, plain
from edgekeeper.models.fields import Fields
from edgekeeper.models.heads import Heads
from edgekeeper.models.parity import EXACT, TOLERANCE, Parity
from edgekeeper.models.probe import read_probe
from edgekeeper.models.reference import Reference
from edgekeeper.types import Float64Array

__all__ = ["FORMAT", "OLDEST_FORMAT", "DataWindow", "Lineage", "Manifest", "Provenance"]

FORMAT, OLDEST_FORMAT = 2, 1
_MOST_FEATURES = 4_096


@dataclass(frozen=True, slots=True)
class DataWindow:
    """Which bars the shipped fit has seen.

    Attributes
    ----------
    first, last : int
        Event times, nanoseconds UTC.
    rows : int
    symbols : tuple of str
    hash : str
        Of the bars.
    """

    first: int
    last: int
    rows: int
    symbols: tuple[str, ...]
    hash: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a package stands in its line's history; ``refit`` 0 has no parent."""

    line: str
    refit: int = 0
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a model came to be; what packaging cannot see from the model itself.

    Attributes
    ----------
    created_at : int
        Market time of the fit, nanoseconds UTC.
    code_version : str
    lineage : Lineage
    data : DataWindow
    labels : mapping
        Parameters of the labels, plain values.
    op_versions : mapping of op name to version
        Of the ops the features use.
    metrics : mapping of name to number
        NaN where a figure could not be had.
    gates : mapping
        Verdicts and their evidence, plain values.
    """

    created_at: int
    code_version: str
    lineage: Lineage
    data: DataWindow
    labels: Mapping[str, object] = field(default_factory=dict)
    op_versions: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    gates: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package says about itself.

    Attributes
    ----------
    features : mapping of name to expression text
        In column order.
    volatility : str
    learner : str
    parameters : mapping
    seed : int
    heads : Heads
    reference : Reference
    provenance : Provenance
    parity : Parity
    probe : float64 [14] or None
        Scores of the rows of :func:`models.probe.probe_rows`; None before format 2.
    format : int
    """

    features: Mapping[str, str]
    volatility: str
    learner: str
    parameters: Mapping[str, object]
    seed: int
    heads: Heads
    reference: Reference
    provenance: Provenance
    parity: Parity
    probe: Float64Array | None = None
    format: int = FORMAT

    def to_json(self) -> dict[str, Json]:
        """Return the record that ``manifest.json`` holds."""
        made = self.provenance
        record: dict[str, Json] = {
            "format": self.format,
            "features": [[name, text] for name, text in self.features.items()],
            "volatility": self.volatility,
            "learner": {
                "name": self.learner,
                "parameters": plain(self.parameters, "parameters"),
                "seed": self.seed,
            },
            "heads": self.heads.to_json(),
            "reference": self.reference.to_json(tuple(self.features)),
            "created_at": made.created_at,
            "code_version": made.code_version,
            "lineage": {
                "line": made.lineage.line,
                "refit": made.lineage.refit,
                "parent": made.lineage.parent,
            },
            "data": {
                "first": made.data.first,
                "last": made.data.last,
                "rows": made.data.rows,
                "symbols": list(made.data.symbols),
                "hash": made.data.hash,
            },
            "labels": plain(made.labels, "labels"),
            "op_versions": plain(made.op_versions, "op_versions"),
            "metrics": plain(made.metrics, "metrics"),
            "gates": plain(made.gates, "gates"),
            "parity": self._parity(),
        }
        if self.format > 1:
            record["probe"] = plain(self.probe, "probe")
        return record

    def _parity(self) -> dict[str, Json]:
        record: dict[str, Json] = {
            "rows": self.parity.rows,
            "rows_with_nan": self.parity.rows_with_nan,
            "largest_difference": self.parity.largest_difference,
        }
        if self.format > 1:
            record |= {"bound": self.parity.bound, "weights": self.parity.weights}
        return record

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read a manifest strictly.

        Raises
        ------
        BadData
            Another format version; a field missing, unknown or of the wrong type.
        """
        with Fields(value, "manifest") as record:
            version = record.integer("format")
            if not OLDEST_FORMAT <= version <= FORMAT:
                raise BadData(
                    f"manifest: expected format {OLDEST_FORMAT} to {FORMAT}, got {version}: "
                    "load it with the version of Edgekeeper that wrote it"
                )
            features = _features(record.items("features"))
            with record.record("learner") as entry:
                learner, seed = entry.text("name"), entry.integer("seed")
                parameters = entry.mapping("parameters")
            with record.record("parity") as entry:
                parity = Parity(
                    entry.integer("rows"),
                    entry.integer("rows_with_nan"),
                    entry.number("largest_difference"),
                    entry.number("bound") if version > 1 else TOLERANCE,
                    entry.text("weights") if version > 1 else EXACT,
                )
            names = tuple(features)
            return cls(
                features=features,
                volatility=record.text("volatility"),
                learner=learner,
                parameters=parameters,
                seed=seed,
                heads=Heads.from_json(record.value("heads")),
                reference=Reference.from_json(record.value("reference"), names, "reference"),
                provenance=_provenance(record),
                parity=parity,
                probe=read_probe(record) if version > 1 else None,
                format=version,
            )


def _features(items: list[Json]) -> Mapping[str, str]:
    features: dict[str, str] = {}
    for item in items:
        if not (isinstance(item, list) and len(item) == 2):
            raise BadData("manifest.features: expected pairs of name and text")
        name, text = item
        if not (isinstance(name, str) and isinstance(text, str)) or name in features:
            raise BadData(f"manifest.features: expected each name once with a text, got {name!r}")
        features[name] = text
    if not features:
        raise BadData("manifest.features: expected at least one feature, got none")
    if len(features) > _MOST_FEATURES:
        raise BadData(f"manifest.features: expected at most {_MOST_FEATURES}, got {len(features)}")
    return MappingProxyType(features)


def _provenance(record: Fields) -> Provenance:
    with record.record("lineage") as entry:
        parent = entry.value("parent")
        if not (parent is None or isinstance(parent, str)):
            raise BadData(f"manifest.lineage.parent: expected a hash or null, got {parent!r}")
        lineage = Lineage(entry.text("line"), entry.integer("refit"), parent)
    with record.record("data") as entry:
        symbols = entry.items("symbols")
        data = DataWindow(
            first=entry.integer("first"),
            last=entry.integer("last"),
            rows=entry.integer("rows"),
            symbols=tuple(symbol for symbol in symbols if isinstance(symbol, str)),
            hash=entry.text("hash"),
        )
    if len(data.symbols) != len(symbols):
        raise BadData("manifest.data.symbols: expected a list of texts")
    versions = record.mapping("op_versions")
    op_versions = Fields(versions, "manifest.op_versions")
    metrics = record.mapping("metrics")
    figures = Fields(metrics, "manifest.metrics")
    return Provenance(
        created_at=record.integer("created_at"),
        code_version=record.text("code_version"),
        lineage=lineage,
        data=data,
        labels=record.mapping("labels"),
        op_versions={name: op_versions.integer(name) for name in versions},
        metrics={name: figures.number(name) for name in metrics},
        gates=record.mapping("gates"),
    )
