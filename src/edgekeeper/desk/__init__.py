"""The desk: what people and programs may ask of a run, and order. Every face stands before it."""

from edgekeeper.desk.data_quality import DataQuality, read_data_quality
from edgekeeper.desk.desk import Acts, Desk, NoRunYet
from edgekeeper.desk.folder import LEDGER, MODELS, open_ledger
from edgekeeper.desk.ordering import Ordered, give_order
from edgekeeper.desk.positions import Position
from edgekeeper.desk.run_models import RunModels, read_models
from edgekeeper.desk.run_status import LineStatus, RunStatus, read_status

__all__ = [
    "LEDGER",
    "MODELS",
    "Acts",
    "DataQuality",
    "Desk",
    "LineStatus",
    "NoRunYet",
    "Ordered",
    "Position",
    "RunModels",
    "RunStatus",
    "give_order",
    "open_ledger",
    "read_data_quality",
    "read_models",
    "read_status",
]
