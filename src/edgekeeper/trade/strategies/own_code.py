"""A user's own strategy file: read, pinned by its hash, loaded, and called with care."""

import hashlib
import sys
from collections.abc import Callable
from importlib.abc import InspectLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import ParamSpec, TypeVar

from edgekeeper.errors import StorageError, UsageError
from edgekeeper.trade.strategies.freqtrade_names import freqtrade_names

__all__ = ["call_own", "file_hash", "load_module"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_MOST_BYTES = 10_000_000


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content.

    Raises
    ------
    StorageError
        It cannot be read.
    UsageError
        It is larger than 10 MB.
    """
    return hashlib.sha256(_read(path)).hexdigest()


def load_module(path: Path, expected_hash: str) -> ModuleType:
    """Run a file as a module, if it has the content that it is pinned to.

    Raises
    ------
    StorageError
        It cannot be read.
    UsageError
        Another content, no Python, or an error while it runs.
    """
    content = _read(path)
    found = hashlib.sha256(content).hexdigest()
    if found != expected_hash:
        raise UsageError(
            f"{path}: expected the content with SHA-256 {expected_hash[:12] or 'none'}…, got "
            f"{found[:12]}…: the file was changed since; put the old one back, or begin another "
            "run (without file_hash the file is taken as it is now)"
        )
    loader = _Held(path, content)
    spec = spec_from_loader(f"edgekeeper_strategy_{found[:16]}", loader)
    assert spec is not None
    module = module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[spec.name] = module  # dataclasses and type hints look their module up there
    call_own(path, "loading it", loader.exec_module, module)
    return module


def call_own(path: Path, what: str, call: Callable[_P, _T], *args: _P.args, **kw: _P.kwargs) -> _T:
    """Call a user's code; whatever it raises becomes an error that says where.

    Raises
    ------
    UsageError
        With the kind of error, its words, and the line of the file.
    """
    try:
        with freqtrade_names():
            return call(*args, **kw)
    except UsageError as error:
        raise UsageError(f"{path}{_line(path, error)}: {what}: {error}") from error
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:  # a stranger's code raises what it likes
        raise UsageError(
            f"{path}{_line(path, error)}: {what} failed with {type(error).__name__}: {error}"
            f"{_advice(error)}"
        ) from error


def _advice(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and "talib" in error.name:
        return ": install it with `pip install TA-Lib`"
    if isinstance(error, ImportError):
        return (
            ": install that package, or put what the file needs into it; of freqtrade only what "
            "docs/strategies.md lists is there"
        )
    return ": mend the file; `edgekeeper strategies check FILE` tries it"


def _line(path: Path, error: BaseException) -> str:
    """``:N`` for the last line of the file that was running."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f":{error.lineno}"
    found, step = "", error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == str(path):
            found = f":{step.tb_lineno}"
        step = step.tb_next
    return found


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise StorageError(
            f"rules.file: could not read {path}: {error.strerror or error}: put the strategy's "
            "file there; `edgekeeper new strategy NAME` begins one"
        ) from error
    if len(content) > _MOST_BYTES:
        raise UsageError(f"rules.file: expected a Python file below 10 MB, got a larger {path}")
    return content


class _Held(InspectLoader):
    """Runs the bytes that were hashed, not whatever the file holds a moment later."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path, self._content = path, content

    def get_source(self, fullname: str) -> str:
        return self._content.decode("utf-8")

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._content, str(self._path))

    def is_package(self, fullname: str) -> bool:
        return False
