"""A comparison of then and now in words: one sentence first, then rows."""

from edgekeeper.report.wording import day, number, percent
from edgekeeper.validate.feature_drift import ColumnDrift, DriftComparison

__all__ = [
    "COLUMN_HEADS",
    "IMPORTANCE_HEADS",
    "PAIR_HEADS",
    "column_rows",
    "drift_sentence",
    "next_step",
    "pair_rows",
]

COLUMN_HEADS = ("Column", "PSI", "KS", "adjusted p", "stability", "missing, then", "now")
PAIR_HEADS = ("Pair", "correlation, then", "now", "adjusted p")
IMPORTANCE_HEADS = ("Feature", "share then", "share now")
_NAMED = 3


def drift_sentence(comparison: DriftComparison, timed: bool = True) -> str:
    """The verdict in one sentence."""
    changed, pairs = comparison.changed, comparison.changed_pairs
    parts = []
    if changed:
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        parts.append(
            f"{len(changed)} of {len(comparison.columns)} columns are not what they were "
            f"({', '.join(changed[:_NAMED])}{more})"
        )
    if pairs:
        first = pairs[0]
        what = "correlation has" if len(pairs) == 1 else "correlations have"
        parts.append(f"{len(pairs)} {what} changed (first: {first.first} with {first.second})")
    if comparison.alarm is not None:
        parts.append(f"read one by one, {_alarm(comparison, timed)}")
    if not parts:
        return "No drift: nothing changed beyond chance."
    text = "; ".join(parts)
    return f"Drift: {text}."


def _alarm(comparison: DriftComparison, timed: bool) -> str:
    alarm = comparison.alarm
    if alarm is None or not timed or comparison.alarm_instant is None:
        return "" if alarm is None else alarm.sentence
    what = alarm.sentence.split(", since about")[0]
    since = day(comparison.since_instant or 0)
    return f"{what}, since about {since} (noticed {day(comparison.alarm_instant)})"


def next_step(comparison: DriftComparison) -> str:
    """What to do about it."""
    if not comparison.drift:
        text = "Nothing to do. No drift found is not proof of none: small changes need longer data."
    else:
        text = (
            "Drift asks for a refit, it never promotes: look first whether the data itself broke, "
            "then refit and let the evidence decide."
        )
    if comparison.persistent:
        text += (
            " The reference remembers about as long as it is: alarms may come too easily. Give a "
            "longer one, or changes instead of levels."
        )
    return text


def column_rows(comparison: DriftComparison, most: int | None = None) -> list[tuple[str, ...]]:
    """Rows of columns, those that changed first."""
    place = {name: i for i, name in enumerate(comparison.changed)}
    ordered = sorted(comparison.columns, key=lambda c: (place.get(c.name, len(place)), c.stability))
    return [_row(column) for column in ordered[:most]]


def _row(column: ColumnDrift) -> tuple[str, ...]:
    return (
        column.name,
        number(column.psi, 2),
        number(column.ks, 2),
        number(column.q_value, 3),
        percent(column.stability, 0),
        percent(column.missing_before),
        percent(column.missing_after),
    )


def pair_rows(comparison: DriftComparison, most: int = 10) -> list[tuple[str, ...]]:
    """Rows of pairs whose correlation changed."""
    return [
        (f"{c.first} · {c.second}", number(c.before, 2), number(c.after, 2), number(c.q_value, 3))
        for c in comparison.changed_pairs[:most]
    ]
