"""What people do: approve, promote, stop, resume, look on, be signed out, be refused."""

import shutil
from pathlib import Path

import pytest

from edgekeeper.desk import Desk


@pytest.fixture(scope="module")
def asleep(serve, held, tmp_path_factory):
    """A run that nobody lives now."""
    return serve(shutil.copytree(held, tmp_path_factory.mktemp("asleep") / "run"))


def ordered(served):
    with Desk(served.folder) as desk:
        return desk.rows("commands").height


def send(page, name, reason, *, tick=None):
    """Press a button, answer its question, and return what was told."""
    page.get_by_role("button", name=name, exact=True).first.click()
    question = page.locator("dialog[open]")
    question.locator("textarea").fill(reason)
    if tick:
        question.get_by_label(tick).check()
    question.locator("button[type=submit]").click()
    page.wait_for_selector(".toast")
    return page.inner_text(".toast")


def test_approve_promote_demote_kill_and_resume_before_a_real_loop(
    visit, serve, held, loop, tmp_path
):
    run = Path(shutil.copytree(held, tmp_path / "run"))
    with loop(run):
        served = serve(run)
        page = visit(served, "/")
        assert "too good to be true" in page.inner_text("main.room")
        page.get_by_role("link", name="Look at the fits").click()
        page.wait_for_selector("text=needs approval")
        told = send(page, "Approve", "looked twice", tick="I have looked for a leak")
        assert "done" in told
        page.wait_for_selector("section:has(h2:text-is('In shadow')) article")
        page.get_by_text("Orders for line linear").click()
        told = send(page, "Promote without evidence", "trying", tick="I know that its evidence")
        assert "done" in told
        page.wait_for_selector("section:has(h2:text-is('A/B test')) article")
        assert page.locator("text=without evidence").count() > 0
        page.get_by_text("Orders for line linear").click()
        told = send(page, "Send to shadow", "tried")
        assert "done" in told
        assert "done" in send(page, "Freeze", "a holiday")
        page.wait_for_selector("text=All lines are frozen.")
        assert "done" in send(page, "Unfreeze", "it is over")
        page.wait_for_selector("text=All lines are frozen.", state="detached")
        assert "done" in send(page, "Stop trading", "news")
        page.wait_for_selector("header.top .chip.danger")
        page.locator("nav.rooms a[href='/']").click()
        page.wait_for_selector("text=Trading is stopped")
        assert "done" in send(page, "Resume", "it is over")
        page.wait_for_selector("header.top button:has-text('Stop')")
    with Desk(run) as desk:
        done = desk.rows("obeyed", ["kind", "actor", "reason", "outcome"])
    assert done["kind"].to_list() == [
        "resume", "kill", "unfreeze", "freeze", "demote", "promote", "approve",
    ]  # fmt: skip
    assert set(done["outcome"]) == {"done"}
    assert all(actor.startswith("admin-") for actor in done["actor"])


def test_without_a_loop_an_order_waits_and_every_page_says_so(visit, asleep):
    mine, other = visit(asleep, "/"), visit(asleep, "/decisions", role="read")
    assert "not running" in mine.inner_text("h1")
    assert "written down" in send(mine, "Stop trading", "news")
    for page in (mine, other):
        page.wait_for_selector("text=Written down, not carried out yet: kill.")


def test_a_question_wants_a_reason_and_can_be_left_by_escape(visit, asleep):
    before = ordered(asleep)
    page = visit(asleep, "/models")
    page.get_by_role("button", name="Stop trading").click()
    question = page.locator("dialog[open]")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    question.locator("button[type=submit]").click()
    assert question.get_by_role("alert").inner_text().startswith("Write a few words")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert "Stop" in page.evaluate("document.activeElement.textContent")
    assert ordered(asleep) == before


def test_who_may_only_look_has_no_buttons_and_forged_orders_are_refused(visit, asleep):
    before = ordered(asleep)
    page = visit(asleep, "/models", role="read")
    assert page.locator("ask, header.top button.danger, article button").count() == 0
    wish = {"kind": "kill", "subject": "", "reason": "forged", "detail": {}}
    page.evaluate(
        "wish => getElement(Number(document.querySelector('.board').id.slice(1)))"
        ".$emit('order', wish)",
        wish,
    )
    page.wait_for_selector(".toast.danger")
    assert "Nothing was ordered" in page.inner_text(".toast")
    assert ordered(asleep) == before


def test_a_session_that_ends_leads_to_the_login(visit, asleep):
    from edgekeeper.api import Access

    page = visit(asleep, "/models", role="guest")
    Access(asleep.folder).close_session(asleep.cookies["guest"])
    page.wait_for_url("**/login**")
    assert page.locator(".board").count() == 0


def test_nobody_is_let_in_without_a_session(visit, asleep):
    page = visit(asleep, "/performance", role=None, wait="form")
    assert "/login?next=/performance" in page.url


def test_a_run_that_begins_shows_itself(visit, serve, held, tmp_path):
    folder = tmp_path / "fresh"
    folder.mkdir()
    page = visit(serve(folder), "/")
    assert "No run has begun" in page.inner_text("h1")
    for part in ("ledger.sqlite", "ledger.sqlite.seals", "models", "bars", "live", "paper.json"):
        if (held / part).is_dir():
            shutil.copytree(held / part, folder / part)
        elif (held / part).exists():
            shutil.copy(held / part, folder / part)
    page.wait_for_selector("text=Equity", timeout=10_000)
