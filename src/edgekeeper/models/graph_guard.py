"""What a graph may hold, checked on its bytes before ONNX Runtime sees them.

It holds all its data itself, and no operator that loops, branches, or sets sizes by the values of
features. What passes is rehearsed under a bound of memory and time, see ``rehearsal``.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.operators import OPERATORS, SIZED_BY, STANDARD, TREES
from edgekeeper.models.protobuf import Message, Place, Value
from edgekeeper.models.tree_guard import check_trees
from edgekeeper.types import Int64Array

__all__ = ["check_graph"]

_MOST_NODES = 10_000
_MOST_DIMENSIONS = 8
_PLAIN_MODEL = frozenset((*range(1, 9), 14))
_PLAIN_GRAPH = frozenset((1, 2, 5, 10, 11, 12, 13, 16))
_PLAIN_NODE = frozenset((1, 2, 3, 4, 5, 6, 7, 9))
_PLAIN_TENSOR = frozenset((1, 2, 4, 5, 7, 8, 9, 10, 11, 12))
_PLAIN_ATTRIBUTE = frozenset((1, 2, 3, 4, 5, 9, 10, 13, 20))
# Bytes a number takes in `raw_data`, by ONNX's code of its type; texts and oddities are not there.
_WIDTH = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}


@dataclass(slots=True)
class _Node:
    operator: str = ""
    domain: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    lists: dict[str, Int64Array] = field(default_factory=dict)


def check_graph(data: bytes) -> None:
    """Refuse a serialised ONNX model that is not plainly a calculation on its own constants.

    Raises
    ------
    BadData
        Says what was found: a file cut off, data kept elsewhere, functions, subgraphs, an unknown
        operator or domain, a constant that claims more than it holds, trees too deep.
    """
    model = Message(data, 0, len(data))
    graphs: list[Place] = []
    for number, value in _plain(model, _PLAIN_MODEL, "functions, training or device settings"):
        if number == 7:
            graphs.append(_place(value))
        elif number == 8:
            _check_domain(model.inside(_place(value)))
    if len(graphs) != 1:
        raise BadData(f"model.onnx: expected a valid model with one graph, got {len(graphs)}")
    nodes = _read_graph(model.inside(graphs[0]))
    for node in nodes:
        _check_operator(node)
    _check_sizes(nodes)


def _read_graph(graph: Message) -> list[_Node]:
    nodes: list[_Node] = []
    for number, value in _plain(graph, _PLAIN_GRAPH, "sparse or unknown parts"):
        if number == 1:
            nodes.append(_read_node(graph.inside(_place(value))))
        elif number == 5:
            _check_tensor(graph.inside(_place(value)))
        if len(nodes) > _MOST_NODES:
            raise BadData(f"model.onnx: expected at most {_MOST_NODES} nodes, got more")
    return nodes


def _read_node(message: Message) -> _Node:
    node = _Node()
    for number, value in _plain(message, _PLAIN_NODE, "a node with device settings"):
        match number:
            case 1:
                node.inputs.append(_text(message, value))
            case 2:
                node.outputs.append(_text(message, value))
            case 4:
                node.operator = _text(message, value)
            case 5:
                _read_attribute(message.inside(_place(value)), node)
            case 7:
                node.domain = _text(message, value)
    return node


def _read_attribute(message: Message, node: _Node) -> None:
    """Check an attribute, and keep its list of whole numbers: trees are made of those."""
    name, numbers = "", None
    for number, value in message.lists():
        if number > 0 and number not in _PLAIN_ATTRIBUTE:
            what = "a subgraph" if number in (6, 11) else f"an attribute of kind {number}"
            raise BadData(f"model.onnx: expected numbers as attributes, got {what}")
        if number == 1:
            name = _text(message, value)
        elif number == 5:
            _check_tensor(message.inside(_place(value)))
        elif number == -8 and isinstance(value, np.ndarray):
            numbers = value
    if numbers is not None:
        node.lists[name] = numbers


def _check_tensor(tensor: Message) -> None:
    """Refuse a constant that lies elsewhere, or claims more members than it holds."""
    sizes: list[int] = []
    kind, held = 0, 0
    for number, value in tensor:
        if number == 13 or (number == 14 and value != 0):
            raise BadData("model.onnx: expected a model complete in itself, got external data")
        if number not in _PLAIN_TENSOR and number != 14:
            raise BadData(f"model.onnx: expected constants of numbers, got field {number}")
        if number == 1 and isinstance(value, int):
            sizes.append(value)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number in (4, 5, 7, 9, 10, 11):
            # Packed lists take at least a byte a member; anything else is read by ONNX Runtime.
            held += value[1] - value[0] if isinstance(value, tuple) else 1
            if number == 9 and kind in _WIDTH and isinstance(value, tuple):
                held = (value[1] - value[0]) // _WIDTH[kind]
    if kind not in _WIDTH:
        raise BadData(f"model.onnx: expected constants of numbers, got type {kind}")
    if len(sizes) > _MOST_DIMENSIONS or math.prod(sizes) > held:
        raise BadData(
            f"model.onnx: expected constants as large as they say, got {sizes} with {held} members"
        )


def _check_operator(node: _Node) -> None:
    family = "" if node.domain in STANDARD else node.domain
    if node.operator not in OPERATORS.get(family, ()):
        where = f" of domain {node.domain!r}" if node.domain else ""
        raise BadData(
            f"model.onnx: expected operators known to be harmless, got {node.operator!r}{where}: "
            "a learner that needs it has to add it to models/operators.py"
        )
    if node.operator == TREES:
        check_trees(node.lists)


def _check_sizes(nodes: list[_Node]) -> None:
    """Refuse sizes calculated from the values of features: small in a test, huge one day."""
    tainted = {"features"}
    pending = {name for node in nodes for name in node.outputs if name}
    for node in nodes:
        if pending.intersection(node.inputs):
            raise BadData("model.onnx: expected nodes in order, got one before what it reads")
        pending.difference_update(node.outputs)
        by_size = SIZED_BY.get(node.operator, ())
        if tainted.intersection(node.inputs[i] for i in by_size if i < len(node.inputs)):
            raise BadData(
                f"model.onnx: expected sizes that depend on no feature's value, got {node.operator}"
            )
        if node.operator != "Shape" and tainted.intersection(node.inputs):
            tainted.update(node.outputs)


def _check_domain(message: Message) -> None:
    domain = next((_text(message, value) for number, value in message if number == 1), "")
    if domain not in STANDARD and domain not in OPERATORS:
        raise BadData(f"model.onnx: expected the standard's own operators, got domain {domain!r}")


def _plain(message: Message, known: frozenset[int], what: str) -> list[tuple[int, int | Place]]:
    """Fields of a message, if all are known ones."""
    fields = list(message)
    if odd := sorted({number for number, _ in fields} - known):
        raise BadData(f"model.onnx: expected a valid model, a graph alone, got {what} ({odd[:3]})")
    return fields


def _place(value: Value) -> Place:
    if not isinstance(value, tuple):
        raise BadData("model.onnx: expected a valid model, got a number in place of a record")
    return value


def _text(message: Message, value: Value) -> str:
    try:
        return message.bytes(_place(value)).decode()
    except UnicodeDecodeError:
        raise BadData("model.onnx: expected names in UTF-8, got other bytes") from None
