"""What comes over the wire: hosts, sizes, methods, headers, and requests that are no requests."""

import json
import socket
import time

import pytest

from edgekeeper.api import ApiSettings, uvicorn_settings

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}


def raw(service, content, read=True):
    """Send bytes as they are; return what came back."""
    host, port = service.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(content)
        line.settimeout(3)
        got = b""
        try:
            while part := line.recv(65_536):
                got += part
        except (TimeoutError, ConnectionResetError):
            pass
    return got


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health/live"), ("GET", "/v1/status"), ("GET", "/v1/nothing"),
        ("DELETE", "/v1/status"), ("POST", "/v1/signals"), ("GET", "/login"), ("GET", "/nothing"),
        ("OPTIONS", "/v1/signals"),
    ],
)  # fmt: skip
def test_every_answer_carries_the_headers_of_caution(service, method, path):
    done = service.client("read").request(method, path)
    assert {name: done.headers.get(name) for name in HEADERS} == HEADERS
    assert "frame-ancestors 'none'" in done.headers["content-security-policy"]
    assert "http:" not in done.headers["content-security-policy"]
    assert "server" not in done.headers
    assert "access-control-allow-origin" not in done.headers
    assert len(done.headers["x-request-id"]) == 16


def test_answers_about_money_are_not_kept_by_anyone(service):
    assert service.reads.get("/v1/status").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404), ("GET", "/api/ml/nothing", 404), ("GET", "/health", 404),
        ("GET", "/v1/../../etc/passwd", 404), ("GET", "/v1/%2e%2e/tokens.json", 404),
        ("GET", "/tokens.json", 404), ("DELETE", "/v1/status", 405), ("GET", "/v1/kill", 405),
        ("PUT", "/v1/signals", 405), ("TRACE", "/v1/status", 405), ("OPTIONS", "/v1/status", 405),
        ("PATCH", "/login", 405), ("POST", "/health/live", 405), ("GET", "/v1/status/", 404),
        ("GET", "/docs/oauth2-redirect", 404), ("GET", "/redoc", 404),
    ],
)  # fmt: skip
def test_what_nothing_answers_is_a_problem(service, method, path, status):
    done = service.client("admin").request(method, path)
    assert done.status_code == status
    assert done.headers["content-type"] == "application/problem+json"
    told = done.json()
    assert told["status"] == status
    assert {"type", "title", "detail", "instance", "request_id"} <= set(told)
    assert ("allow" in done.headers) == (status == 405)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("LOCALHOST:1", 200), ("127.0.0.1:8765", 200), ("[::1]:8765", 200),
        ("192.168.1.7", 200), ("evil.example", 421), ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421), ("evil.example:127.0.0.1", 421), ("", 421), ("[", 421),
        ("localhost@evil.example", 421),
    ],
)  # fmt: skip
def test_only_names_of_this_service_are_answered(service, host, status):
    done = service.client(None).get("/health/live", headers={"Host": host})
    assert done.status_code == status


def test_a_name_can_be_allowed(serve, tmp_path):

    with serve(tmp_path, settings=ApiSettings(hosts=("Trader.lan",))) as service:
        client = service.client(None)
        assert client.get("/health/live", headers={"Host": "trader.lan:80"}).status_code == 200
        assert client.get("/health/live", headers={"Host": "other.lan"}).status_code == 421


def test_a_body_too_large_is_refused_whether_it_says_so_or_not(service):
    bot = service.client("trade")
    large = b'{"id": "' + b"a" * 300_000 + b'"}'
    assert bot.post("/v1/signals", content=large).status_code == 413
    assert bot.post("/v1/signals", content=iter([large])).status_code == 413
    many = json.dumps({"interval": "1h", "bars": [{"symbol": "A"}] * 20_000}).encode()
    assert bot.post("/v1/bars", content=many).status_code == 422, "bars may be larger"
    assert bot.post("/v1/bars", content=b" " * 5_000_000).status_code == 413
    assert bot.post("/v1/kill", content=large).status_code == 413
    assert service.client(None).post("/login", content=large).status_code == 413


@pytest.mark.parametrize(
    "content",
    [
        b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n"
        b"Connection: close\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"POST /v1/signals HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/status HTTP/1.1\r\n\r\n",
        b"POST /v1/signals HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Content-Length: 6\r\n\r\nhello",
        b"POST /v1/signals HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuth\r\norization: x\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"A" * 100_000,
    ],
    ids=range(10),
)
def test_what_is_smuggled_or_malformed_gets_nothing(service, content):
    got = raw(service, content)
    assert b" 200 " not in got
    assert b"Traceback" not in got
    assert b"ledger" not in got
    assert service.client(None).get("/health/live").status_code == 200


def endless(service, seconds=8.0):
    """Send a head that never ends; return how many bytes were taken, or the bound of the test."""
    host, port = service.base.removeprefix("http://").split(":")
    until, sent = time.monotonic() + seconds, 0
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n")
        try:
            while time.monotonic() < until and sent < 50_000_000:
                line.sendall(b"X-More: " + b"a" * 8_000 + b"\r\n")
                sent += 8_010
        except (BrokenPipeError, ConnectionResetError):
            pass
    return sent


def test_a_head_without_end_is_cut_off(service):
    assert endless(service) < 10_000_000
    assert service.client(None).get("/health/live").status_code == 200


def test_a_request_that_never_ends_is_not_waited_for(serve, tmp_path, monkeypatch):
    monkeypatch.setattr("edgekeeper.api.connection._HEAD_SECONDS", 0.3)
    monkeypatch.setattr("edgekeeper.api.connection._BODY_SECONDS", 0.3)
    with serve(tmp_path) as service:
        for begun in (b"", b"GET /health", b"POST /login HTTP/1.1\r\nHost: localhost\r\n"
                      b"Content-Length: 10\r\n\r\nabc"):  # fmt: skip
            began = time.monotonic()
            assert raw(service, begun) == b""
            assert time.monotonic() - began < 2.5
        client = service.client(None)
        for _ in range(3):
            assert client.get("/health/live").status_code == 200
            time.sleep(0.4)


def test_a_header_cannot_be_put_into_an_answer(service):
    done = service.client(None).get("/docs%0d%0aSet-Cookie:%20a=b", headers={"Accept": "text/html"})
    assert "set-cookie" not in done.headers
    sent = service.client(None).get("/login?next=/%0d%0aSet-Cookie:%20a=b")
    assert "set-cookie" not in sent.headers


def test_what_nobody_foresaw_tells_nothing_of_the_inside(serve, tmp_path, generous, caplog):
    class Broken:
        async def signal(self, signal):
            raise KeyError("secret of the inside")

    with serve(tmp_path, exchange=Broken(), settings=generous) as service:
        done = service.client("trade").post(
            "/v1/signals",
            json={"id": "a", "symbol": "A", "side": "long", "time": "2026-01-01T00:00:00Z"},
        )
    assert done.status_code == 500
    assert "secret" not in done.text
    assert done.headers["content-type"] == "application/problem+json"
    assert done.headers["x-content-type-options"] == "nosniff"
    assert done.json()["request_id"] in caplog.text


def test_no_key_reaches_the_log(service, caplog):
    assert uvicorn_settings()["access_log"] is False
    caplog.set_level("DEBUG")
    link = service.access.login_link(service.base)
    page = service.client(None).get(link)
    service.client("admin").get("/v1/status")
    service.client(None).post("/login", data={"token": service.tokens["read"]})
    service.client(service.tokens["read"][:-1]).get("/v1/status")
    ours = "".join(
        r.getMessage() for r in caplog.records if r.name.startswith(("edgekeeper", "uvicorn.error"))
    )
    secrets = [*service.tokens.values(), link.split("=")[1], page.cookies["edgekeeper_session"]]
    for secret in secrets:
        assert secret not in ours
