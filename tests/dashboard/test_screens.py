"""Every screen in a real browser: full and empty, light and dark, wide and on a phone."""

import pytest

from edgekeeper.dashboard.screens import SCREENS

PATHS = [screen.path for screen in SCREENS]
PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def full(serve, lived_copy):
    return serve(lived_copy)


@pytest.fixture(scope="module")
def empty(serve, tmp_path_factory):
    return serve(tmp_path_factory.mktemp("empty"))


def settle(page):
    """Wait for what is worked out beside everything else."""
    page.wait_for_function(
        "!document.body.innerText.includes('This is being worked out.')", timeout=120_000
    )


def serious(page, *rules):
    """Return what axe finds that keeps people out, by all its rules or by some."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": list(rules)} if rules else None
    found = Axe().run(page, options=options).response["violations"]
    return [
        (one["id"], [part["html"][:200] for part in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_each_screen_of_a_run_is_read_by_everyone(visit, full):
    page = visit(full)
    for path in PATHS:
        page.emulate_media(color_scheme="light")
        page.goto(full.url + path)
        page.wait_for_selector("#heading")
        settle(page)
        assert page.title().endswith("Edgekeeper")
        assert page.locator("h1").count() == 1
        assert page.locator("main:visible").count() == 1
        assert page.locator("nav.rooms a[aria-current=page]").get_attribute("href") == path
        assert page.locator(".card, .lane").count() > 0
        assert "NaN" not in page.inner_text("body")
        assert serious(page) == [], path
        page.emulate_media(color_scheme="dark")
        assert serious(page, "color-contrast") == [], path


def test_each_screen_fits_a_phone(visit, full):
    page = visit(full, **PHONE)
    for path in PATHS:
        page.locator(f"nav.rooms a[href='{path}']").click()
        page.wait_for_selector(f"nav.rooms a[href='{path}'][aria-current=page]")
        settle(page)
        assert overflow(page) <= 0, path
        assert page.locator("header.top button.danger").is_visible()
        page.emulate_media(color_scheme="light")
        assert serious(page) == [], path
        page.emulate_media(color_scheme="dark")
        assert serious(page, "color-contrast") == [], path


def test_screens_of_an_empty_folder_say_what_to_do_next(visit, empty):
    page = visit(empty)
    for path in PATHS:
        page.locator(f"nav.rooms a[href='{path}']").click()
        page.wait_for_function("path => location.pathname === path", arg=path)
        page.wait_for_selector(f"nav.rooms a[href='{path}'][aria-current=page]")
        assert page.locator(".empty, .empty a, .empty code").count() > 0
        assert serious(page) == []
    assert page.get_by_role("button", name="Stop trading").count() == 0


def test_one_decision_and_one_line_can_be_opened_and_left(visit, full):
    page = visit(full, "/decisions?side=any")
    page.locator("table a").first.click()
    page.wait_for_selector("ol.funnel")
    assert "at=" in page.url
    assert serious(page) == []
    page.get_by_role("link", name="All decisions").click()
    page.wait_for_selector("table.grid")
    page.goto(f"{full.url}/models?line=linear")
    page.wait_for_selector(".plot")
    assert serious(page) == []


def test_a_score_that_was_kept_opens_as_bars(visit, full):
    from edgekeeper.ledger import Ledger

    with Ledger.open(full.folder / "ledger.sqlite", read_only=True) as ledger:
        kept = ledger.read("explanations", where={"account": "edgekeeper"}, limit=1)
    if kept.height == 0:
        pytest.skip("the small run kept none")
    row = kept.row(0, named=True)
    page = visit(full, f"/decisions?symbol={row['symbol']}&at={row['event_time_ns']}")
    assert page.locator(".falls dt").count() > 0


def test_filters_have_an_address_and_pages_do_not_repeat(visit, full):
    page = visit(full, "/decisions")
    page.get_by_label("Side").select_option("any")
    page.wait_for_selector("a:has-text('Older')")
    first = page.locator("table.grid tbody tr").all_inner_texts()
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**until=**")
    page.wait_for_selector("a:has-text('Newest')")
    second = page.locator("table.grid tbody tr").all_inner_texts()
    assert len(first) == 40
    assert not set(first) & set(second)
    page.go_back()
    page.wait_for_function("!location.search.includes('until')")
    assert page.get_by_label("Side").input_value() == "any"


def test_the_keyboard_reaches_everything_and_skips_the_menu(visit, full):
    page = visit(full, "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "room"
    page.locator(".plot").first.focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator(".hint").is_visible()
    page.locator("nav.rooms a[href='/models']").press("Enter")
    page.wait_for_function("document.activeElement.id === 'heading'")


def test_colours_follow_the_system_until_somebody_chooses(visit, full):
    page = visit(full, "/", color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(paper)
    assert dark != light
    page.get_by_role("button", name="Colours").click()
    page.get_by_role("button", name="Colours: light").click()
    assert page.evaluate(paper) == dark
    page.reload()
    page.wait_for_selector("#heading")
    assert page.evaluate(paper) == dark


def test_an_unknown_address_is_no_way_in(visit, full, browser):
    page = visit(full, "/models?line=%3Cimg%20src%3Dx%3E&until=x")
    assert page.locator("img").count() == 0
    assert "2" in page.inner_text("h1") or page.inner_text("h1")
