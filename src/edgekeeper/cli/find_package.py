"""Find a package by its folder, or by its hash in a run's registry."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.cli.run_folder import find_run
from edgekeeper.desk.folder import MODELS
from edgekeeper.errors import StorageError, UsageError

if TYPE_CHECKING:
    from edgekeeper.registry import Package, Registry
    from edgekeeper.types import Device

__all__ = ["find_package", "find_package_folder"]

_SHORTEST_PREFIX = 4


def find_package(
    model: str, run: str = "", trusted: Collection[str] = (), device: "Device" = "cpu"
) -> "Package":
    """Load a package.

    Parameters
    ----------
    model : str
        Its folder; a folder that `train` wrote, with one package in it; or the beginning of its
        hash in a run.
    run : str
        Folder of that run; empty: the usual one.
    trusted : collection of str
        Public keys, of which one has to have signed it; none: nobody has to.
    device : {"cpu", "cuda"}
        Where its nets forecast.

    Raises
    ------
    UsageError
        Nothing, or several, of that name.
    BadData
        Damaged.
    """
    from edgekeeper.registry import Package

    return Package.load(find_package_folder(model, run), trusted, device)


def find_package_folder(model: str, run: str = "") -> Path:
    """Return the folder of the package that :func:`find_package` would load."""
    from edgekeeper.registry import Registry

    folder = Path(model)
    if folder.is_dir():
        inside = Registry(folder)
        if not (folder / "manifest.json").exists() and inside.list():
            return _only(inside, "", f"{folder}")
        return folder
    if len(model) < _SHORTEST_PREFIX or any(c not in "0123456789abcdef" for c in model):
        raise StorageError(
            f"expected the folder of a package, or its hash in a run, found nothing at {model}: "
            "`edgekeeper models list` shows a run's"
        )
    place = find_run(run)
    return _only(Registry(place / MODELS), model, str(place))


def _only(registry: "Registry", prefix: str, place: str) -> Path:
    found = [name for name in registry.list() if name.startswith(prefix)]
    if len(found) != 1:
        what = f"package whose hash begins with {prefix!r}" if prefix else "package"
        hint = f": name one, such as {registry.folder(found[0])}" if found else ""
        raise UsageError(f"{place}: expected one {what}, got {len(found)}{hint}")
    return registry.folder(found[0])
