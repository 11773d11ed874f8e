"""The trees of a graph, taken out of its bytes; what is left goes on from their sums.

Read without the library that wrote them, so that a serving process needs none. Only what the
learners here write is taken: sums in doubles over the features as they come. Any other tree
operator stays in the graph.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from edgekeeper.models.operators import TREES
from edgekeeper.models.protobuf import Message
from edgekeeper.types import BoolArray, Float64Array, Int64Array

__all__ = ["Cut", "TreeSum", "cut"]

_DOUBLE, _UINT8 = 11, 2
_NOT_TAKEN = frozenset(("membership_values", "nodes_hitrates"))
_SAID = {"aggregate_function": 1, "post_transform": 0, "n_targets": 1}
"""What the attributes have to be: sums, as they are, one; the first two are also the default."""


@dataclass(frozen=True, slots=True)
class TreeSum:
    """Trees whose leaves are added up; a child is a node, or a leaf where it is at or above those.

    Attributes
    ----------
    roots : int64 [T]
    feature, left, right : int64 [nodes]
        ``left`` where the feature is at most ``threshold``.
    threshold : float64 [nodes]
    nan_left : bool [nodes]
    weight : float64 [leaves]
    """

    roots: Int64Array
    feature: Int64Array
    threshold: Float64Array
    nan_left: BoolArray
    left: Int64Array
    right: Int64Array
    weight: Float64Array

    @property
    def depth(self) -> int:
        """Splits on the longest way from a root to a leaf."""
        level, deep = self.roots, 0
        while len(level):
            deep += 1
            level = np.concatenate([self.left[level], self.right[level]])
            level = level[level < len(self.feature)]
        return deep


@dataclass(frozen=True, slots=True)
class Cut:
    """A graph, and the trees that were taken out of it.

    Attributes
    ----------
    trees : mapping of str to TreeSum
        By the name of an input, double ``[n, 1]``, that the rest has instead.
    rest : bytes
        Serialised ONNX model.
    operators : frozenset of str
        That the rest uses.
    """

    trees: dict[str, TreeSum]
    rest: bytes
    operators: frozenset[str]


@dataclass(slots=True)
class _Node:
    operator: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    whole: dict[str, int] = field(default_factory=dict)
    lists: dict[str, Int64Array] = field(default_factory=dict)
    tensors: dict[str, tuple[int, bytes]] = field(default_factory=dict)


def cut(data: bytes, n_features: int) -> Cut:
    """Take the trees out of a serialised graph, one that ``graph_guard.check_graph`` has passed."""
    model = Message(data, 0, len(data))
    trees: dict[str, TreeSum] = {}
    operators: set[str] = set()
    rest: list[bytes] = []
    for number, value, whole in model.pieces():
        if number == 7 and isinstance(value, tuple):
            rest.append(
                _field(7, _without_trees(model.inside(value), n_features, trees, operators))
            )
        else:
            rest.append(model.bytes(whole))
    return Cut(trees, b"".join(rest), frozenset(operators))


def _without_trees(
    graph: Message, n_features: int, trees: dict[str, TreeSum], operators: set[str]
) -> bytes:
    """Fields of a graph, an input in place of each node whose trees were taken."""
    doubles: set[str] = set()
    kept: list[bytes] = []
    for number, value, whole in graph.pieces():
        if number == 1 and isinstance(value, tuple):
            node = _read(graph.inside(value))
            if node.operator == "Cast" and node.inputs == ["features"]:
                doubles.update(node.outputs if node.whole.get("to") == _DOUBLE else ())
            sums = _sum_of(node, n_features) if doubles.issuperset(node.inputs) else None
            if sums is not None:
                trees[node.outputs[0]] = sums
                kept.append(_field(11, _column(node.outputs[0])))
                continue
            operators.add(node.operator)
        kept.append(graph.bytes(whole))
    return b"".join(kept)


def _read(message: Message) -> _Node:
    node = _Node()
    for number, value in message:
        if not isinstance(value, tuple):
            continue
        if number == 1:
            node.inputs.append(message.bytes(value).decode())
        elif number == 2:
            node.outputs.append(message.bytes(value).decode())
        elif number == 4:
            node.operator = message.bytes(value).decode()
        elif number == 5:
            _read_attribute(message.inside(value), node)
    return node


def _read_attribute(message: Message, node: _Node) -> None:
    name = ""
    for number, value in message.lists():
        if number == 1 and isinstance(value, tuple):
            name = message.bytes(value).decode()
        elif number == 3 and isinstance(value, int):
            node.whole[name] = value
        elif number == 5 and isinstance(value, tuple):
            node.tensors[name] = _raw(message.inside(value))
        elif number == -8 and isinstance(value, np.ndarray):
            node.lists[name] = value


def _raw(tensor: Message) -> tuple[int, bytes]:
    """Type and raw bytes of a constant; none where it is written in another way."""
    kind, raw = 0, b""
    for number, value in tensor:
        if number == 2 and isinstance(value, int):
            kind = value
        elif number == 9 and isinstance(value, tuple):
            raw = tensor.bytes(value)
    return kind, raw


def _sum_of(node: _Node, n_features: int) -> TreeSum | None:
    """The trees of a node, if they are of the kind that is taken and of one piece."""
    if node.operator != TREES:
        return None
    said = {"aggregate_function": 1, "post_transform": 0, **node.whole}
    if any(said.get(name) != value for name, value in _SAID.items()):
        return None
    if _NOT_TAKEN & node.tensors.keys() or len(node.outputs) != 1 or node.outputs == ["score"]:
        return None
    threshold, weight = _doubles(node, "nodes_splits"), _doubles(node, "leaf_weights")
    kind, modes = node.tensors.get("nodes_modes", (0, b""))
    feature = node.lists.get("nodes_featureids", np.empty(0, dtype=np.int64))
    count, leaves = len(feature), len(weight)
    empty = np.zeros(0, dtype=np.int64)
    targets = node.lists.get("leaf_targetids", empty)
    nan_left = node.lists.get("nodes_missing_value_tracks_true", np.zeros(count, dtype=np.int64))
    sides: list[Int64Array] = []
    for way in ("true", "false"):
        index = node.lists.get(f"nodes_{way}nodeids", empty)
        leaf = node.lists.get(f"nodes_{way}leafs", empty)
        if len(index) != count or len(leaf) != count:
            return None
        most = np.where(leaf != 0, leaves, count)
        if ((index < 0) | (index >= most)).any():
            return None
        sides.append(index + count * (leaf != 0))
    as_taken = (
        kind == _UINT8
        and modes == bytes(count)  # 0: at most
        and len(threshold) == len(nan_left) == count
        and not np.isnan(threshold).any()
        and len(targets) == leaves
        and not targets.any()
        and ((feature >= 0) & (feature < n_features)).all()
    )
    if not as_taken:
        return None
    roots = node.lists["tree_roots"]
    led_to = np.concatenate([roots, *(side[side < count] for side in sides)])
    if len(np.unique(led_to)) < len(led_to):  # trees that share a branch
        return None
    return TreeSum(roots, feature, threshold, nan_left != 0, sides[0], sides[1], weight)


def _doubles(node: _Node, name: str) -> Float64Array:
    kind, raw = node.tensors.get(name, (0, b""))
    if kind != _DOUBLE or len(raw) % 8:
        return np.empty(0)
    return np.frombuffer(raw, dtype="<f8").astype(np.float64)


def _column(name: str) -> bytes:
    """An input of doubles, ``[n, 1]``, as ONNX describes it."""
    rows, one = _field(1, _field(2, b"n")), _field(1, b"\x08\x01")
    kind = _field(1, bytes((0x08, _DOUBLE)) + _field(2, rows + one))
    return _field(1, name.encode()) + _field(2, kind)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    return bytes(_sevens(number))


def _sevens(number: int) -> Iterator[int]:
    while number > 0x7F:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number
