"""Report: what a run has to say, as a page that needs nothing else and as a terminal screen.

``story`` holds the figures and series of one run on one market; everything else only shows them.
"""

from edgekeeper.report.html import render_report
from edgekeeper.report.snapshot import Snapshot
from edgekeeper.report.standing import ACCOUNTS, Standing, standing
from edgekeeper.report.story import BOOKS, BookStory, Drawdown, LineStory, Mark, Story
from edgekeeper.report.terminal import LiveScreen
from edgekeeper.report.verdicts import final_words, verdict, verdict_table

__all__ = [
    "ACCOUNTS",
    "BOOKS",
    "BookStory",
    "Drawdown",
    "LineStory",
    "LiveScreen",
    "Mark",
    "Snapshot",
    "Standing",
    "Story",
    "final_words",
    "render_report",
    "standing",
    "verdict",
    "verdict_table",
]
