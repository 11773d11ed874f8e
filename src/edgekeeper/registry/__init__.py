"""Registry: packages on disk by content hash, and the one pointer that says which trade.

Reads and writes; what the bytes mean is ``models``' business. ``Package.load`` is the façade over
both that users import.
"""

from edgekeeper.registry.disk import Registry
from edgekeeper.registry.far_side import FarError, FarSide
from edgekeeper.registry.folder import Package, load_package_dir
from edgekeeper.registry.parcel import MOST_BYTES, pack, unpack
from edgekeeper.registry.pointer import Pointer
from edgekeeper.registry.receiving import Received, receive, receive_folder
from edgekeeper.registry.standing import STANDINGS, Fit, standings
from edgekeeper.registry.upgrade import Served, check_upgrade

__all__ = [
    "MOST_BYTES",
    "STANDINGS",
    "FarError",
    "FarSide",
    "Fit",
    "Package",
    "Pointer",
    "Received",
    "Registry",
    "Served",
    "check_upgrade",
    "load_package_dir",
    "pack",
    "receive",
    "receive_folder",
    "standings",
    "unpack",
]
