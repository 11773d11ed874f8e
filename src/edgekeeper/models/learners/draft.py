"""A graph on its way: nodes and constants, named as they come.

Batch and single rows have to give the same bits. ONNX Runtime computes exponentials and logarithms
of doubles in vectors of up to eight and what is left over one by one, which rounds differently;
:meth:`Draft.smooth` therefore hands it whole vectors only.
"""

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.learners.graphs import score_graph
from edgekeeper.types import (
    Fitted,
    Float32Array,
    Float64Array,
    Int64Array,
    Learner,
    TrainingRows,
)

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

__all__ = ["VECTOR", "Draft", "Drawn", "fit_drawn", "graph_of", "log_odds"]

VECTOR = 8
"""Doubles in the widest vector register there is."""

_HELD_ODDS = 1e-6


class Draft:
    """A graph from ``x``, the features as doubles ``[n, F]``, to one score a row.

    Each method adds nodes and returns the name of what they compute. Arrays among the inputs
    become constants.

    Examples
    --------
    >>> draft = Draft()
    >>> total = draft.add("MatMul", draft.x, np.ones((3, 1)))
    >>> len(draft.serialise(total, 3)) > 100
    True
    """

    x = "x"

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def add(
        self, operation: str, *inputs: "str | float | Float64Array | Int64Array", **attributes: Any
    ) -> str:
        """Add a node with one output."""
        from onnx import helper

        output = f"{operation.lower()}_{len(self._nodes)}"
        names = [part if isinstance(part, str) else self._constant(part) for part in inputs]
        self._nodes.append(helper.make_node(operation, names, [output], **attributes))
        return output

    def _constant(self, values: "float | Float64Array | Int64Array") -> str:
        from onnx import numpy_helper

        array = np.asarray(values)
        kind = np.int64 if array.dtype.kind == "i" else np.float64
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.array(array, kind, order="C"), name))
        return name

    def single(self, values: Float32Array) -> str:
        """Add a constant of float32, which operators on ``Cast`` values need; return its name."""
        from onnx import numpy_helper

        name = f"constant_{len(self._constants)}"
        self._constants.append(
            numpy_helper.from_array(np.array(values, np.float32, order="C"), name)
        )
        return name

    def constant(self, value: float, x: str) -> str:
        """Give every row of ``x`` the same value, ``[n, 1]``."""
        rows = self.add("Shape", x, start=0, end=1)
        shape = self.add("Concat", rows, np.array([1]), axis=0)
        return self.add("Expand", np.array([[value]]), shape)

    def linear(self, x: str, weight: Float64Array, bias: Float64Array) -> str:
        """``x @ weight + bias``."""
        return self.add("Add", self.add("MatMul", x, weight), bias)

    def smooth(self, operation: str, x: str, width: int) -> str:
        """``Exp``, ``Log``, ``Tanh`` or ``Sigmoid`` of ``[n, width]``, the same bits for any n."""
        padded = -width % VECTOR
        if padded:
            x = self.add("Pad", x, np.array([0, 0, 0, padded]), 0.5)
        x = self.add(operation, x)
        return self.columns(x, 0, width) if padded else x

    def columns(self, x: str, start: int, stop: int) -> str:
        """``x[:, start:stop]``."""
        return self.add("Slice", x, np.array([start]), np.array([stop]), np.array([1]))

    def log_odds(self, probability: str) -> str:
        """``log(p / (1 - p))`` of ``[n, 1]``, ``p`` held away from 0 and 1: see ``log_odds``."""
        held = self.add("Clip", probability, _HELD_ODDS, 1.0 - _HELD_ODDS)
        ratio = self.add("Div", held, self.add("Sub", 1.0, held))
        return self.smooth("Log", ratio, 1)

    def serialise(self, score: str, n_features: int) -> bytes:
        """Finish the graph; ``score`` is ``[n, 1]``."""
        from onnx import helper

        last = helper.make_node("Identity", [score], ["score"])
        return score_graph([*self._nodes, last], self._constants, n_features)


@runtime_checkable
class Drawn(Fitted, Protocol):
    """A fitted learner that can add itself to a graph, its own or an ensemble's."""

    def draw(self, draft: Draft, x: str) -> str:
        """Add the score of ``x``, doubles ``[n, F]``; return the name of what is ``[n, 1]``."""
        ...


def graph_of(fitted: Drawn, n_features: int) -> bytes:
    """Serialise a graph of one fitted learner."""
    draft = Draft()
    return draft.serialise(fitted.draw(draft, draft.x), n_features)


def fit_drawn(
    learner: Learner, rows: TrainingRows, validation: TrainingRows | None, seed: int
) -> Drawn:
    """Fit a learner whose graph can become part of another.

    Raises
    ------
    UsageError
        Its graph cannot.
    """
    fitted = learner.fit(rows, validation=validation, seed=seed)
    if not isinstance(fitted, Drawn):
        raise UsageError(
            f"{learner.name}: expected a learner whose fit offers draw(draft, x), so that its "
            "graph can be part of an ensemble's: leave it out of the members"
        )
    return fitted


def log_odds(probability: Float64Array) -> Float64Array:
    """Log-odds, the probability held within 1e-6 and 1 - 1e-6.

    Examples
    --------
    >>> log_odds(np.array([0.5, 1.0])).round(2).tolist()
    [0.0, 13.82]
    """
    held = np.clip(probability, _HELD_ODDS, 1.0 - _HELD_ODDS)
    return np.asarray(np.log(held / (1.0 - held)), dtype=np.float64)
