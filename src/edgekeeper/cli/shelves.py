"""Shelves that a plug-in can stand on, and the line that puts it there."""

import ast
import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from edgekeeper.errors import BadData, StorageError, UsageError, nearest

__all__ = ["SHELVES", "STRATEGY", "Shelf", "begin_strategy", "put_on_shelf"]

STRATEGY = "strategy"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a kind of plug-in lives in a checkout.

    Attributes
    ----------
    folder, tests : str
        Of implementation and test.
    registry : str
        File with the dictionary called ``dictionary``.
    module : str
        Dotted name of the folder.
    exported : callable
        What the implementation exports, from the plug-in's name.
    entry : str
        Line of the dictionary, a template.
    """

    folder: str
    tests: str
    registry: str
    dictionary: str
    module: str
    exported: Callable[[str], str]
    entry: str


def _constant(name: str) -> str:
    return name.upper()


def _class(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


SHELVES = {
    "op": Shelf(
        folder="src/edgekeeper/features/ops",
        tests="tests/features",
        registry="src/edgekeeper/features/ops/__init__.py",
        dictionary="OPS",
        module="edgekeeper.features.ops",
        exported=_constant,
        entry="**$exported,",
    ),
    "learner": Shelf(
        folder="src/edgekeeper/models/learners",
        tests="tests/models",
        registry="src/edgekeeper/models/learners/__init__.py",
        dictionary="LEARNERS",
        module="edgekeeper.models.learners",
        exported=_class,
        entry='"$name": $exported,',
    ),
    "source": Shelf(
        folder="src/edgekeeper/market",
        tests="tests/market",
        registry="src/edgekeeper/market/loading.py",
        dictionary="SOURCES",
        module="edgekeeper.market",
        exported=_class,
        entry='"$name": $exported,',
    ),
}


def put_on_shelf(kind: str, name: str, root: Path) -> list[Path]:
    """Write implementation, test and registry line; return the files written, that one last.

    Raises
    ------
    UsageError
        An unknown kind, a name that is no plain identifier or taken, or no checkout at ``root``.
    StorageError
        A file cannot be read or written.
    """
    kinds = (*SHELVES, STRATEGY)
    if kind not in SHELVES:
        raise UsageError(f"expected one of {', '.join(kinds)}, got {kind!r}{nearest(kind, kinds)}")
    shelf = SHELVES[kind]
    _check_name(name)
    registry = root / shelf.registry
    if not registry.is_file():
        raise UsageError(
            f"expected a checkout of Edgekeeper at {root.absolute()}, found no {shelf.registry}: "
            "run this in its root, or name it with --root"
        )
    target = root / shelf.folder / f"{name}.py"
    test = root / shelf.tests / f"test_{name}.py"
    words = {"name": name, "constant": _constant(name), "class_name": _class(name)}
    try:
        before = registry.read_text("utf-8")
        if target.exists() or test.exists() or _mentions(root / shelf.folder, name):
            raise UsageError(f"{kind} {name!r} exists already: choose another name")
        after = _registered(before, shelf, name)
        for path, template in ((target, f"{kind}.tmpl"), (test, f"{kind}_test.tmpl")):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_template(template).substitute(words), "utf-8")
        registry.write_text(after, "utf-8")
    except OSError as error:
        raise StorageError(
            f"could not write in {root}: {error.strerror or error}: check its permissions"
        ) from error
    return [target, test, registry]


def begin_strategy(name: str, folder: Path) -> Path:
    """Write a strategy file that works into a folder, which need not be a checkout.

    Raises
    ------
    UsageError
        A name that is no plain identifier, or a file of that name.
    StorageError
        It cannot be written.
    """
    _check_name(name)
    path = folder / f"{name}.py"
    text = _template(f"{STRATEGY}.tmpl").substitute(name=name)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already: choose another name") from error
    except OSError as error:
        raise StorageError(
            f"could not write {path}: {error.strerror or error}: check the folder"
        ) from error
    return path


def _check_name(name: str) -> None:
    plain = re.fullmatch(r"[a-z][a-z0-9_]{1,23}", name)
    if not plain or keyword.iskeyword(name):
        raise UsageError(
            f"expected a short name of small letters, digits and _, such as 'my_range', got "
            f"{name!r}"
        )


def _mentions(folder: Path, name: str) -> bool:
    """Whether a file of the shelf has a string of this name: the key it is registered under."""
    quoted = f'"{name}"'
    return any(quoted in path.read_text("utf-8") for path in folder.glob("*.py"))


def _template(file: str) -> Template:
    place = resources.files("edgekeeper.cli").joinpath("templates").joinpath(file)
    return Template(place.read_text("utf-8"))


def _registered(text: str, shelf: Shelf, name: str) -> str:
    """Return the registry's text with the import in its sorted place and the entry at the end."""
    exported = shelf.exported(name)
    lines = text.splitlines(keepends=True)
    tree = ast.parse(text)
    last = _end_of_dictionary(tree, shelf)
    above = lines[last - 2]
    indent = above[: len(above) - len(above.lstrip())]
    entry = Template(shelf.entry).substitute(name=name, exported=exported)
    lines.insert(last - 1, f"{indent}{entry}\n")
    module = f"{shelf.module}.{name}"
    imports = [
        node
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("edgekeeper.")
    ]
    later = [node.lineno for node in imports if (node.module or "") > module]
    place = later[0] - 1 if later else max(node.end_lineno or 1 for node in imports)
    lines.insert(place, f"from {module} import {exported}\n")
    return "".join(lines)


def _end_of_dictionary(tree: ast.Module, shelf: Shelf) -> int:
    """Number of the line that closes the registry's dictionary."""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == shelf.dictionary:
            held = next((n for n in ast.walk(node) if isinstance(n, ast.Dict)), None)
            if held is not None and held.end_lineno is not None:
                return held.end_lineno
    raise BadData(
        f"{shelf.registry}: expected a dictionary {shelf.dictionary} written out over several "
        "lines, found none: add the line by hand"
    )
