"""``Op``: one compiled step over a chunk of rows, with its memory, and how kernels are loaded."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from numba import cfunc
from numba import types as numba_types

from edgekeeper.errors import UsageError

__all__ = [
    "EIGHT_INPUTS",
    "HUGE",
    "MAX_INPUTS",
    "MAX_WINDOW",
    "Kernel",
    "Op",
    "Param",
    "Params",
    "when_compiling",
    "window",
]

HUGE = 1e75
"""Stateful kernels read a number this large as missing: its fourth power would overflow."""

MAX_INPUTS = 5
EIGHT_INPUTS = 15
"""Pointers before the last output of a kernel for eight: eight inputs, seven more outputs."""

MAX_WINDOW = 131_072

Kernel = Callable[..., None]
Params = Sequence[float]

types: Any = numba_types
_POINTER = types.CPointer(types.float64)
_SIGNATURES = tuple(
    types.void(types.int64, *([_POINTER] * inputs), _POINTER, _POINTER, _POINTER)
    for inputs in range(EIGHT_INPUTS + 1)
)
_loaded: dict[Kernel, Any] = {}
_loading = Lock()
_listeners: list[Callable[[str], None]] = []


@dataclass(frozen=True, slots=True)
class Param:
    """A number written in the text of a feature, such as a window.

    Attributes
    ----------
    low, high : float
        Smallest and largest value allowed, both included.
    whole : bool
        Whether only whole numbers make sense.
    default : float or None
        Used where the text leaves it out; None means it must be written.
    """

    name: str
    low: float
    high: float
    whole: bool = True
    default: float | None = None


def window(name: str = "n", low: int = 1, default: float | None = None) -> Param:
    """Return the usual parameter: a number of bars."""
    return Param(name, low, MAX_WINDOW, True, default)


def _nothing(params: Params) -> int:
    return 0


def _as_written(params: Params) -> Params:
    return params


@dataclass(frozen=True, slots=True)
class Op:
    """An operator of the feature language.

    The kernel is a plain function ``kernel(n, x1, ..., xk, out, params, state)`` that numba
    compiles to a C function. ``n`` is the number of rows; the rest are pointers to float64, indexed
    like arrays. It reads ``x[0..n)``, writes ``out[0..n)`` and leaves in ``state`` whatever the
    next chunk needs. A fresh state is all zeros. The contract, proved for any op by
    ``edgekeeper.testing.ops.check_op``:

    - however the rows are cut into chunks, the output is the same to the last bit;
    - row ``i`` depends on rows up to ``i`` only;
    - a stateful op answers a missing input (NaN, infinite, beyond ``HUGE``) with NaN and leaves its
      state as it was;
    - after ``warm_up`` rows, having started later changes nothing beyond 1e-6.

    Attributes
    ----------
    inputs : int
        Number of series it reads, 0 to 5.
    params : tuple of Param
        Numbers that follow the series in the text.
    state_size : callable
        float64 slots of memory for given parameters.
    lookback : callable
        Rows before the first value, given valid input.
    warm_up : callable
        Rows after which the start no longer matters; None: as ``lookback``.
    constants : callable
        What the kernel gets as ``params``, computed once from the parameters written.
    version : int
        Raised whenever results change; part of every expression's hash.
    reads_missing : bool
        Whether the output may be a number although an input is NaN (``where``, ``fill``).
    eight : kernel, optional
        For an op of one input whose rows wait for each other: the same for eight at once,
        ``eight(n, x1, ..., x8, out1, ..., out8, params, state)``, parameters and states one after
        the other.
    keyed : bool
        Whether the last series is a key, such as the number of a session: the op does something
        whenever it changes, and has no value before the first change.
    scratch : int
        Work space in float64 a row, which the kernel gets as one pointer before ``out``, if any;
        what it holds before is of no use, and nobody reads what is left there.
    """

    name: str
    kernel: Kernel
    inputs: int
    params: tuple[Param, ...] = ()
    state_size: Callable[[Params], int] = _nothing
    lookback: Callable[[Params], int] = _nothing
    warm_up: Callable[[Params], int] | None = None
    constants: Callable[[Params], Params] = _as_written
    version: int = 1
    meaning: str = ""
    reads_missing: bool = False
    eight: Kernel | None = None
    keyed: bool = False
    scratch: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.inputs <= MAX_INPUTS:
            raise UsageError(
                f"op {self.name!r}: expected 1 to {MAX_INPUTS} input series, got {self.inputs}"
            )

    @property
    def pointers(self) -> int:
        """What its kernel gets before ``out``."""
        return self.inputs + (1 if self.scratch else 0)

    @property
    def stateful(self) -> bool:
        """Whether the op remembers anything for its smallest parameters."""
        return self.state_size([max(p.low, 2) for p in self.params]) > 0

    def memory(self, params: Params) -> int:
        """Rows after which the start no longer matters beyond 1e-6."""
        return self.lookback(params) if self.warm_up is None else self.warm_up(params)

    def address(self) -> int:
        """Address of the compiled kernel; compiled, or read from disk, when first asked for."""
        return _load(self.kernel, self.pointers)

    def address_of_eight(self) -> int:
        """Address of the compiled kernel for eight."""
        if self.eight is None:
            raise UsageError(f"op {self.name!r} has no kernel for eight at once")
        return _load(self.eight, EIGHT_INPUTS)


def when_compiling(listener: Callable[[str], None]) -> None:
    """Have ``listener`` called with each kernel's name once it was compiled, not read from disk."""
    _listeners[:] = [listener]


def _load(kernel: Kernel, inputs: int) -> int:
    with _loading:
        if kernel not in _loaded:
            _loaded[kernel] = _compiled(kernel, _SIGNATURES[inputs])
            if not _loaded[kernel].cache_hits:
                for listener in _listeners:
                    listener(kernel.__name__)
        return int(_loaded[kernel].address)


def _compiled(kernel: Kernel, signature: Any) -> Any:
    """Compile a kernel, or read it from disk.

    A user's own may stand where numba cannot keep it: in a notebook, in text, or in a module that
    was loaded under a name nobody can import again. Then it is compiled each time.
    """
    keep = kernel.__module__ in sys.modules
    try:
        return cfunc(signature, cache=keep, error_model="numpy")(kernel)
    except (ModuleNotFoundError, RuntimeError):
        return cfunc(signature, cache=False, error_model="numpy")(kernel)
