"""How the parts of the step are compiled.

Only :func:`step.advance` is called from Python, so parts get no wrappers for that, which halves
the compile time. Only ``advance`` is kept on disk, whole; as Numba looks at the age of ``step.py``
alone, whoever edits another file of this room clears ``__pycache__``.

Division by zero gives inf or NaN, as in NumPy: guards and limits read both as bad news.
"""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

__all__ = ["compiled", "inlined", "plain"]

_Part = TypeVar("_Part", bound=Callable[..., Any])
_WITHOUT_WRAPPERS: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def compiled(part: _Part) -> _Part:
    """Compile a part for use by other compiled functions."""
    dispatcher: _Part = njit(part, error_model="numpy", **_WITHOUT_WRAPPERS)
    return dispatcher


def inlined(part: _Part) -> _Part:
    """Paste a part that takes many arrays into its caller, so that none is counted. One exit."""
    dispatcher: _Part = njit(part, error_model="numpy", inline="always")
    return dispatcher


def plain(part: _Part) -> _Part:
    """Return the Python function behind a part, for a rare call from outside the step.

    Records are then handed over as ``array.view(np.recarray)[0]``.
    """
    function: _Part = inspect.unwrap(part)
    return function
