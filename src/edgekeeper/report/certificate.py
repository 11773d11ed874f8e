"""The certificate as a page: one HTML file that needs nothing else."""

import base64
import hashlib

from edgekeeper.report import certificate_words as words
from edgekeeper.report.certificate_chart import book_chart
from edgekeeper.report.html import page_environment
from edgekeeper.report.measure_names import MEASURE_NAMES
from edgekeeper.validate.certificate import Certificate

__all__ = ["render_certificate"]


def render_certificate(certificate: Certificate, *, generated_from: str) -> str:
    """Return the certificate as one HTML document that asks for nothing from outside."""
    environment = page_environment()
    script = environment.get_template("hover.js").render().strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("certificate.html.j2").render(
        generated_from=generated_from,
        certificate=certificate,
        headline=words.headline(certificate),
        next_step=words.next_step(certificate),
        subject=words.subject(certificate),
        gates=certificate.gates,
        book_heads=words.BOOK_HEADS,
        books=words.book_rows(certificate),
        scores=words.score_rows(certificate),
        evidence=words.evidence_pairs(certificate),
        condition_heads=words.CONDITION_HEADS,
        told=words.condition_rows(certificate),
        every={
            label: words.all_condition_rows(certificate, measure)
            for measure, label in MEASURE_NAMES.items()
        },
        notes=certificate.evaluation.case.notes,
        chart=book_chart(certificate),
        script=script,
        script_hash=f"sha256-{digest}",
    )
