"""Picture of a certificate: the forecasts' book beside those it has to be compared with."""

from edgekeeper.report.axis import percent_ticks
from edgekeeper.report.charts import Chart, Series, line_chart
from edgekeeper.report.picture import Picture, draw
from edgekeeper.report.wording import signed
from edgekeeper.validate.certificate import Certificate

__all__ = ["book_chart", "certificate_chart"]

_DRAWN = (
    ("forecasts", "Forecasts", "edgekeeper"),
    ("twice_the_costs", "at twice the costs", "always_newest"),
    ("rules", "Rules", "rules"),
    ("buy_and_hold", "Buy and hold", "buy_and_hold"),
)


def book_chart(certificate: Certificate) -> Chart | None:
    """Growth of the books after each judged bar, all at a volatility of 10 % a year."""
    it = certificate.evaluation
    series = [Series(label, css, it.equity(name)[1:] - 1.0, signed) for name, label, css in _DRAWN]
    return line_chart(
        it.case.bars.instants[it.case.first :],
        series,
        ticks=percent_ticks,
        label="Growth of the books of forecasts, rules and holding, at 10 % volatility a year",
        height_px=280,
    )


def certificate_chart(certificate: Certificate) -> Picture:
    """Return the books as a picture."""
    return draw(book_chart(certificate))
