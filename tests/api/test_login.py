"""Browsers: a form, a one-time link, a cookie that no script sees, and a way out."""

import re

import pytest

COOKIE = "edgekeeper_session"


def test_a_token_in_the_form_opens_a_session(service):
    browser = service.client(None)
    form = browser.get("/login?next=/models")
    assert form.status_code == 200
    assert 'value="/models"' in form.text
    assert "<label" in form.text
    assert 'lang="en"' in form.text
    assert "width=device-width" in form.text
    assert "script" not in form.text
    done = browser.post("/login", data={"token": service.tokens["trade"], "next": "/models"})
    assert done.status_code == 200
    assert "url=/models" in done.text
    said = done.headers["set-cookie"].lower()
    assert all(word in said for word in ("httponly", "samesite=strict", "path=/", "max-age=43200"))
    assert service.access.session(done.cookies[COOKIE]).name == "test-trade"
    assert service.tokens["trade"] not in done.text
    out = service.client(None, cookies={COOKIE: done.cookies[COOKIE]}).get("/logout")
    assert f'{COOKIE}=""' in out.headers["set-cookie"]
    assert service.access.session(done.cookies[COOKIE]) is None


def test_a_link_works_once(service):
    link = service.access.login_link(service.base, "read")
    first = service.client(None).get(link)
    assert first.status_code == 200
    assert service.access.session(first.cookies[COOKIE]).role == "read"
    again = service.client(None).get(link)
    assert again.status_code == 401
    assert "used already" in again.text
    assert COOKIE not in again.cookies


@pytest.mark.parametrize(
    "token", ["", "ek_guess", "x" * 5_000, "\x00", "<script>alert(1)</script>"]
)
def test_what_opens_nothing_is_told_in_words(service, token):
    done = service.client(None).post("/login", data={"token": token})
    assert done.status_code == 401
    assert 'role="alert"' in done.text
    assert "No token in force" in done.text
    assert "<script" not in done.text
    assert "set-cookie" not in done.headers


@pytest.mark.parametrize(
    "onward",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/a//../x?y", "javascript:1",
     "/%0d%0a", '/"><script>', ""],
)  # fmt: skip
def test_nobody_is_led_elsewhere(service, onward):
    page = service.client(None).get("/login", params={"next": onward})
    hidden = re.search(r'name="next" value="([^"]*)"', page.text)[1]
    assert hidden == "/"
    token = {"token": service.tokens["read"], "next": onward}
    assert 'url=/"' in service.client(None).post("/login", data=token).text


def test_a_form_of_another_site_is_refused(service):
    data = {"token": service.tokens["read"]}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ):
        done = service.client(None).post("/login", data=data, headers=headers)
        assert done.status_code == 403
        assert "set-cookie" not in done.headers
    own = {"Origin": service.base, "Sec-Fetch-Site": "same-origin"}
    assert service.client(None).post("/login", data=data, headers=own).status_code == 200


def test_logging_out_without_a_session_takes_nothing_away(service):
    done = service.client(None).get("/logout")
    assert done.status_code == 200
    assert "set-cookie" not in done.headers


def test_a_browser_without_a_session_is_sent_to_the_form(service):
    asked = {"Accept": "text/html"}
    done = service.client(None).get("/docs", headers=asked)
    assert (done.status_code, done.headers["location"]) == (303, "/login?next=/docs")
    cookie, _ = service.access.open_session(service.tokens["read"])
    docs = service.client(None, cookies={COOKIE: cookie}).get("/docs", headers=asked)
    assert docs.status_code == 200
    assert "/v1/signals" in docs.text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", docs.text), "it asks for something"
