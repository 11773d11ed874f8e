"""Checks of optional libraries: which are installed, and which a run cannot do without."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.cli.machine import Check

if TYPE_CHECKING:
    from edgekeeper.config import Config

__all__ = ["EXTRAS", "check_extras", "extras_wanted"]

EXTRAS = {
    "postgresql": ("psycopg", "records in PostgreSQL"),
    "signing": ("cryptography", "signed packages"),
    "ccxt": ("ccxt", "bars of crypto exchanges"),
    "telegram": ("telegram", "orders by Telegram"),
    "explain": ("shap", "explanations of any learner"),
    "mlflow": ("mlflow", "models mirrored to MLflow"),
    "online": ("river", "learners that learn from each outcome"),
    "deep": ("torch", "training nets"),
}
"""Extras, the library that each brings, and what for."""


def extras_wanted(folder: Path, settings: "Config", url: str) -> dict[str, str]:
    """Extras that this run cannot do without, and why."""
    import json

    found = {}
    if url.startswith("postgres"):
        found["postgresql"] = "its record is in PostgreSQL"
    if settings.notify.telegram is not None and settings.notify.telegram.commands_from:
        found["telegram"] = "it takes orders by Telegram"
    if settings.packages.trusted_keys or settings.packages.signing_key:
        found["signing"] = "its packages are signed"
    try:
        source = str(json.loads((folder / "paper.json").read_text("utf-8"))["source"])
    except (OSError, ValueError, KeyError, TypeError):
        source = ""
    if source.startswith("ccxt:"):
        found["ccxt"] = f"its bars come from {source}"
    return found


def check_extras(wanted: dict[str, str]) -> Iterator[Check]:
    """Say which extras are installed; fail for what is needed and absent. And the graphics card."""
    present = {name: find_spec(library) is not None for name, (library, _) in EXTRAS.items()}
    for name, why in wanted.items():
        if not present[name]:
            yield Check(f"Extra {name}", "fail", f"not installed, and {why}",
                        f'pip install "edgekeeper[{name}]"')  # fmt: skip
    absent = [f"{name} ({what})" for name, (_, what) in EXTRAS.items() if not present[name]]
    said = ", ".join(name for name, here in present.items() if here) or "none"
    yield Check("Extras", "ok", f"{said}" + (f"; not: {', '.join(absent)}" if absent else ""))
    yield _graphics_card()


def _graphics_card() -> Check:
    """Say whether there is one, and what can calculate on it; no library is loaded for none."""
    from edgekeeper.models.devices import CUDA_LIBRARIES, cuda_devices, missing_for_cuda

    cards = cuda_devices()
    if cards == 0:
        return Check("Graphics card", "ok", 'no CUDA device: device = "cuda" would be refused')
    missing = {name: missing_for_cuda(name) for name in CUDA_LIBRARIES}
    able = ", ".join(name for name, why in missing.items() if not why) or "no library"
    unable = "; ".join(f"{name}: {why}" for name, why in missing.items() if why)
    return Check(
        "Graphics card", "ok", f"{cards} by CUDA, for {able}" + (f" ({unable})" if unable else "")
    )
