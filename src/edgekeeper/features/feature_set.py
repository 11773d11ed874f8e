"""``FeatureSet``: named expressions, compiled once, run on histories and on live bars alike."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.features.batches import FeatureBatches
from edgekeeper.features.calendar import CALENDAR
from edgekeeper.features.catalogue import catalogue
from edgekeeper.features.check import CheckReport, check
from edgekeeper.features.compute import Real, by_column, compute
from edgekeeper.features.graph import Graph, Node, version_of
from edgekeeper.features.inputs import as_bars, missing_columns
from edgekeeper.features.plan import Plan, make_plan
from edgekeeper.features.program import check_memory
from edgekeeper.features.reader import read
from edgekeeper.features.sources import longer_bars_needed, source_of
from edgekeeper.features.stream import FeatureStream
from edgekeeper.types import Float64Array

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MAX_FEATURES", "FeatureSet", "evaluate"]

MAX_FEATURES = 2_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
_RESERVED = ("timestamp", "symbol")
_MINUTE_NS = 60 * 10**9


@dataclass(frozen=True)
class FeatureSet:
    """Named expressions over columns, checked when made.

    Attributes
    ----------
    expressions : mapping of str to str
        Name of a feature to its text.

    Raises
    ------
    UsageError
        No or too many features, a name that cannot be used, or an expression with a fault; the
        message names the feature and the position.

    Examples
    --------
    >>> features = FeatureSet({"gap": "open / lag(close, 1) - 1", "trend": "ema(close, 9) > close"})
    >>> features.names, features.columns, features.lookback
    (('gap', 'trend'), ('open', 'close'), 8)
    """

    expressions: Mapping[str, str]
    _graph: Graph = field(init=False, repr=False, compare=False)
    _outputs: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.expressions, Mapping) or not self.expressions:
            raise UsageError("expected at least one feature as {name: expression}")
        if len(self.expressions) > MAX_FEATURES:
            raise UsageError(
                f"expected at most {MAX_FEATURES} features, got {len(self.expressions)}"
            )
        graph = Graph()
        outputs = []
        for name, text in self.expressions.items():
            if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
                raise UsageError(
                    "expected feature names of up to 64 letters, digits and underscores, not "
                    f"'timestamp' or 'symbol', got {name!r}"
                )
            try:
                outputs.append(read(text, graph))
            except UsageError as error:
                raise UsageError(f"feature {name!r}: {error}") from error
        check_memory(graph, tuple(outputs))
        object.__setattr__(self, "expressions", MappingProxyType(dict(self.expressions)))
        object.__setattr__(self, "_graph", graph)
        object.__setattr__(self, "_outputs", tuple(outputs))

    @classmethod
    def from_catalogue(cls, *names: str) -> "FeatureSet":
        """Return ready-made sets by name, one after the other, such as ``"technical"``."""
        if not names:
            raise UsageError("expected the name of a catalogue such as 'technical', got none")
        expressions: dict[str, str] = {}
        for name in names:
            for entry in catalogue(name):
                expressions[entry.name] = entry.text
        return cls(expressions)

    def with_(self, name: str, text: str) -> "FeatureSet":
        """Return the same set and one more feature."""
        if name in self.expressions:
            raise UsageError(f"feature {name!r} exists already: choose another name")
        return FeatureSet({**self.expressions, name: text})

    def without(self, *names: str) -> "FeatureSet":
        """Return the same set without these features."""
        return FeatureSet({k: v for k, v in self.expressions.items() if k not in names})

    # -- what it is -----------------------------------------------------------------------------

    # Worker processes get the text: addresses in a program mean nothing to them.
    def __reduce__(self) -> Any:
        return FeatureSet, (dict(self.expressions),)

    def __hash__(self) -> int:
        return hash(self.hash)

    def __len__(self) -> int:
        return len(self._outputs)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in the order of the output's columns."""
        return tuple(self.expressions)

    @property
    def texts(self) -> tuple[str, ...]:
        """Their expressions."""
        return tuple(self.expressions.values())

    @cached_property
    def hashes(self) -> tuple[str, ...]:
        """One hash a feature, of what it calculates: of its graph and the versions of its ops."""
        return tuple(self._graph.nodes[output].key for output in self._outputs)

    @cached_property
    def hash(self) -> str:
        """Hash over names and calculations; the same text always gives the same."""
        parts = list(zip(self.names, self.hashes, strict=True))
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns the bars have to have."""
        return tuple(dict.fromkeys(c for name in self.names for c in self.columns_of(name)))

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Columns one feature reads."""
        seen: set[int] = set()
        found: dict[str, None] = {}
        pending = [self._outputs[self.names.index(name)]]
        while pending:
            position = pending.pop()
            if position in seen:
                continue
            seen.add(position)
            node = self._graph.nodes[position]
            if node.op == "column":
                found[node.column] = None
            pending.extend(reversed(node.inputs))
        return tuple(found)

    @cached_property
    def of_the_market(self) -> tuple[str, ...]:
        """Names of the features that read more than the calendar, which moves by itself."""
        return tuple(
            name
            for name in self.names
            if any(column not in CALENDAR for column in self.columns_of(name))
        )

    def longer_bars_of(self, name: str) -> tuple[int, ...]:
        """Lengths of the longer bars that one feature reads, in seconds, shortest first."""
        pending = [self._outputs[self.names.index(name)]]
        seen: set[int] = set()
        found: set[int] = set()
        while pending:
            position = pending.pop()
            if position not in seen:
                seen.add(position)
                node = self._graph.nodes[position]
                found.add(node.bars_s)
                pending.extend(node.inputs)
        return tuple(sorted(found - {0}))

    @cached_property
    def op_versions(self) -> dict[str, int]:
        """Semantic version of each op used, by name."""
        return {
            node.op: version_of(node.op)
            for node in sorted(self._graph.nodes, key=lambda node: node.op)
            if node.op not in ("column", "constant")
        }

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What calculates each feature."""
        return tuple(self._graph.nodes[output] for output in self._outputs)

    def lookbacks_at(self, interval_ns: int) -> tuple[int, ...]:
        """Bars of this length before each feature's first value, at most."""
        return tuple(node.lookback + -(-node.wait_ns // interval_ns) for node in self.nodes)

    def warm_ups_at(self, interval_ns: int) -> tuple[int, ...]:
        """Bars of this length after which no feature depends on the start beyond 1e-6."""
        return tuple(node.warm_up + -(-node.settle_ns // interval_ns) for node in self.nodes)

    @property
    def lookbacks(self) -> tuple[int, ...]:
        """Bars of a symbol before each feature's first value.

        Where longer bars or sessions take part it depends on the length of the bars that come:
        this is for bars of a minute, :meth:`lookbacks_at` for any.
        """
        return self.lookbacks_at(_MINUTE_NS)

    @property
    def lookback(self) -> int:
        """Bars of a symbol before all features have values."""
        return max(self.lookbacks)

    @property
    def warm_ups(self) -> tuple[int, ...]:
        """Bars of a symbol after which each feature no longer depends on the start (1e-6).

        Where longer bars or sessions take part, for bars of a minute, as :attr:`lookbacks`.
        """
        return self.warm_ups_at(_MINUTE_NS)

    @property
    def warm_up(self) -> int:
        """Bars of a symbol after which no feature depends on where the history began."""
        return max(self.warm_ups)

    @cached_property
    def plan(self) -> Plan:
        """The compiled form; made when first needed."""
        return make_plan(self._graph, self._outputs)

    def available(self, bars: Bars) -> tuple["FeatureSet", dict[str, tuple[str, ...]]]:
        """Return the features these bars allow, and the dropped ones with what they miss.

        What is missed is the name of a column, or, where ``tf`` asks for bars no longer than
        these, words that say so. :func:`~edgekeeper.features.source_of` says where a column comes
        from.

        Raises
        ------
        UsageError
            Nothing is left.
        """
        missing = {
            name: missing_columns(self.columns_of(name), bars)
            + longer_bars_needed(self.longer_bars_of(name), bars.interval_ns)
            for name in self.names
        }
        dropped = {name: columns for name, columns in missing.items() if columns}
        if len(dropped) == len(self):
            name, columns = next(iter(dropped.items()))
            places = [f"{c} (from {source_of(c)})" if "." in c else c for c in columns]
            raise UsageError(
                f"expected bars with context columns, got none of those needed: {name!r} needs "
                f"{', '.join(places)}"
            )
        return (self.without(*dropped) if dropped else self), dropped

    # -- what it does ---------------------------------------------------------------------------

    def matrix(
        self,
        bars: Bars,
        dtype: type[Real] = np.float32,
        *,
        chunk: int | None = None,
        threads: int | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Return all features of all rows, ``[N, F]``, in the canonical order of the bars.

        Parameters
        ----------
        chunk : int, optional
            Rows a kernel takes at once; by default what the cache allows. Never changes a bit of
            the result.
        threads : int, optional
            At most one a symbol; by default all processors, where there is enough to do.
        out : array [N, F], optional
            Filled and returned instead of a new array; fresh memory costs as much as computing.

        Raises
        ------
        UsageError
            The bars lack a column; see :meth:`available`.
        """
        return compute(self.plan, bars, dtype, chunk, threads, out)

    def compute(self, bars: Any) -> "pl.DataFrame":
        """Return a frame ``timestamp, symbol`` and one float32 column a feature, NaN = missing.

        Parameters
        ----------
        bars : Bars or frame
            Anything that :meth:`Bars.from_frame` reads.
        """
        import polars as pl

        bars = as_bars(bars)
        values = by_column(self.matrix(bars))
        return pl.DataFrame(
            {
                "timestamp": pl.Series(bars.event_time).cast(pl.Datetime("ns", "UTC")),
                "symbol": pl.Series(bars.symbols, dtype=pl.String).gather(bars.symbol),
                **dict(zip(self.names, values, strict=True)),
            }
        )

    def stream(self, symbols: Sequence[str]) -> FeatureStream:
        """Return a live computation for these symbols, from a fresh state."""
        return FeatureStream(self.plan, self.hash, tuple(symbols))

    def batches(self) -> FeatureBatches:
        """Return a computation for a history that comes in parts, from a fresh state."""
        return FeatureBatches(self.plan)

    def check(self, bars: Any) -> CheckReport:
        """Prove on these bars that no feature looks ahead; see :func:`features.check.check`."""
        return check(self, as_bars(bars))


def evaluate(text: str, bars: Bars) -> Float64Array:
    """One expression over all rows: float64 ``[N]`` in canonical order.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"timestamp": ["2024-01-02", "2024-01-03"], "symbol": "A",
    ...     "open": [1.0, 1.1], "high": [1.2, 1.2], "low": [0.9, 1.0], "close": [1.0, 1.15]})
    >>> evaluate("close > lag(close, 1)", Bars.from_frame(frame)).tolist()
    [nan, 1.0]
    """
    values: Float64Array = FeatureSet({"value": text}).matrix(bars, np.float64)[:, 0]
    return values
