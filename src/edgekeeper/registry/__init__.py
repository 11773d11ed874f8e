"""Registry: packages on disk by content hash, and the one pointer that says which trade.

Reads and writes; what the bytes mean is ``models``' business. ``Package.load`` is the façade over
both that users import.
"""

from edgekeeper.registry.disk import Registry
from edgekeeper.registry.folder import Package, load_package_dir
from edgekeeper.registry.pointer import Pointer
from edgekeeper.registry.standing import STANDINGS, Fit, standings
from edgekeeper.registry.upgrade import Served, check_upgrade

__all__ = [
    "STANDINGS",
    "Fit",
    "Package",
    "Pointer",
    "Registry",
    "Served",
    "check_upgrade",
    "load_package_dir",
    "standings",
]
