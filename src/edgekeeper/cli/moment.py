"""Moments as people write them."""

from datetime import UTC, datetime, time

from edgekeeper.errors import UsageError

__all__ = ["nanoseconds_of"]


def nanoseconds_of(text: str, where: str) -> int:
    """Return an instant in nanoseconds; a date means its end, a time without a zone is UTC.

    Raises
    ------
    UsageError
        No time, saying ``where`` it was given.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{where}: expected a time such as 2018-03-01 or 2018-03-01T15:00, got {text[:60]!r}"
        ) from error
    if len(text) <= len("2018-03-01"):
        moment = datetime.combine(moment.date(), time.max)
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 10**6 + since.microseconds) * 1_000
