"""Every route of the application, with every kind of key: a new one cannot be forgotten."""

import re
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgekeeper.api import Access, ApiSettings, make_api
from edgekeeper.api.routes import ClosedRoute, role_needed
from edgekeeper.desk import Desk

OPEN = {"/health/live", "/login", "/logout"}
ROLES = ("read", "trade", "admin")
OF_TRADE = {
    "/v1/alerts/{rule}/acknowledge",
    "/v1/kill",
    "/v1/resume",
    "/v1/rearm",
    "/v1/signals",
    "/v1/outcomes",
    "/v1/bars",
}


def every_route():
    """All routes of an application as it is made, with method and a path that fits."""
    with tempfile.TemporaryDirectory() as folder, Desk(Path(folder)) as desk:
        app = make_api(desk, Access(Path(folder)))
    return [
        (method, route.path, role_needed(route))
        for route in app.router.routes
        if isinstance(route, ClosedRoute)
        for method in route.methods
    ]


ROUTES = every_route()
CLOSED = [route for route in ROUTES if route[2] is not None]


def names(route):
    return f"{route[0]} {route[1]}"


def filled(path):
    return re.sub(r"\{(\w+)\}", lambda found: "0" * 16 if found[1] != "line" else "linear", path)


def ask(client, route):
    method, path, _ = route
    body = {"json": {}} if method == "POST" else {}
    return client.request(method, filled(path), **body)


def test_only_what_has_to_be_open_is():
    assert {path for _, path, role in ROUTES if role is None} == OPEN
    assert len(CLOSED) > 45


def test_who_may_what():
    for method, path, role in CLOSED:
        if method == "GET":
            assert role == "read", path
        elif path in OF_TRADE:
            assert role == "trade", path
        else:
            assert role == "admin", path


@pytest.mark.parametrize("route", CLOSED, ids=names)
def test_without_a_key_in_force_nobody_gets_in(service, keys, route):
    for key in keys.bad:
        done = ask(service.client(key), route)
        assert done.status_code == 401, key
        assert done.headers["www-authenticate"].startswith("Bearer")
        assert done.headers["content-type"] == "application/problem+json"
        assert done.json()["status"] == 401
        assert "ek_" not in done.text


@pytest.mark.parametrize("route", CLOSED, ids=names)
def test_a_lesser_role_is_not_enough(service, route):
    for role in ROLES[: ROLES.index(route[2])]:
        done = ask(service.client(role), route)
        assert done.status_code == 403
        assert f'scope="{route[2]}"' in done.headers["www-authenticate"]
        assert f"--role {route[2]}" in done.json()["detail"]


@pytest.mark.parametrize("route", [one for one in CLOSED if one[0] == "GET"], ids=names)
def test_the_cookie_of_a_browser_opens_pages_only(service, route):
    cookie, _ = service.access.open_session(service.tokens["admin"])
    done = service.client(None, cookies={"edgekeeper_session": cookie}).get(filled(route[1]))
    assert (done.status_code == 200) == (route[1] in ("/docs", "/openapi.json"))


def test_a_route_added_without_a_role_lets_nobody_in(tmp_path, serve, generous):
    with Desk(tmp_path) as desk:
        app = make_api(desk, Access(tmp_path))
    app.get("/v1/forgotten")(lambda: "secret")
    route = app.router.routes[-1]
    assert isinstance(route, ClosedRoute)
    assert role_needed(route) == "admin"
    assert route.door is None


@pytest.fixture(scope="session")
def keys(service):
    """Keys that open nothing: none, guessed, expired, revoked, of another kind."""

    class Keys:
        bad = (None, "x", "ek_guessed", "a b c", "ek_" + "A" * 43)

    access = service.access
    end = datetime.now(UTC) + timedelta(seconds=1)
    expired, revoked = access.create_token("late", "admin", end), access.create_token("r", "admin")
    access.revoke("r")
    code = access.login_link("http://localhost").split("code=")[1]
    cookie, _ = access.open_session(access.create_token("cookie", "admin"))
    time.sleep(1.1)
    Keys.bad += (expired, revoked, code, cookie)
    return Keys


@pytest.mark.parametrize(
    "header",
    ["Basic {}", "Bearer", "bearer{}", "Token {}", "Bearer {} {}", "Bearer {},x", "{}"],
)
def test_a_key_shown_otherwise_opens_nothing(service, header):
    shown = header.replace("{}", service.tokens["admin"])
    done = service.client().get("/v1/status", headers={"Authorization": shown})
    assert done.status_code == 401


def test_two_keys_at_once_open_nothing(service):
    key = f"Bearer {service.tokens['admin']}"
    headers = [("Authorization", key), ("Authorization", key)]
    assert service.client().get("/v1/status", headers=headers).status_code == 401


def test_a_scheme_may_be_written_in_any_case(service):
    key = f"bEARER {service.tokens['read']}"
    assert service.client().get("/v1/status", headers={"Authorization": key}).status_code == 200


def test_who_asks_too_often_is_told_when_again(serve, tmp_path):
    slow = ApiSettings(requests_per_second=0.5, requests_burst=3, failures_burst=2)
    with serve(tmp_path, settings=slow) as service:
        reads, other = service.client("read"), service.client("admin")
        codes = [reads.get("/v1/processes").status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        told = reads.get("/v1/processes")
        assert int(told.headers["retry-after"]) in (1, 2)
        assert told.json()["title"] == "Too often"
        assert other.get("/v1/processes").status_code == 200, "each token has a bucket of its own"
        guessing = service.client("ek_guess")
        assert [guessing.get("/v1/status").status_code for _ in range(3)] == [401, 401, 429]
        assert other.get("/v1/processes").status_code == 200, "guessing locks nobody out"
        assert service.client().post("/login", data={"token": "ek_guess"}).status_code == 429


def test_where_tokens_cannot_be_looked_up_nobody_gets_in(serve, tmp_path, generous):
    with serve(tmp_path, settings=generous) as service:
        admin = service.client("admin")
        assert admin.get("/v1/processes").status_code == 200
        (tmp_path / "tokens.json").write_text("{}")
        time.sleep(0.6)
        done = admin.get("/v1/processes")
        assert done.status_code == 503
        assert "retry-after" in done.headers
        assert str(tmp_path) not in done.text
