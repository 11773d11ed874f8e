"""Packages and runs between machines: a real sshd of our own, a real rsync, keys made here."""

import getpass
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

import edgekeeper
from edgekeeper.__main__ import app
from edgekeeper.api import Access, make_api
from edgekeeper.desk import Desk
from edgekeeper.desk.pulling import pull_run
from edgekeeper.errors import StorageError, UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.registry import MOST_BYTES, FarSide, Registry
from edgekeeper.registry.keys import sign_folder, write_key_pair
from edgekeeper.registry.uploading import upload

SOURCE = Path(edgekeeper.__file__).parent.parent


class Far:
    """A machine that is this one: reached by ssh alone."""

    def __init__(self, folder, config, process):
        self.folder, self.config, self.process = folder, config, process
        self.program = folder / "edgekeeper"

    @property
    def options(self):
        return ("--ssh-config", self.config, "--program", self.program, "--json")


def wait_for(port):
    import socket

    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("sshd does not listen")


@pytest.fixture(scope="module")
def far(tmp_path_factory):
    """Start sshd for this user on a free port."""
    import socket

    for name in ("ssh", "ssh-keygen", "rsync"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
    sshd = shutil.which("sshd") or "/usr/sbin/sshd"
    if not Path(sshd).exists():
        pytest.skip("sshd is not installed")
    folder = tmp_path_factory.mktemp("far")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name in ("host", "mine"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(command, check=True)
    (folder / "authorized").write_text((folder / "mine.pub").read_text())
    (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nPermitRootLogin prohibit-password\n"
    )
    (folder / "ssh_config").write_text(
        f"Host far\n  HostName 127.0.0.1\n  Port {port}\n  User {getpass.getuser()}\n"
        f"  IdentityFile {folder}/mine\n  UserKnownHostsFile {folder}/known\n"
        "  StrictHostKeyChecking yes\n"
    )
    program = folder / "edgekeeper"
    program.write_text(
        f"#!/bin/sh\nexport PYTHONPATH='{SOURCE}'\n"
        f"export NUMBA_CACHE_DIR='{os.environ.get('NUMBA_CACHE_DIR', folder)}'\n"
        f"exec '{sys.executable}' -m edgekeeper \"$@\"\n"
    )
    program.chmod(0o755)
    log = (folder / "sshd.log").open("wb")
    process = subprocess.Popen([sshd, "-D", "-e", "-f", folder / "sshd_config"], stderr=log)
    try:
        wait_for(port)
        yield Far(folder, folder / "ssh_config", process)
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def run(*words):
    result = CliRunner().invoke(app(), [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def server(lived, tmp_path):
    """The run as the far machine has it, without its packages."""
    folder = Path(shutil.copytree(lived, tmp_path / "a server's run"))
    shutil.rmtree(folder / "models" / "packages")
    return folder


def newest(folder):
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        return ledger.read("packages", ["hash"])["hash"][-1]


def test_a_package_is_pushed_once_and_verified_there(far, lived, server):
    done = run("models", "push", f"far:{server}", "--run", lived, *far.options)
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    hash = newest(lived)
    assert (said["hash"], said["new"], said["line"]) == (hash, True, "linear")
    assert Registry(server / "models").load(hash).hash == hash
    assert not list((server / "models" / "incoming").iterdir())
    again = run("models", "push", f"far:{server}", "--run", lived, *far.options)
    assert (json.loads(again.stdout)["new"], again.exit_code) == (False, 0)


def test_a_transfer_that_breaks_leaves_nothing_that_serves_and_goes_on(far, lived, server):
    hash = newest(lived)
    incoming = server / "models" / "incoming" / hash
    incoming.mkdir(parents=True)
    whole = Registry(lived / "models").folder(hash)
    (incoming / "manifest.json").write_bytes((whole / "manifest.json").read_bytes()[:5_000])
    there = FarSide.parse(f"far:{server}", program=str(far.program), ssh_config=far.config)
    with pytest.raises(Exception, match="expected it in"):
        there.edgekeeper("models", "receive", hash, "--run", str(server))
    assert not incoming.exists()
    assert not (server / "models" / "packages").exists()
    done = run("models", "push", f"far:{server}", hash[:12], "--run", lived, *far.options)
    assert json.loads(done.stdout)["new"] is True


def test_a_wrong_signature_is_refused_there(far, lived, server, tmp_path):
    mine, strange = (write_key_pair(tmp_path / name) for name in ("mine", "strange"))
    assert mine != strange
    trusting(server, mine)
    folder = Path(shutil.copytree(Registry(lived / "models").folder(newest(lived)), tmp_path / "p"))
    for key, code in (("strange", 4), ("mine", 0)):
        sign_folder(folder, tmp_path / key)
        done = run("models", "push", f"far:{server}", folder, *far.options)
        assert done.exit_code == code, done.stderr
        assert (server / "models" / "packages").exists() is (code == 0)


@pytest.mark.slow
def test_a_run_is_pulled_studied_and_brought_up_to_date(far, lived, server, tmp_path):
    shutil.copytree(lived / "models" / "packages", server / "models" / "packages")
    (server / "tokens.json").write_text("secret")
    mirror = tmp_path / "mirror"
    done = run("models", "pull", f"far:{server}", "--to", mirror, *far.options)
    assert done.exit_code == 0, done.stderr
    first = json.loads(done.stdout)
    assert first["links"] == first["new_links"] > 200
    assert not list(mirror.rglob("tokens*"))
    audited = run("audit", "--run", mirror, "--json")
    assert audited.exit_code == 0, audited.stderr
    assert first["head"] in audited.stdout
    with (
        Ledger.open(server / "ledger.sqlite") as ledger,
        ledger.transaction("trade", event_time_ns=2 * 10**18) as tx,
    ):
        tx.append("guards", {"event_time_ns": 2 * 10**18, "account": "edgekeeper", "event": "halt"})
    second = json.loads(run("models", "pull", f"far:{server}", "--to", mirror, *far.options).stdout)
    assert (second["links"], second["new_links"]) == (first["links"] + 1, 1)
    assert len(list((server / "pulls").glob("*.sqlite"))) == 1, "older copies are dropped"


def test_a_mirror_is_never_overwritten_by_another_run(far, lived, server, tmp_path):
    shutil.copytree(lived / "models" / "packages", server / "models" / "packages")
    mirror = Path(shutil.copytree(lived, tmp_path / "mine"))
    with (
        Ledger.open(mirror / "ledger.sqlite") as ledger,
        ledger.transaction("trade", event_time_ns=2 * 10**18) as tx,
    ):
        tx.append("guards", {"event_time_ns": 5, "account": "mine alone", "event": "halt"})
    before = (mirror / "ledger.sqlite").read_bytes()
    done = run("models", "pull", f"far:{server}", "--to", mirror, *far.options)
    assert done.exit_code == 3
    assert "another" in done.stderr
    assert (mirror / "ledger.sqlite").read_bytes() == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "diary.txt").write_text("x")
    done = run("models", "pull", f"far:{server}", "--to", tmp_path / "full", *far.options)
    assert (done.exit_code, "new folder" in done.stderr) == (2, True)


def test_a_record_in_a_database_is_copied_from_where_it_is(far, lived, tmp_path):
    """SQLite by URL stands in for a server's database: the same door, and no file in the run."""
    there = Path(shutil.copytree(lived, tmp_path / "there"))
    url = f"sqlite:///{(there / 'ledger.sqlite').rename(tmp_path / 'elsewhere.sqlite')}"
    mirror = tmp_path / "mirror"
    done = run("models", "pull", f"far:{there}", "--to", mirror, *far.options)
    assert (done.exit_code, "--ledger" in done.stderr) == (2, True), done.stderr
    shutil.rmtree(mirror, ignore_errors=True)
    for _ in range(2):
        done = run("models", "pull", f"far:{there}", "--to", mirror, "--ledger", url, *far.options)
        assert done.exit_code == 0, done.stderr
        pulled = json.loads(done.stdout)
    assert (pulled["links"] > 200, pulled["new_links"]) == (True, 0)
    with Ledger.open(mirror / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.head("trade") == pulled["head"]
    assert (mirror / "live").is_dir()


def test_a_machine_that_is_not_there_or_has_no_such_run(far, lived, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("models", "push", f"far:{tmp_path / 'none'}", "--run", lived, *far.options)
    assert done.exit_code == 2
    assert "expected the folder of a run" in done.stderr
    done = run("models", "pull", "far", "--ssh-config", far.config, "--program", "/no/such")
    assert (done.exit_code, "--program" in done.stderr) == (6, True)
    (tmp_path / "config").write_text("Host gone\n  HostName 127.0.0.1\n  Port 1\n")
    done = run("models", "pull", "gone", "--ssh-config", tmp_path / "config")
    assert (done.exit_code, "could not log in" in done.stderr) == (6, True)
    assert not list(tmp_path.glob("pulled-*")), "nothing came, so nothing is left"


@pytest.mark.parametrize(
    "text",
    [
        "-oProxyCommand=x",
        "a b",
        "host;rm",
        "$(x)",
        "`x`",
        "h\n",
        "@h",
        "a@-b",
        "",
        "h:x\ny",
        "a@b@c",
    ],
)
def test_what_might_be_an_option_or_a_command_is_no_machine(text):
    with pytest.raises(UsageError):
        FarSide.parse(text)


def test_folders_and_programs_reach_the_far_shell_as_they_are(far, tmp_path):
    assert FarSide.parse("h:-rf").folder == "./-rf"
    assert FarSide.parse("u@h").folder == "edgekeeper-paper"
    assert FarSide.parse("[::1]:/x").folder == "/x"
    for program in ("-x", "a;b", "a b", "$(x)"):
        with pytest.raises(UsageError):
            FarSide.parse("h", program=program)
    echo = FarSide.parse("far", program="echo", ssh_config=far.config)
    words = ["it's", "$HOME; touch /tmp/x", "`id`", "a\tb", "*"]
    assert echo.edgekeeper(*words) == " ".join(words) + "\n"


# -- by the API ------------------------------------------------------------------------------------


def trusting(folder, key):
    """Have a run trust one key, as if it had been begun so."""
    with Ledger.open(folder / "ledger.sqlite") as ledger:
        row = ledger.read("runs").to_dicts()[-1]
        config = json.loads(row["config_json"])
        config["packages"]["trusted_keys"] = [key]
        with ledger.transaction("trade", event_time_ns=10**18) as tx:
            tx.append("runs", {**{k: v for k, v in row.items() if k != "link"},
                               "config_json": [config]})  # fmt: skip


@pytest.fixture
def service(server, free_port):
    """The real API over a run."""
    import uvicorn

    port = free_port()
    with Desk(server) as desk:
        access = Access(server)
        running = uvicorn.Server(
            uvicorn.Config(make_api(desk, access), port=port, log_level="error")
        )
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        wait_for(port)
        yield f"http://127.0.0.1:{port}", access
        running.should_exit = True
        thread.join(10)


def test_a_package_is_uploaded_with_a_token_and_a_signature(
    service, server, lived, tmp_path, monkeypatch
):
    url, access = service
    held = Registry(server / "models")
    folder = Path(shutil.copytree(Registry(lived / "models").folder(newest(lived)), tmp_path / "p"))
    monkeypatch.delenv("EDGEKEEPER_TOKEN", raising=False)
    assert run("models", "push", url, folder).exit_code == 2

    def push(token):
        monkeypatch.setenv("EDGEKEEPER_TOKEN", token)
        done = run("models", "push", url, folder, "--json")
        return done.exit_code, " ".join(done.stderr.split()), done.stdout

    admin = access.create_token("trainer", "admin")
    assert push("ek_wrong")[0] == push(access.create_token("bot", "trade"))[0] == 4
    code, said, _ = push(admin)
    assert (code, "trusted_keys" in said) == (4, True), "a run that trusts nobody takes nothing"
    trusting(server, write_key_pair(tmp_path / "key"))
    code, said, _ = push(admin)
    assert (code, "expected a signature" in said) == (4, True)
    assert held.list() == ()
    sign_folder(folder, tmp_path / "key")
    for new in (True, False):
        code, said, out = push(admin)
        assert (code, json.loads(out)["new"]) == (0, new), said
    assert held.list() == (newest(lived),)


def test_bodies_of_any_size_and_kind_are_refused_without_a_trace(service, server):
    url, access = service
    head = {"Authorization": f"Bearer {access.create_token('trainer', 'admin')}"}
    for body in (b"", b"{}", b"\0" * 20_000, b"x" * 400_000):
        answer = httpx.post(f"{url}/v1/packages", content=body, headers=head, timeout=30)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", "/v1/packages")
    for name, value in {**head, "Content-Length": str(MOST_BYTES + 1)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert not (server / "models" / "packages").exists()


def test_a_token_does_not_travel_in_the_clear():
    for url in ("http://example.org", "http://me:pw@127.0.0.1", "https://", "http://10.0.0.1:8765"):
        with pytest.raises(UsageError):
            upload(url, {}, "t")


def test_a_line_is_fitted_on_a_mirror_as_its_run_would(lived, tmp_path):
    """What the trainer makes is of the same recipe, so that the server can adopt it."""
    out, bars = tmp_path / "models", lived / "live"
    words = ("train", "--bars", bars, "--run", lived, "--line", "linear", "--out", out, "--json")
    done = run(*words)
    assert done.exit_code == 0, done.stderr
    (hash,) = Registry(out).list()
    made, known = Registry(out).manifest(hash), Registry(lived / "models").manifest(newest(lived))
    assert made.provenance.lineage.line == "linear"
    assert made.features == known.features
    assert made.provenance.labels == known.provenance.labels
    assert made.provenance.data.last >= known.provenance.data.last
    done = run(*words, "--tune", "2")
    assert (done.exit_code, "the line has its own" in done.stderr) == (2, True)
    done = run(*words[:5], "--line", "lineer", "--out", out)
    assert (done.exit_code, "'linear'" in done.stderr) == (2, True)


# -- connections that break ------------------------------------------------------------------------


BREAKING = """#!{python}
import os, subprocess, sys
sends = {sends}
ssh = subprocess.Popen([{ssh!r}, *sys.argv[1:]], stdin=subprocess.PIPE if sends else None,
                       stdout=None if sends else subprocess.PIPE)
source, sink = (0, ssh.stdin.fileno()) if sends else (ssh.stdout.fileno(), 1)
left = 300_000
while left > 0 and (data := os.read(source, min(left, 65_536))):
    os.write(sink, data)
    left -= len(data)
if left > 0 and sends:
    ssh.stdin.close()
if left > 0:
    sys.exit(ssh.wait())
ssh.kill()
sys.exit(255)
"""


def breaking(folder, monkeypatch, *, sends):
    """Put an ssh before the real one that dies after 300 kB one way."""
    place = folder / "breaking"
    place.mkdir()
    text = BREAKING.format(python=sys.executable, ssh=shutil.which("ssh"), sends=sends)
    (place / "ssh").write_text(text)
    (place / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")


def test_a_connection_that_breaks_while_a_package_is_sent(
    far, lived, server, tmp_path, monkeypatch
):
    there = FarSide.parse(f"far:{server}", program=str(far.program), ssh_config=far.config)
    source, target = tmp_path / "package", f"{server}/models/incoming/{'0' * 64}"
    source.mkdir()
    (source / "model.onnx").write_bytes(os.urandom(2_000_000))
    with monkeypatch.context() as patched:
        breaking(tmp_path, patched, sends=True)
        with pytest.raises(StorageError, match="the same command goes on where it ended"):
            there.send(source, target)
    assert not (Path(target) / "model.onnx").exists()
    there.send(source, target)
    assert (Path(target) / "model.onnx").read_bytes() == (source / "model.onnx").read_bytes()


def test_a_connection_that_breaks_while_a_run_is_fetched(far, lived, server, tmp_path, monkeypatch):
    mirror = Path(shutil.copytree(lived, tmp_path / "mirror"))
    with Ledger.open(mirror / "ledger.sqlite", read_only=True) as ledger:
        head = ledger.head("trade")
    (server / "live" / "1h" / "new.parquet").write_bytes(os.urandom(2_000_000))
    there = FarSide.parse(f"far:{server}", program=str(far.program), ssh_config=far.config)
    with monkeypatch.context() as patched:
        breaking(tmp_path, patched, sends=False)
        with pytest.raises(StorageError, match="what was there before is unchanged"):
            pull_run(there, mirror)
    assert not (mirror / "live" / "1h" / "new.parquet").exists()
    with Ledger.open(mirror / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.head("trade") == head
    time.sleep(1.0)  # backups are named by the second
    pull_run(there, mirror)
    assert (mirror / "live" / "1h" / "new.parquet").stat().st_size == 2_000_000
    assert not (mirror / ".pulling").exists()
