"""Weights of a network in 8 bits: one scale a column, what goes in stays as it is.

Rounding what goes in as well (dynamic quantisation) would take its scale from all rows that are
scored together: research, which scores thousands at once, and live, which scores one, would then
disagree. So only weights are stored small; the arithmetic is as wide as before.
"""

from typing import TYPE_CHECKING

import numpy as np

from edgekeeper.errors import UsageError, nearest
from edgekeeper.models.parity import EXACT, INT8

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

__all__ = ["rounded_weights"]

_WEIGHTS_OF = {"MatMul": (1,), "LSTM": (1, 2)}
_SMALLEST = 256
_LARGEST = 127


def rounded_weights(graph: bytes, weights: str) -> bytes:
    """Return a graph whose large weight matrices are stored in 8 bits.

    Parameters
    ----------
    graph : bytes
        Serialised ONNX model.
    weights : {"int8"}

    Raises
    ------
    UsageError
        Another kind of weights, or a graph without a matrix of 256 weights or more, such as trees.
    """
    if weights != INT8:
        raise UsageError(
            f"weights: expected {EXACT!r} or {INT8!r}, got {weights!r}"
            f"{nearest(weights, (EXACT, INT8))}"
        )
    import onnx

    model = onnx.load_from_string(graph)
    matrices = {
        node.input[place]
        for node in model.graph.node
        for place in _WEIGHTS_OF.get(node.op_type, ())
        if place < len(node.input)
    }
    nodes: list[NodeProto] = []
    constants: list[TensorProto] = []
    for tensor in model.graph.initializer:
        if tensor.name in matrices and _is_large(tensor):
            new_nodes, new_constants = _rounded(tensor)
            nodes += new_nodes
            constants += new_constants
        else:
            constants.append(tensor)
    if not nodes:
        raise UsageError(
            "weights: expected a network with matrices of 256 weights or more to store in 8 bits, "
            "got none: trees and linear models are packaged as they are"
        )
    old = list(model.graph.node)
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend([*nodes, *old])
    model.graph.initializer.extend(constants)
    return bytes(model.SerializeToString(deterministic=True))


def _is_large(tensor: "TensorProto") -> bool:
    from onnx import TensorProto

    return (
        tensor.data_type in (TensorProto.FLOAT, TensorProto.DOUBLE)
        and len(tensor.dims) >= 2
        and int(np.prod(tensor.dims)) >= _SMALLEST
    )


def _rounded(tensor: "TensorProto") -> "tuple[list[NodeProto], list[TensorProto]]":
    """Weights as whole numbers with a scale for each member of the last axis, and the way back."""
    from onnx import TensorProto, helper, numpy_helper

    exact = numpy_helper.to_array(tensor).astype(np.float64)
    axis = exact.ndim - 1
    scale = np.abs(exact).max(axis=tuple(range(axis))) / _LARGEST
    scale = np.where(scale > 0.0, scale, 1.0).astype(np.float32)
    whole = np.rint(exact / scale).clip(-_LARGEST, _LARGEST).astype(np.int8)
    name = tensor.name
    names = (f"{name}/int8", f"{name}/scale")
    doubles = tensor.data_type == TensorProto.DOUBLE
    narrow = f"{name}/float" if doubles else name
    nodes = [helper.make_node("DequantizeLinear", list(names), [narrow], axis=axis)]
    if doubles:
        nodes.append(helper.make_node("Cast", [narrow], [name], to=TensorProto.DOUBLE))
    held = (whole, scale)
    return nodes, [numpy_helper.from_array(a, n) for a, n in zip(held, names, strict=True)]
