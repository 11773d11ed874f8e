"""The net of several tasks: how it is trained in PyTorch, and what of it is served."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgekeeper.models.learners.draft import Draft, graph_of
from edgekeeper.models.learners.net_inputs import NetInputs
from edgekeeper.models.learners.torch_training import array, tensor, uniform
from edgekeeper.types import Float32Array, Float64Array

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Trunk", "TrunkScore"]

_MOST_LOG_VARIANCE = 3.0


class Trunk:
    """The net in training: two shared layers, three heads, the logarithms of their variances."""

    def __init__(
        self, random: np.random.Generator, inputs: int, width: int, base: float, dropout: float
    ) -> None:
        self._random, self._dropout = random, dropout
        self.layers = [
            (uniform(random, (6.0 / size) ** 0.5, size, width), _zeros(width))
            for size in (inputs, width)
        ]
        # The direction begins as the base rate, the measured tasks as their middle.
        self.heads = _zeros(width, 3)
        self.bias = tensor([base, 0.0, 0.0]).requires_grad_()
        self.log_variance = _zeros(3)

    @property
    def shrinking(self) -> "list[Tensor]":
        """Weights that decay."""
        return [*(weight for weight, _ in self.layers), self.heads]

    @property
    def free(self) -> "list[Tensor]":
        """Weights that do not."""
        return [*(bias for _, bias in self.layers), self.bias, self.log_variance]

    def outputs(self, x: "Tensor", *, training: bool) -> "Tensor":
        """Direction's log-odds and the two measured tasks, ``[n, 3]``."""
        for weight, bias in self.layers:
            x = (x @ weight + bias).relu()
            if training and self._dropout > 0.0:
                kept = self._random.random(tuple(x.shape)) >= self._dropout
                x = x * tensor(kept / (1.0 - self._dropout))
        return x @ self.heads + self.bias

    def weighed(
        self,
        outputs: "Tensor",
        direction: "Tensor",
        measured: Float64Array,
        weight: "Tensor",
        auxiliary: float,
    ) -> "Tensor":
        """All losses, each divided by its task's variance as learned so far."""
        from torch.nn.functional import huber_loss

        s = self.log_variance.clamp(-_MOST_LOG_VARIANCE, _MOST_LOG_VARIANCE)
        total = (-s[0]).exp() * direction + s[0] / 2.0
        for task in (1, 2):
            known = np.isfinite(measured[:, task - 1])
            if known.any():
                target = tensor(np.where(known, measured[:, task - 1], 0.0))
                each = huber_loss(outputs[:, task], target, reduction="none")
                share = weight * tensor(known)
                loss = (each * share).sum() / share.sum()
                total = total + auxiliary * ((-s[task]).exp() * loss + s[task]) / 2.0
        return total

    def finished(self, inputs: NetInputs) -> "TrunkScore":
        """Return the path from features to direction."""
        parts = [part for layer in self.layers for part in layer]
        first, first_bias, second, second_bias = (_doubles(part) for part in parts)
        head, base = _doubles(self.heads)[:, 0], float(_doubles(self.bias)[0])
        return TrunkScore(inputs, first, first_bias, second, second_bias, head, base)


@dataclass(frozen=True, slots=True)
class TrunkScore:
    """A fitted trunk of two layers with the direction's head.

    Attributes
    ----------
    inputs : NetInputs
    first, second : float64 [width of inputs, H], [H, H]
    first_bias, second_bias, head : float64 [H]
    base : float
    """

    inputs: NetInputs
    first: Float64Array
    first_bias: Float64Array
    second: Float64Array
    second_bias: Float64Array
    head: Float64Array
    base: float

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds, ``[n]``."""
        hidden = np.maximum(self.inputs.apply(features) @ self.first + self.first_bias, 0.0)
        hidden = np.maximum(hidden @ self.second + self.second_bias, 0.0)
        return np.asarray(hidden @ self.head + self.base, dtype=np.float64)

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.draft`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the net to a graph."""
        x = self.inputs.draw(draft, x)
        x = draft.add("Relu", draft.linear(x, self.first, self.first_bias))
        x = draft.add("Relu", draft.linear(x, self.second, self.second_bias))
        return draft.linear(x, self.head[:, None], np.array([self.base]))


def _zeros(*shape: int) -> "Tensor":
    return tensor(np.zeros(shape)).requires_grad_()


def _doubles(weight: "Tensor") -> Float64Array:
    return array(weight).astype(np.float64)
