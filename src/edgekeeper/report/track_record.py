"""The page that answers "skill or luck?" for a record of trades: one HTML file, nothing else."""

import base64
import hashlib

import numpy as np

from edgekeeper.report import track_words
from edgekeeper.report.axis import percent_ticks
from edgekeeper.report.charts import Chart, Series, line_chart
from edgekeeper.report.html import page_environment
from edgekeeper.report.wording import signed
from edgekeeper.validate.track_record import TrackRecord

__all__ = ["render_track_record"]

_LEAST_SHOWN = 20


def render_track_record(verdict: TrackRecord, *, title: str, generated_from: str) -> str:
    """Return the verdict as one HTML document that asks for nothing from outside.

    Parameters
    ----------
    title : str
        Such as the file's name.
    generated_from : str
        What was run.
    """
    environment = page_environment()
    script = environment.get_template("hover.js").render().strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    shown = [part for part in verdict.conditions if part.count >= _LEAST_SHOWN]
    return environment.get_template("track_record.html.j2").render(
        title=title,
        generated_from=generated_from,
        verdict=verdict,
        headline=track_words.headline(verdict),
        next_step=track_words.next_step(verdict),
        subject=track_words.subject(verdict),
        money_heads=track_words.MONEY_HEADS,
        money=track_words.money_rows(verdict),
        evidence=track_words.evidence_pairs(verdict),
        avoid=track_words.condition_rows(verdict, verdict.avoid),
        conditions=track_words.condition_rows(verdict, shown),
        condition_heads=track_words.CONDITION_HEADS,
        chart=_chart(verdict),
        script=script,
        script_hash=f"sha256-{digest}",
    )


def _chart(verdict: TrackRecord) -> Chart | None:
    """Profits added up, at recorded and at double costs, over the capital."""
    periods, record = verdict.periods, verdict.record
    if not np.isfinite(verdict.capital):
        return None
    time = np.r_[periods.start_ns, periods.ends_ns].astype(np.int64)
    series = [
        Series(name, css, np.r_[0.0, np.cumsum(booked) / verdict.capital], signed)
        for name, css, booked in (
            ("Recorded costs", "edgekeeper", verdict.booked_once),
            ("Twice the costs", "always_newest", verdict.booked_twice),
        )
        if np.isfinite(booked).all()
    ]
    return line_chart(
        time,
        series,
        ticks=percent_ticks,
        label=f"Profits of {len(record)} closed trades added up, as a share of the capital",
        height_px=300,
    )
