"""Text of an expression to a checked syntax tree. Nothing is ever evaluated.

Python's grammar is borrowed for its operators, and all but a short list of its constructs refused.
"""

import ast
import warnings

from edgekeeper.errors import UsageError

__all__ = ["MAX_DEPTH", "MAX_TEXT", "fault", "parse"]

MAX_TEXT = 2_000
MAX_DEPTH = 60

_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Name,
    ast.Attribute, ast.Constant, ast.keyword, ast.Load,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.FloorDiv, ast.USub, ast.UAdd, ast.Not,
    ast.And, ast.Or, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
)  # fmt: skip
_WORDS: dict[type[ast.AST], str] = {
    ast.Lambda: "a lambda",
    ast.Subscript: "square brackets",
    ast.List: "a list",
    ast.Tuple: "a tuple",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.IfExp: "'if' (write where(condition, a, b))",
    ast.NamedExpr: "':='",
    ast.Starred: "'*'",
    ast.JoinedStr: "an f-string",
    ast.Mod: "'%'",
    ast.MatMult: "'@'",
    ast.BitAnd: "'&' (write 'and')",
    ast.BitOr: "'|' (write 'or')",
    ast.BitXor: "'^' (write '**' for powers)",
    ast.Invert: "'~' (write 'not')",
    ast.Is: "'is' (write '==')",
    ast.In: "'in'",
}


def fault(text: str, position: int | None, message: str) -> UsageError:
    """Return an error that shows where in the text something is wrong (counted from 1)."""
    where = "" if position is None else f" at character {position + 1}"
    shown = text if len(text) <= 120 else text[:117] + "..."
    return UsageError(f"{message}{where} of {shown!r}")


def parse(text: str) -> ast.expr:
    """Read one expression.

    Raises
    ------
    UsageError
        Not text, empty, too long, not ASCII, malformed, nested deeper than 60, or a construct that
        the language does not have. The message names the position.
    """
    if not isinstance(text, str):
        raise UsageError(f"expected the text of an expression, got {type(text).__name__}")
    if not text.strip():
        raise UsageError("expected an expression such as 'ema(close, 9)', got empty text")
    if len(text) > MAX_TEXT:
        raise fault(text, None, f"expected at most {MAX_TEXT} characters, got {len(text)}")
    for position, character in enumerate(text):
        if not (" " <= character <= "~" or character == "\n") or character in "\\#":
            raise fault(text, position, f"expected plain ASCII text, got {character!r}")
    text = text.replace("\n", " ").strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        offset = None if error.offset is None else error.offset - 1
        raise fault(text, offset, f"expected an expression, got {error.msg}") from error
    except (RecursionError, MemoryError, ValueError, Warning) as error:
        raise fault(text, None, "expected a simpler expression, got one nested too deep") from error
    _check(text, tree)
    return tree.body


def _check(text: str, tree: ast.Expression) -> None:
    """Refuse whatever is not on the list, without recursion."""
    open_nodes: list[tuple[ast.AST, int, int]] = [(tree, 0, 0)]
    while open_nodes:
        node, depth, position = open_nodes.pop()
        position = getattr(node, "col_offset", position)
        if depth > MAX_DEPTH:
            raise fault(text, position, f"expected nesting up to {MAX_DEPTH}, got more")
        if not isinstance(node, _ALLOWED):
            word = _WORDS.get(type(node), type(node).__name__)
            raise fault(
                text, position, f"expected arithmetic, comparison, names and calls, got {word}"
            )
        children = [(child, depth + 1, position) for child in ast.iter_child_nodes(node)]
        open_nodes.extend(children)
