"""The container file and the composition, as far as they can be judged without building them."""

import re
import subprocess
from pathlib import Path

import typer
import yaml

from edgekeeper.__main__ import app

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "deploy" / "Containerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))


def steps():
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE))
    return [line.split(None, 1) for line in joined.splitlines() if line.strip()]


def last(word):
    return [rest for name, rest in steps() if name == word][-1]


def test_two_stages_and_a_user_of_its_own():
    stages = [rest for name, rest in steps() if name == "FROM"]
    assert len(stages) == 2
    assert stages[0].endswith(" AS build")
    assert not any(":latest" in stage or ":" not in stage for stage in stages)
    user, _, group = last("USER").partition(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000
    names = [name for name, _ in steps()]
    assert names.index("USER") > names.index("RUN")
    assert "COPY" not in names[names.index("USER") :], "nothing is copied as that user"


def test_what_is_installed_is_pinned_by_hash():
    assert "--require-hashes -r requirements.lock" in TEXT
    assert "--no-deps ." in TEXT
    assert "ADD " not in TEXT
    assert "curl" not in TEXT


def test_what_is_copied_exists_and_is_let_through():
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    for name, rest in steps():
        if name == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source.removeprefix('./')}" in ignored, source


def test_it_writes_only_where_volumes_are():
    volumes = yaml.safe_load(last("VOLUME"))
    environment = dict(re.findall(r"(\w+)=(\S+)", last("ENV")))
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        assert any(environment[name].startswith(volume) for volume in volumes)
    mounted = {volume.partition(":")[2] for volume in COMPOSE["services"]["edgekeeper"]["volumes"]}
    assert mounted == set(volumes)
    assert COMPOSE["services"]["edgekeeper"]["read_only"] is True


def test_what_it_runs_is_a_command_with_such_options():
    command = typer.main.get_command(app()).commands[yaml.safe_load(last("CMD"))[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    words = yaml.safe_load(last("CMD"))
    assert {word for word in words if word.startswith("--")} <= known
    assert "/health/live" in last("HEALTHCHECK")  # which needs no token
    assert f"127.0.0.1:{last('EXPOSE')}" in last("HEALTHCHECK")


def test_the_composition_publishes_to_this_machine_alone_and_gives_nothing_away():
    services = COMPOSE["services"]
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        assert not service["image"].endswith(":latest"), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("./") and not source.endswith(".token"):
                assert (ROOT / "deploy" / source).exists(), volume
            elif not source.startswith("./"):
                assert source in COMPOSE["volumes"], volume
    assert "GRAFANA_PASSWORD:?" in services["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"]


def test_tokens_stay_out_of_the_repository():
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    assert "deploy/*.token" in ignored
    assert "deploy/edgekeeper.env" in ignored
    listed = subprocess.run(
        ["git", "ls-files", "deploy"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    assert ".token" not in listed
