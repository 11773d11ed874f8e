"""Whether a graphics card can be calculated on, and if not, what is missing.

Where they find no card libraries go back to the processor, with a warning at most. Whoever asks
for one is refused here instead.
"""

import ctypes
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

from edgekeeper.errors import UsageError

__all__ = ["CUDA_LIBRARIES", "cuda_devices", "missing_for_cuda", "require_cuda"]

_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


def cuda_devices() -> int:
    """Count the cards that the driver of this machine shows; 0 also where there is no driver.

    Asks the driver itself, so that no library has to be loaded; ``CUDA_VISIBLE_DEVICES`` counts.
    """
    try:
        driver = ctypes.CDLL(_DRIVER)
        count = ctypes.c_int(0)
        if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
            return 0
    except (OSError, AttributeError):
        return 0
    return count.value


def _xgboost() -> str:
    import xgboost

    if xgboost.build_info().get("USE_CUDA"):
        return ""
    return (
        "the XGBoost installed was built without CUDA: `pip uninstall xgboost-cpu`, then "
        '`pip install --force-reinstall "xgboost>=3.2"`'
    )


def _torch() -> str:
    try:
        import torch
    except ImportError:
        return 'PyTorch is not installed: `pip install "edgekeeper[deep]"`'
    if torch.cuda.is_available():
        return ""
    return "the PyTorch installed sees no CUDA device: install a build of it for this CUDA driver"


def _onnxruntime() -> str:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return ""
    return (
        "the ONNX Runtime installed was built without CUDA: `pip uninstall onnxruntime`, then "
        '`pip install --force-reinstall "onnxruntime-gpu[cuda,cudnn]>=1.31"`'
    )


CUDA_LIBRARIES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"xgboost": _xgboost, "torch": _torch, "onnxruntime": _onnxruntime}
)
"""Libraries that can calculate on a card, each with what says why it cannot here, or nothing."""


def missing_for_cuda(library: str) -> str:
    """Say what keeps one of ``CUDA_LIBRARIES`` from a card, and the remedy; empty: nothing."""
    if cuda_devices() == 0:
        return (
            f"no CUDA device was found (asked the NVIDIA driver, {_DRIVER}): see that `nvidia-smi` "
            "lists a card and CUDA_VISIBLE_DEVICES hides none"
        )
    return CUDA_LIBRARIES[library]()


def require_cuda(library: str, who: str) -> None:
    """Refuse for ``who`` where the library cannot calculate on a card.

    Raises
    ------
    UsageError
        What was looked for, and what to do.
    """
    if missing := missing_for_cuda(library):
        raise UsageError(
            f'{who}: expected a graphics card for device = "cuda": {missing}; or use device = '
            '"cpu": nothing is moved there unasked'
        )
