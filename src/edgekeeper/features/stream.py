"""``FeatureStream``: the same program, one instant at a time, with memory that can be saved."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekeeper.errors import BadData, UsageError, nearest
from edgekeeper.features.compute import LARGEST, Real
from edgekeeper.features.dispatch import run_group, run_instant
from edgekeeper.features.inputs import as_bars, read_columns
from edgekeeper.features.plan import Plan, Stage
from edgekeeper.types import BoolArray, Float32Array, Float64Array, Int64Array

__all__ = ["FeatureStream"]

_MAGIC = b"edgekeeper-features-1\n"
_NEVER = np.iinfo(np.int64).min


class _Step:
    """One program of a stream, with its memory and work space.

    Attributes
    ----------
    states : float64 [S, Z]
    features : int
    """

    def __init__(self, stage: Stage, series: Float64Array, kind: type[Real]) -> None:
        self.stage = stage
        self.features = stage.program.features
        self.states = np.zeros((series.shape[1], stage.program.state_size))
        self._limit = LARGEST[kind]
        self._together = not stage.program.longer_bars
        self._registers = stage.program.workspace(series.shape[1] if self._together else 1)
        self._addresses = series.ctypes.data + stage.inputs * series.strides[0]

    def run(self, rows: Int64Array, offsets: Int64Array, out: NDArray[Any]) -> None:
        """Fill the rows of ``out [S, F]``."""
        program = self.stage.program
        if self._together:
            run_instant(
                program.code,
                program.params,
                self._addresses,
                rows,
                self._registers,
                program.registers,
                self.states,
                program.outputs,
                self._limit,
                out,
            )
            return
        run_group(
            program.code,
            program.params,
            self._addresses,
            rows,
            offsets,
            self._registers,
            program.registers,
            False,
            self.states,
            program.outputs,
            self._limit,
            out,
        )


class FeatureStream:
    """Features of live bars, equal to the last bit to those of :meth:`FeatureSet.matrix`.

    Made by :meth:`FeatureSet.stream`. It is not safe to share between threads.

    Attributes
    ----------
    symbols : tuple of str
        Order of the rows that come out.
    columns : tuple of str
        Order of the inputs that :meth:`push` takes.
    """

    def __init__(self, plan: Plan, identity: str, symbols: tuple[str, ...]) -> None:
        if not symbols or len(set(symbols)) != len(symbols):
            raise UsageError(f"expected one or more distinct symbols, got {list(symbols)}")
        self.symbols = symbols
        self.columns = plan.columns
        self._plan = plan
        self._identity = identity
        self._slot = {symbol: k for k, symbol in enumerate(symbols)}
        self._last_time = np.full(len(symbols), _NEVER, dtype=np.int64)
        # Columns of the bars, and below them what comparisons of symbols give.
        self._series = np.full((len(plan.columns) + plan.compared, len(symbols)), np.nan)
        self._inputs = self._series[: len(plan.columns)]
        kinds = [np.float64] * (len(plan.stages) - 1) + [np.float32]
        self._steps = [
            _Step(stage, self._series, kind) for stage, kind in zip(plan.stages, kinds, strict=True)
        ]
        self._everyone = np.arange(len(symbols) + 1, dtype=np.int64)

    def update(self, bars: Any) -> Float32Array:
        """Take the bars of one instant and return float32 ``[S, F]``; absent symbols are NaN rows.

        Parameters
        ----------
        bars : Bars or frame
            At most one bar a symbol, all closing at the same instant.

        Raises
        ------
        UsageError
            A symbol that this stream does not have, or a missing column.
        BadData
            Several instants, or one not later than the last bar of a symbol; nothing is changed.
        """
        bars = as_bars(bars)
        time = bars.event_time[0]
        if bars.event_time[-1] != time:
            raise BadData(
                f"expected bars of one instant, got {len(bars.instants)} instants: call update "
                "once for each, in order"
            )
        slots = self._slots([bars.symbols[k] for k in bars.symbol])
        late = self._last_time[slots] >= time
        if late.any():
            raise BadData(
                f"expected a later bar of {self.symbols[slots[late][0]]}, got one at or before "
                "the last: a stream only goes forward"
            )
        self._inputs[:, slots] = read_columns(self.columns, bars) if self.columns else 0.0
        present = np.zeros(len(self.symbols), dtype=bool)
        present[slots] = True
        rows = self._step(present)
        self._last_time[slots] = time
        return rows

    def push(self, inputs: Float64Array, present: BoolArray | None = None) -> Float32Array:
        """Take inputs as an array and return float32 ``[S, F]``: fast, without checks of time.

        Parameters
        ----------
        inputs : float64 [C, S]
            One row a column of ``columns``, prices adjusted as ``Bars.adjusted`` does.
        present : bool [S], optional
            Symbols that have a bar now; by default all.
        """
        if inputs.shape != self._inputs.shape:
            raise UsageError(f"expected inputs {self._inputs.shape}, got {inputs.shape}")
        self._inputs[:] = inputs
        return self._step(present)

    def state(self) -> bytes:
        """Memory of all symbols, to be given to :meth:`restore` of an equal stream."""
        body = self._last_time.astype("<i8").tobytes()
        body += b"".join(step.states.astype("<f8").tobytes() for step in self._steps)
        head = {
            "features": self._identity,
            "symbols": list(self.symbols),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        return _MAGIC + json.dumps(head).encode() + b"\n" + body

    def restore(self, data: bytes) -> None:
        """Go on where :meth:`state` was taken.

        Raises
        ------
        BadData
            Not such bytes, cut short or changed, or of other features or symbols; nothing is
            changed then.
        """
        head, body = _opened(data)
        if head.get("features") != self._identity:
            raise BadData(
                "expected the state of the same features, got one of others: warm up anew"
            )
        if head.get("symbols") != list(self.symbols):
            raise BadData(
                f"expected the state of symbols {list(self.symbols)}, got {head.get('symbols')}"
            )
        expected = 8 * len(self.symbols) * (1 + sum(self._plan.state_sizes))
        if len(body) != expected or hashlib.sha256(body).hexdigest() != head.get("sha256"):
            raise BadData(
                f"expected {expected} unchanged bytes of state, got {len(body)} or others: warm up "
                "anew from history"
            )
        times = 8 * len(self.symbols)
        self._last_time = np.frombuffer(body[:times], dtype="<i8").astype(np.int64)
        values = np.frombuffer(body[times:], dtype="<f8").astype(np.float64)
        for step in self._steps:
            part, values = values[: step.states.size], values[step.states.size :]
            step.states = part.reshape(step.states.shape)

    def _slots(self, symbols: Sequence[str]) -> Int64Array:
        unknown = [symbol for symbol in symbols if symbol not in self._slot]
        if unknown:
            raise UsageError(
                f"unknown symbol {unknown[0]!r} in this stream{nearest(unknown[0], self.symbols)}"
            )
        return np.array([self._slot[symbol] for symbol in symbols], dtype=np.int64)

    def _step(self, present: BoolArray | None) -> Float32Array:
        out = np.empty((len(self.symbols), self._plan.features), dtype=np.float32)
        rows, offsets = self._everyone[:-1], self._everyone
        if present is not None and not present.all():
            out[~present] = np.nan
            rows = np.flatnonzero(present)
            offsets = np.concatenate(([0], np.cumsum(present))).astype(np.int64)
        filled = len(self._inputs)
        for step in self._steps[:-1]:
            values = np.full((len(self.symbols), step.features), np.nan)
            step.run(rows, offsets, values)
            for result in step.stage.compare(values, self._everyone[[0, -1]]):
                self._series[filled] = result
                filled += 1
        self._steps[-1].run(rows, offsets, out)
        return out


def _opened(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Split saved bytes into head and body."""
    head, newline, body = data[len(_MAGIC) :].partition(b"\n")
    if not data.startswith(_MAGIC) or not newline:
        raise BadData("expected bytes made by FeatureStream.state, got something else")
    try:
        fields = json.loads(head)
    except ValueError as error:
        raise BadData("expected bytes made by FeatureStream.state, got a broken head") from error
    if not isinstance(fields, dict):
        raise BadData("expected bytes made by FeatureStream.state, got a broken head")
    return fields, body
