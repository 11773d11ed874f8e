"""Logs of all processes: where they go, in which form, on which topics, without secrets.

Low in the house, since the watch and the side-car set theirs up by it, too.
"""

from edgekeeper.logs.redacting import HIDDEN, Redactor
from edgekeeper.logs.setting_up import TOPICS, set_up_logs

__all__ = ["HIDDEN", "TOPICS", "Redactor", "set_up_logs"]
