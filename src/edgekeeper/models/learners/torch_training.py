"""Training nets with PyTorch: the same bits every time, stopped by rows that come later.

PyTorch is the extra ``deep``. It is imported when something is fitted, and never to serve.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.devices import require_cuda
from edgekeeper.models.learners.rows import training_rows
from edgekeeper.types import Device, Float32Array, Int64Array, TrainingRows

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Descent", "array", "evenly", "later_part", "reproducible_torch", "tensor", "uniform"]

_ONE_AT_A_TIME = Lock()
_ONE_WORKSPACE = ":16:8"  # without it cuBLAS, and cuDNN's recurrence, may add up in another order
_HELD_BACK = 0.2
_MOST_GRADIENT = 1.0


@contextmanager
def reproducible_torch(learner: str, device: Device = "cpu") -> Iterator[Any]:
    """Import PyTorch and let it calculate on one thread, in one order, inside the block.

    Both are settings of the whole process, so that only one net is trained at a time; they are
    put back at the end. Random numbers come from NumPy: PyTorch's generator is not touched.
    Tensors made inside are made on ``device``.

    Raises
    ------
    UsageError
        PyTorch is not there, or the graphics card that was asked for is not.
    """
    try:
        import torch
    except ImportError as error:
        raise UsageError(
            f'{learner}: training needs PyTorch: run `pip install "edgekeeper[deep]"` (a trained '
            "package is served without it)"
        ) from error
    if device == "cuda":
        require_cuda("torch", learner)
    with _ONE_AT_A_TIME:
        threads = torch.get_num_threads()
        mode = torch.get_deterministic_debug_mode()
        torch.set_num_threads(1)
        # `use_deterministic_algorithms` is the same switch, and loads a compiler besides.
        torch.set_deterministic_debug_mode("error")
        try:
            with torch.enable_grad(), _on_cuda() if device == "cuda" else nullcontext():
                yield torch
        finally:
            torch.set_deterministic_debug_mode(mode)
            torch.set_num_threads(threads)


@contextmanager
def _on_cuda() -> Iterator[None]:
    """Make tensors on the card, and calculate there in full single precision and in one order."""
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", _ONE_WORKSPACE)
    exact = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
    with exact, torch.device("cuda"):
        yield


def tensor(values: Any) -> "Tensor":
    """Return a float32 tensor of its own, on the device of the block."""
    import torch

    return torch.tensor(np.asarray(values, dtype=np.float32))


def array(values: "Tensor") -> Float32Array:
    """Return a tensor's numbers, wherever it is."""
    return np.asarray(values.detach().cpu().numpy())


def uniform(random: np.random.Generator, bound: float, *shape: int) -> "Tensor":
    """Return weights to begin with, even within ``bound`` of zero, that are to be learned."""
    return tensor(random.uniform(-bound, bound, shape)).requires_grad_()


def later_part(
    rows: TrainingRows, validation: TrainingRows | None
) -> tuple[TrainingRows, TrainingRows]:
    """Return the rows to fit on, and later ones to stop by.

    Without ``validation`` the last fifth of the rows is held back, and rows whose outcome was not
    known before its first decision are left out.
    """
    if validation is not None:
        return rows, training_rows(validation, where="validation")
    cut = len(rows) - max(round(_HELD_BACK * len(rows)), 1)
    known = np.flatnonzero(rows.end_time[:cut] < rows.start_time[cut])
    return rows.take(known), rows.take(np.arange(cut, len(rows)))


def evenly(rows: TrainingRows, most: int) -> TrainingRows:
    """At most ``most`` rows, evenly over time."""
    if len(rows) <= most:
        return rows
    return rows.take(np.linspace(0, len(rows) - 1, most).astype(np.int64))


@dataclass(frozen=True, slots=True)
class Descent:
    """AdamW on batches drawn from all rows; the weights that later rows liked best are kept.

    The number of batches is bounded, so a million rows cost as much as some ten thousand.

    Attributes
    ----------
    batches : int
        At most.
    batch : int
        Rows in each.
    between_looks : int
        Batches from one look at the later rows to the next.
    patience : int
        Looks without improvement before stopping.
    learning_rate : float
    decay : float
        Share of each weight that a unit of learning rate takes away a batch.

    Notes
    -----
    Loshchilov & Hutter (2019), "Decoupled weight decay regularization".
    """

    batches: int
    batch: int
    between_looks: int
    patience: int
    learning_rate: float
    decay: float

    def run(
        self,
        shrinking: "Sequence[Tensor]",
        free: "Sequence[Tensor]",
        loss: "Callable[[Int64Array], Tensor]",
        later_loss: Callable[[], float],
        rows: int,
        random: np.random.Generator,
    ) -> None:
        """Move the weights, in place.

        Parameters
        ----------
        shrinking, free : sequence of tensors
            Weights that decay, and those that do not.
        loss : callable
            Of the rows with these places among ``rows``.
        later_loss : callable
            Of the later rows, with the weights as they are.
        """
        import torch

        weights = [*shrinking, *free]
        groups = [
            {"params": list(shrinking), "weight_decay": self.decay},
            {"params": list(free), "weight_decay": 0.0},
        ]
        optimiser = torch.optim.AdamW(groups, lr=self.learning_rate)
        best, least, waited = _copies(weights), np.inf, 0
        for step in range(self.batches + 1):
            if step % self.between_looks == 0 or step == self.batches:
                with torch.no_grad():
                    now = later_loss()
                waited += 1
                if now < least:
                    best, least, waited = _copies(weights), now, 0
                if waited > self.patience:
                    break
            if step < self.batches:
                optimiser.zero_grad()
                loss(random.integers(0, rows, self.batch)).backward()
                torch.nn.utils.clip_grad_norm_(weights, _MOST_GRADIENT)
                optimiser.step()
        with torch.no_grad():
            for weight, kept in zip(weights, best, strict=True):
                weight.copy_(tensor(kept))


def _copies(weights: "Sequence[Tensor]") -> list[Float32Array]:
    return [array(weight).copy() for weight in weights]
