"""When a line is due for a fit: by the calendar, or sooner while data is still scarce."""

from dataclasses import dataclass

from edgekeeper.config import LineConfig

__all__ = ["RefitSchedule"]


@dataclass(slots=True)
class RefitSchedule:
    """Due at ``min_bars`` instants; then after ``refit_epochs``, or ``refit_growth`` more data.

    A quarter is enough for daily bars. A month of minutes holds more than a year of days, so the
    second rule lets a young history be learned from without refitting an old one every hour.

    Examples
    --------
    >>> schedule = RefitSchedule(LineConfig(name="a", min_bars=100, refit_epochs=63))
    >>> [bars for bars in range(90, 300) if schedule.due(bars, epochs=bars)]
    [100, 125, 157, 197, 247]
    """

    line: LineConfig
    _bars: int = 0
    _epochs: int = 0

    def due(self, bars: int, epochs: int) -> bool:
        """Say whether to fit at this boundary, after so many instants and epochs; remembers it."""
        if bars < self.line.min_bars:
            return False
        grown = bars >= self._bars * (1.0 + self.line.refit_growth)
        if self._bars and not grown and epochs - self._epochs < self.line.refit_epochs:
            return False
        self._bars, self._epochs = bars, epochs
        return True
