from datetime import UTC
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.alerts import SEVERITIES, Alert, Sender, write_notice

alerts = st.lists(
    st.tuples(
        st.builds(
            Alert,
            event_time=st.integers(0, 2 * 10**18),
            severity=st.sampled_from(SEVERITIES),
            rule=st.text(min_size=1, max_size=30),
            message=st.text(max_size=6_000),
        ),
        st.integers(0, 1_000),
    ),
    min_size=1,
    max_size=20,
)


@given(alerts, st.sampled_from([3_000, 3_900]), st.sampled_from(["", "https://x.org/r.md"]))
def test_any_message_fits_and_its_title_is_one_line(told, longest, url):
    notice = write_notice("k", told, Sender("run", url), longest)
    assert 0 < len(notice.text) <= longest
    assert notice.title.isprintable()
    assert notice.severity == min((a.severity for a, _ in told), key=SEVERITIES.index)
    assert all(line.isprintable() for line in notice.text.split("\n"))


def test_each_links_what_to_do():
    sender = Sender("paper", "https://example.org/runbooks.md", ZoneInfo("Europe/Berlin"))
    alert = Alert(1_700_000_000 * 10**9, "warning", "guard_pause", "model paused: streak")
    text = write_notice("k", [(alert, 3)], sender, 3_900).text
    assert text.splitlines() == [
        "Warning: model paused: streak (and 3 more times)",
        "paper, 2023-11-14 23:13 CET",
        "What to do: https://example.org/runbooks.md#guard-pause",
    ]


def test_several_come_as_a_list_each_with_its_time():
    told = [
        (Alert(0, "warning", "fit_vetoed", "refit 3 of line a was vetoed"), 0),
        (Alert(10**9, "info", "line_promoted", "line b promoted"), 1),
    ]
    notice = write_notice("k", told, Sender("paper", "https://x.org/r.md", UTC), 3_900)
    assert notice.text.splitlines() == [
        "paper: 2 things to know",
        "• 01-01 00:00 Warning: refit 3 of line a was vetoed",
        "  https://x.org/r.md#fit-vetoed",
        "• 01-01 00:00 Info: line b promoted (and once more)",
    ]
    assert notice.title.startswith("[paper] 2 things to know, the first: Warning: refit 3")
