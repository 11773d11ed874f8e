"""The recurrent net: how it is trained in PyTorch, and the same as a graph to serve."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.inference import Graph
from edgekeeper.models.learners.draft import Draft, graph_of
from edgekeeper.models.learners.net_inputs import NetInputs
from edgekeeper.models.learners.torch_training import array, tensor, uniform
from edgekeeper.types import Float32Array, Float64Array

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LSTMScore", "RecurrentLayer", "RecurrentNet", "by_step"]

_FLOAT, _DOUBLE = 1, 11  # ONNX's codes of the types
_GATES = 4
_REMEMBER = 1.0


def by_step(features: Float32Array, steps: int) -> Float32Array:
    """Return features ``[n, steps * F]`` as ``[n, steps, F]``, oldest step first.

    Raises
    ------
    BadData
        Columns that cannot be the same features at each step.
    """
    if features.ndim != 2 or features.shape[1] == 0 or features.shape[1] % steps:
        raise BadData(
            f"lstm: expected the same features at each of {steps} steps, oldest first, got shape "
            f"{features.shape}: a line lays them out so by itself; elsewhere add lag(...) of each"
        )
    return features.reshape(len(features), steps, features.shape[1] // steps)


@dataclass(frozen=True, slots=True)
class RecurrentLayer:
    """Weights of both directions in ONNX's layout: gates input, output, forget, cell.

    Attributes
    ----------
    inner : float32 [2, 4 H, F]
    recurrent : float32 [2, 4 H, H]
    bias : float32 [2, 8 H]
    """

    inner: Float32Array
    recurrent: Float32Array
    bias: Float32Array


class RecurrentNet:
    """The net in training.

    Parameters
    ----------
    random : Generator
    inputs, hidden, layers, steps : int
    base : float
        Log-odds to begin with.
    dropout : float
        Share of inputs and of hidden units left out of a row, at all its steps alike (Gal &
        Ghahramani 2016).
    """

    def __init__(
        self,
        random: np.random.Generator,
        inputs: int,
        hidden: int,
        layers: int,
        steps: int,
        base: float,
        dropout: float,
    ) -> None:
        self._random, self._dropout = random, dropout
        widths = [inputs] + [2 * hidden] * (layers - 1)
        self.layers = [_layer(random, width, hidden) for width in widths]
        both = 2 * hidden
        self.attention = uniform(random, both**-0.5, both)
        self.position = tensor(np.zeros(steps)).requires_grad_()
        self.context = tensor(np.zeros(both)).requires_grad_()
        self.newest = tensor(np.zeros(both)).requires_grad_()
        self.base = tensor(base).requires_grad_()

    @property
    def shrinking(self) -> "list[Tensor]":
        """Weights that decay."""
        matrices = [w for layer in self.layers for w in layer.parameters() if w.ndim == 2]
        return [*matrices, self.attention, self.context, self.newest]

    @property
    def free(self) -> "list[Tensor]":
        """Weights that do not."""
        biases = [w for layer in self.layers for w in layer.parameters() if w.ndim == 1]
        return [*biases, self.position, self.base]

    def score(self, x: "Tensor", *, training: bool) -> "Tensor":
        """Log-odds ``[n]`` of inputs ``[n, T, F]``."""
        import torch

        h = x.transpose(0, 1)
        for layer in self.layers:
            h = layer(self._thinned(h) if training else h)[0]
        if training:
            h = self._thinned(h)
        weight = torch.softmax(h @ self.attention + self.position[:, None], dim=0)
        return (weight * (h @ self.context)).sum(dim=0) + h[-1] @ self.newest + self.base

    def _thinned(self, h: "Tensor") -> "Tensor":
        if self._dropout == 0.0:
            return h
        kept = self._random.random((1, *h.shape[1:])) >= self._dropout
        return h * tensor(kept / (1.0 - self._dropout))

    def finished(self, inputs: NetInputs) -> "LSTMScore":
        """Return what remains when PyTorch has gone."""
        return LSTMScore(
            inputs,
            tuple(_in_onnx_layout(layer) for layer in self.layers),
            attention=_doubles(self.attention),
            position=_doubles(self.position),
            context=_doubles(self.context),
            newest=_doubles(self.newest),
            base=float(_doubles(self.base)),
        )


@dataclass(frozen=True)
class LSTMScore:
    """A fitted recurrent net.

    Its score is what its graph says: ONNX Runtime's recurrence and PyTorch's differ in the last
    bits of single precision, twenty steps deep, and what is judged should be what is served.

    Attributes
    ----------
    inputs : NetInputs
    layers : tuple of RecurrentLayer
    attention, context, newest : float64 [2 H]
        What decides how much a step counts, what it says, and what the newest step adds.
    position : float64 [T]
    base : float
    """

    inputs: NetInputs
    layers: tuple[RecurrentLayer, ...]
    attention: Float64Array
    position: Float64Array
    context: Float64Array
    newest: Float64Array
    base: float

    @cached_property
    def _graph(self) -> Graph:
        width = len(self.position) * len(self.inputs.scaling.centre)
        return Graph(self.to_onnx(width), width)

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds, ``[n]``."""
        by_step(features, len(self.position))
        return self._graph.score(np.ascontiguousarray(features, dtype=np.float32))

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.draft`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the net to a graph."""
        steps, width = len(self.position), len(self.inputs.scaling.centre)
        x = draft.add("Reshape", x, np.array([-1, steps, width]))
        x = draft.add("Cast", self.inputs.draw(draft, x), to=_FLOAT)
        h = draft.add("Transpose", x, perm=[1, 0, 2])
        for i, layer in enumerate(self.layers):
            if i > 0:  # [T, 2, n, H] -> [T, n, 2 H]
                h = draft.add("Transpose", h, perm=[0, 2, 1, 3])
                h = draft.add("Reshape", h, np.array([steps, -1, len(self.attention)]))
            h = _draw_layer(draft, h, layer)
        h = draft.add("Transpose", h, perm=[2, 0, 1, 3])
        h = draft.add("Reshape", h, np.array([-1, steps, len(self.attention)]))
        return self._draw_attention(draft, draft.add("Cast", h, to=_DOUBLE))

    def _draw_attention(self, draft: Draft, h: str) -> str:
        """Add what comes after the recurrence, ``[n, T, 2 H]`` to ``[n, 1]``."""
        steps = len(self.position)
        each = np.stack([self.attention, self.context, self.newest], axis=1)
        parts = draft.add("MatMul", h, each)
        attention, context, newest = (
            draft.add("Gather", parts, np.array(i), axis=2) for i in range(3)
        )
        weight = draft.smooth("Exp", draft.add("Add", attention, self.position), steps)
        ones = np.ones((steps, 1))
        said = draft.add("MatMul", draft.add("Mul", weight, context), ones)
        said = draft.add("Div", said, draft.add("MatMul", weight, ones))
        said = draft.add("Add", said, draft.columns(newest, steps - 1, steps))
        return draft.add("Add", said, self.base)


def _draw_layer(draft: Draft, x: str, layer: RecurrentLayer) -> str:
    """Add a recurrence, ``[T, n, F]`` to ``[T, 2, n, H]``."""
    weights = [draft.single(part) for part in (layer.inner, layer.recurrent, layer.bias)]
    hidden = layer.recurrent.shape[2]
    return draft.add("LSTM", x, *weights, hidden_size=hidden, direction="bidirectional")


def _layer(random: np.random.Generator, inputs: int, hidden: int) -> Any:
    """Return one layer of both directions that begins by remembering (Jozefowicz et al. 2015)."""
    import torch

    # Made without memory first: the library's own start would move its generator.
    layer = torch.nn.LSTM(inputs, hidden, bidirectional=True, device="meta")
    layer = layer.to_empty(device=torch.get_default_device())
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            weight.copy_(tensor(random.uniform(-1.0, 1.0, weight.shape) * hidden**-0.5))
            if name.startswith("bias"):
                weight.zero_()
            if name.startswith("bias_ih"):
                weight[hidden : 2 * hidden] = _REMEMBER
    layer.flatten_parameters()  # one block on a graphics card, which cuDNN asks for
    return layer


def _in_onnx_layout(layer: Any) -> RecurrentLayer:
    parts = {name: array(weight) for name, weight in layer.named_parameters()}

    def both(kind: str) -> Float32Array:
        """Stack the directions; PyTorch's gates are input, forget, cell, output."""
        ways = []
        for way in ("l0", "l0_reverse"):
            gates = np.split(parts[f"{kind}_{way}"], _GATES)
            ways.append(np.concatenate([gates[i] for i in (0, 3, 1, 2)]))
        return np.stack(ways)

    bias = np.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
    return RecurrentLayer(both("weight_ih"), both("weight_hh"), bias)


def _doubles(weight: "Tensor") -> Float64Array:
    return array(weight).astype(np.float64)
