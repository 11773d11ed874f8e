"""From a checked syntax tree to nodes of the graph: names, operators, calls and parameters."""

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgekeeper.bars import COLUMNS
from edgekeeper.errors import UsageError, nearest
from edgekeeper.features.across import ACROSS
from edgekeeper.features.calendar import CALENDAR
from edgekeeper.features.graph import Graph
from edgekeeper.features.indicators import Indicator, indicators
from edgekeeper.features.ops import OPS, Op
from edgekeeper.features.ops.higher import interval_seconds
from edgekeeper.features.ops.op import Param
from edgekeeper.features.syntax import MAX_DEPTH, fault, parse

__all__ = ["read"]

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
}
_COMPARISONS: dict[type[ast.cmpop], tuple[str, bool]] = {
    ast.Lt: ("less", False),
    ast.LtE: ("less_equal", False),
    ast.Gt: ("less", True),
    ast.GtE: ("less_equal", True),
    ast.Eq: ("equal", False),
}
_NUMBERS = {"pi": math.pi}
_CONTEXT_NAME = re.compile(r"[A-Za-z0-9^][A-Za-z0-9_.:^=/ -]{0,63}")


def read(text: str, graph: Graph) -> int:
    """Add an expression to the graph and return the position of its result.

    Raises
    ------
    UsageError
        What :func:`parse` refuses; unknown names (with the nearest known one); wrong number of
        arguments; a window that is not a whole literal number in its range.
    """
    tree = parse(text)
    result = _Reader(text.replace("\n", " ").strip(), graph).node(tree, _Scope({}))
    if graph.value(result) is not None:
        raise fault(text, None, "expected an expression over columns, got a constant")
    return result


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names mean: parameters of the indicator being read, where it was called, which bars."""

    names: Mapping[str, int]
    called_at: int | None = None
    depth: int = 0
    bars_s: int = 0


class _Reader:
    def __init__(self, text: str, graph: Graph) -> None:
        self._text = text
        self._graph = graph

    def _fault(self, tree: ast.expr, scope: _Scope, message: str) -> UsageError:
        position = tree.col_offset if scope.called_at is None else scope.called_at
        return fault(self._text, position, message)

    def _apply(
        self, tree: ast.expr, scope: _Scope, name: str, *inputs: int, params: tuple[float, ...] = ()
    ) -> int:
        """Apply an op, refusing constants that cannot be computed."""
        try:
            result = self._graph.apply(name, inputs, params)
        except UsageError as error:
            raise self._fault(tree, scope, str(error)) from error
        value = self._graph.value(result)
        if value is not None and not math.isfinite(value):
            raise self._fault(
                tree, scope, f"expected a number, got {name} of constants without one"
            )
        return result

    def node(self, tree: ast.expr, scope: _Scope) -> int:
        """Read any part of the tree."""
        if isinstance(tree, ast.Constant):
            return self._number(tree, scope)
        if isinstance(tree, ast.Name | ast.Attribute):
            return self._name(tree, scope)
        if isinstance(tree, ast.Call):
            return self._call(tree, scope)
        if isinstance(tree, ast.UnaryOp):
            operand = self.node(tree.operand, scope)
            if isinstance(tree.op, ast.UAdd):
                return operand
            name = "negate" if isinstance(tree.op, ast.USub) else "negation"
            return self._apply(tree, scope, name, operand)
        if isinstance(tree, ast.BinOp):
            return self._binary(tree, scope)
        if isinstance(tree, ast.BoolOp):
            name = "conjunction" if isinstance(tree.op, ast.And) else "disjunction"
            return self._chain(tree, scope, name, [self.node(v, scope) for v in tree.values])
        if isinstance(tree, ast.Compare):
            return self._comparison(tree, scope)
        raise self._fault(tree, scope, f"expected an expression, got {type(tree).__name__}")

    def _chain(self, tree: ast.expr, scope: _Scope, name: str, parts: list[int]) -> int:
        result = parts[0]
        for part in parts[1:]:
            result = self._apply(tree, scope, name, result, part)
        return result

    def _number(self, tree: ast.Constant, scope: _Scope) -> int:
        if isinstance(tree.value, bool) or not isinstance(tree.value, int | float):
            raise self._fault(tree, scope, f"expected a number, got {tree.value!r}")
        try:
            value = float(tree.value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise self._fault(tree, scope, "expected a number below 1e308, got a larger one")
        return self._graph.constant(value)

    def _name(self, tree: ast.expr, scope: _Scope) -> int:
        name = _dotted(tree)
        if name is None:
            raise self._fault(tree, scope, "expected a column such as SPY.close before the dot")
        if name in scope.names:
            return scope.names[name]
        if name in _NUMBERS:
            return self._graph.constant(_NUMBERS[name])
        if name in COLUMNS or name in CALENDAR:
            return self._graph.column(name, scope.bars_s)
        if "." in name and all(part and not part.startswith("_") for part in name.split(".")):
            return self._graph.column(name, scope.bars_s)
        if name in OPS or name in indicators() or name in ACROSS or name == "tf":
            raise self._fault(tree, scope, f"expected {name}(...) with its arguments, got {name!r}")
        known = [*COLUMNS, *CALENDAR, *_NUMBERS]
        raise self._fault(
            tree,
            scope,
            f"unknown column {name!r}{nearest(name, known)} (context columns are written "
            'SPY.close, or column("name"))',
        )

    def _binary(self, tree: ast.BinOp, scope: _Scope) -> int:
        left, right = self.node(tree.left, scope), self.node(tree.right, scope)
        if type(tree.op) in _BINARY:
            return self._apply(tree, scope, _BINARY[type(tree.op)], left, right)
        exponent = self._graph.value(right)
        if isinstance(tree.op, ast.Pow):
            if exponent is None or abs(exponent) > 64:
                raise self._fault(
                    tree.right, scope, "expected a literal exponent from -64 to 64 after '**'"
                )
            return self._apply(tree, scope, "power", left, params=(exponent,))
        whole = self._graph.value(left)
        if whole is None or not exponent:
            raise self._fault(tree, scope, "expected '//' between constants only")
        return self._graph.constant(float(whole // exponent))

    def _comparison(self, tree: ast.Compare, scope: _Scope) -> int:
        sides = [self.node(side, scope) for side in (tree.left, *tree.comparators)]
        parts = []
        for operator, left, right in zip(tree.ops, sides, sides[1:], strict=False):
            if isinstance(operator, ast.NotEq):
                same = self._apply(tree, scope, "equal", left, right)
                parts.append(self._apply(tree, scope, "negation", same))
                continue
            name, turned = _COMPARISONS[type(operator)]
            pair = (right, left) if turned else (left, right)
            parts.append(self._apply(tree, scope, name, *pair))
        return self._chain(tree, scope, "conjunction", parts)

    # -- calls ----------------------------------------------------------------------------------

    def _call(self, tree: ast.Call, scope: _Scope) -> int:
        name = _dotted(tree.func)
        if name == "column":
            return self._column_by_text(tree, scope)
        if name == "tf":
            return self._longer_bars(tree, scope)
        if name in ACROSS:
            return self._comparison_of_symbols(tree, scope, name)
        if name in OPS:
            return self._op(tree, scope, OPS[name])
        if name in indicators():
            return self._indicator(tree, scope, indicators()[name])
        hint = nearest(name or "", [*OPS, *indicators(), *ACROSS, "tf", "column"])
        raise self._fault(tree, scope, f"unknown function {name or 'here'!r}{hint}")

    def _column_by_text(self, tree: ast.Call, scope: _Scope) -> int:
        given = tree.args[0] if len(tree.args) == 1 and not tree.keywords else None
        value = given.value if isinstance(given, ast.Constant) else None
        if not isinstance(value, str) or not _CONTEXT_NAME.fullmatch(value):
            raise self._fault(tree, scope, 'expected column("name of a context column")')
        return self._graph.column(value, scope.bars_s)

    def _longer_bars(self, tree: ast.Call, scope: _Scope) -> int:
        """``tf("1h", expr)``: ``expr`` over completed bars of that length, the last value held."""
        given = tree.args[0] if len(tree.args) == 2 and not tree.keywords else None
        text = given.value if isinstance(given, ast.Constant) else None
        if not isinstance(text, str):
            raise self._fault(tree, scope, 'expected tf("1h", expression)')
        if scope.bars_s:
            raise self._fault(tree, scope, "expected one tf, got a tf within another")
        try:
            length = interval_seconds(text)
        except UsageError as error:
            raise self._fault(tree.args[0], scope, str(error)) from error
        inner = self.node(tree.args[1], replace(scope, bars_s=length))
        if self._graph.value(inner) is not None:
            raise self._fault(tree, scope, "expected an expression over columns, got a constant")
        return self._graph.hold(inner)

    def _comparison_of_symbols(self, tree: ast.Call, scope: _Scope, name: str) -> int:
        if len(tree.args) != 1 or tree.keywords:
            raise self._fault(tree, scope, f"expected {name}(x), with one series")
        series = self.node(tree.args[0], scope)
        if self._graph.value(series) is not None:
            raise self._fault(tree, scope, f"expected a series in {name}, got a constant")
        try:
            return self._graph.compare(name, series)
        except UsageError as error:
            raise self._fault(tree, scope, str(error)) from error

    def _op(self, tree: ast.Call, scope: _Scope, op: Op) -> int:
        series, numbers = tree.args[: op.inputs], tree.args[op.inputs :]
        if len(series) < op.inputs or len(numbers) > len(op.params):
            shown = ", ".join([*("xyzuv"[: op.inputs]), *(p.name for p in op.params)])
            raise self._fault(
                tree, scope, f"expected {op.name}({shown}), got {len(tree.args)} arguments"
            )
        inputs = tuple(self.node(part, scope) for part in series)
        given: dict[str, ast.expr] = {
            param.name: part for param, part in zip(op.params, numbers, strict=False)
        }
        for keyword in tree.keywords:
            known = [param.name for param in op.params]
            if keyword.arg not in known or keyword.arg in given:
                hint = nearest(keyword.arg or "**", known)
                raise self._fault(
                    tree, scope, f"unexpected argument {keyword.arg!r} of {op.name}{hint}"
                )
            given[keyword.arg] = keyword.value
        params = tuple(self._param(tree, scope, op, p, given.get(p.name)) for p in op.params)
        return self._apply(tree, scope, op.name, *inputs, params=params)

    def _param(
        self, tree: ast.expr, scope: _Scope, op: Op, param: Param, given: ast.expr | None
    ) -> float:
        if given is None:
            if param.default is None:
                raise self._fault(tree, scope, f"expected {param.name!r} of {op.name}, got none")
            return param.default
        value = self._graph.value(self.node(given, scope))
        kind = "a whole number" if param.whole else "a number"
        wanted = (
            f"expected {kind} from {param.low:g} to {param.high:g} as {param.name!r} of {op.name}"
        )
        if value is None:
            hint = f" (of two series: {op.name}imum)" if op.name in ("min", "max") else ""
            raise self._fault(given, scope, f"{wanted}, got a series{hint}")
        if not param.low <= value <= param.high or (param.whole and value != int(value)):
            raise self._fault(given, scope, f"{wanted}, got {value:g}")
        return value

    def _indicator(self, tree: ast.Call, scope: _Scope, indicator: Indicator) -> int:
        names = [name for name, _ in indicator.parameters]
        if len(tree.args) > len(names):
            raise self._fault(
                tree, scope, f"expected {indicator.signature}, got {len(tree.args)} arguments"
            )
        if scope.depth > MAX_DEPTH:
            raise self._fault(tree, scope, f"indicator {indicator.name!r} goes round in circles")
        given: dict[str, int] = {
            name: self.node(part, scope) for name, part in zip(names, tree.args, strict=False)
        }
        for keyword in tree.keywords:
            if keyword.arg not in names or keyword.arg in given:
                hint = nearest(keyword.arg or "**", names)
                raise self._fault(
                    tree,
                    scope,
                    f"unexpected argument {keyword.arg!r}, expected {indicator.signature}{hint}",
                )
            given[keyword.arg] = self.node(keyword.value, scope)
        position = tree.col_offset if scope.called_at is None else scope.called_at
        outer = _Scope({}, position, scope.depth + 1, scope.bars_s)
        for name, default in indicator.parameters:
            if name in given:
                continue
            if default is None:
                raise self._fault(tree, scope, f"expected {indicator.signature}, without {name!r}")
            given[name] = self.node(parse(default), outer)
        return self.node(indicator.tree(), replace(outer, names=given))


def _dotted(tree: ast.expr) -> str | None:
    """``SPY.close`` as text; None where something else than names stands before a dot."""
    if isinstance(tree, ast.Name):
        return tree.id
    if isinstance(tree, ast.Attribute):
        before = _dotted(tree.value)
        return None if before is None else f"{before}.{tree.attr}"
    return None
