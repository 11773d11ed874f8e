"""Can this version serve a package, and to the last bit as it was made?"""

from dataclasses import dataclass
from pathlib import Path

from edgekeeper.errors import EdgekeeperError
from edgekeeper.models.package import PackagedModel, is_hash
from edgekeeper.registry.folder import read_folder
from edgekeeper.registry.operators import changed_operators, told

__all__ = ["Served", "check_upgrade"]


@dataclass(frozen=True, slots=True)
class Served:
    """What became of one package.

    Attributes
    ----------
    hash : str
    line : str
    refit : int
    code_version : str
        Of the Edgekeeper that made it; empty where the manifest cannot be read.
    format : int
    reasons : tuple of str
        Why it cannot be served as it was made; empty: it can.
    probe_difference : float or None
        Between scores recorded and scores now; None where none were recorded, or could be had.
    """

    hash: str
    line: str = ""
    refit: int = 0
    code_version: str = ""
    format: int = 0
    reasons: tuple[str, ...] = ()
    probe_difference: float | None = None

    @property
    def ok(self) -> bool:
        """Whether this version serves it to the last bit."""
        return not self.reasons


def check_upgrade(folders: list[Path]) -> list[Served]:
    """Try packages one by one; each is loaded, and its recorded scores are calculated again."""
    return [_tried(folder) for folder in folders]


def _tried(folder: Path) -> Served:
    name = folder.name if is_hash(folder.name) else str(folder)
    try:
        package = PackagedModel.from_files(read_folder(folder))
    except EdgekeeperError as error:
        return Served(name, reasons=(str(error),))
    made = package.manifest.provenance
    reasons = []
    if changed := changed_operators(made.op_versions):
        reasons.append(told(changed, made.code_version))
    difference = package.probe_difference()
    if difference:
        reasons.append(
            f"scores differ by up to {difference:.2g} from those recorded: this processor or ONNX "
            "Runtime rounds otherwise; decisions near a threshold may differ"
        )
    return Served(
        package.hash,
        made.lineage.line,
        made.lineage.refit,
        made.code_version,
        package.manifest.format,
        tuple(reasons),
        difference,
    )
