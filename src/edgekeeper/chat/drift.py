"""Drift of a run, computed by a process of its own: it needs much memory for some seconds."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekeeper.errors import StorageError

__all__ = ["ask_drift"]

_SECONDS = 180.0


def ask_drift(run: Path) -> Mapping[str, Any]:
    """Return what ``edgekeeper drift RUN --json`` says.

    Raises
    ------
    StorageError
        It took too long, or failed.
    """
    command = [sys.executable, "-m", "edgekeeper", "drift", str(run), "--json"]
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StorageError(f"drift could not be computed: {type(error).__name__}") from error
    try:
        said = json.loads(done.stdout)
    except ValueError:
        told = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise StorageError(
            f"drift could not be computed: {' '.join(told) or 'no answer'}"
        ) from None
    return said if isinstance(said, dict) else {}
