"""Pages for whoever runs it: the commands, options and metrics that they name exist."""

import re
import shutil
import sqlite3
from pathlib import Path

import pytest
import typer

from edgekeeper.__main__ import app
from edgekeeper.desk import Desk
from edgekeeper.monitoring import Metrics

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    name: (ROOT / name).read_text("utf-8")
    for name in ("deploy/README.md", "docs/operations.md", "docs/going_live.md", "docs/runbooks.md")
}


def named():
    """Commands in code: the words after ``edgekeeper``, up to a comment or a line's end."""
    for page, text in PAGES.items():
        code = re.sub(r"\\\n\s*", "", text)
        lines = [line for block in re.findall(r"```\w*\n(.*?)```", code, re.S) for line in
                 block.splitlines()]  # fmt: skip
        lines += [span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", text)]
        for line in lines:
            for words in re.findall(
                r"(?<!-g )\bedgekeeper ([a-z][^#;&\n]*)", line.partition("  #")[0]
            ):
                yield page, words.split("    ")[0].strip()


COMMANDS = sorted(set(named()))
_NO_COMMAND = ("cd ", "ln ", "edgekeeper")  # its user, or its folder, and the next line


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=lambda value: str(value)[:60])
def test_commands_exist_with_their_options(page, words):
    if words.startswith(_NO_COMMAND):
        pytest.skip("the name of a machine or a user")
    command, rest = typer.main.get_command(app()), words.split()
    while hasattr(command, "commands"):
        assert rest, words
        name = rest.pop(0).rstrip(",.")
        assert name.partition("|")[0] in command.commands, words
        command = command.commands[name.partition("|")[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    given = {re.split(r"[=`),.]", word)[0] for word in rest if word.startswith("--")}
    assert given <= known | {"--help"}, words


def test_there_are_many():
    assert len(COMMANDS) > 60


def test_links_lead_to_files_and_headings():
    for name, text in PAGES.items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            path, _, anchor = target.partition("#")
            file = (ROOT / name).parent / path if path else ROOT / name
            assert file.exists(), (name, target)
            if anchor:
                heads = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
                slugs = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in heads}
                assert anchor in slugs, (name, target)


def test_metrics_that_are_named_exist(lived):
    with Desk(lived) as desk:
        text = Metrics(desk, patience_seconds=60.0).render().decode()
    known = set(re.findall(r"^# TYPE edgekeeper_(\S+)", text, re.M))
    section = PAGES["docs/operations.md"].partition("## Metrics")[2].partition("\n## ")[0]
    table = "\n".join(line for line in section.splitlines() if line.startswith("|"))
    found = {name.partition("{")[0] for name in re.findall(r"`([a-z_]+(?:\{[a-z,]+\})?)`", table)}
    assert len(found) > 30
    assert found <= known


@pytest.mark.slow
def test_the_restore_drill(edgekeeper, live_run, tmp_path):
    """As docs/operations.md tells it: back up, restore, lay the rest beside it, audit."""
    done = edgekeeper("ledger", "backup", "--run", live_run, "--to", tmp_path / "backups", "--json")
    backup, restored = Path(done.json["backup"]), tmp_path / "restored"
    assert edgekeeper("ledger", "restore", backup, "--run", restored).code == 0
    for name in ("models", "bars", "live"):
        shutil.copytree(live_run / name, restored / name)
    for name in ("paper.json", "local.json"):
        shutil.copy(live_run / name, restored / name)
    audited = edgekeeper("audit", "--run", restored, "--json")
    assert audited.code == 0, audited.err
    with sqlite3.connect(live_run / "ledger.sqlite") as before:
        (head,) = before.execute(
            "SELECT digest FROM chain WHERE role = 'trade' ORDER BY seq DESC LIMIT 1"
        ).fetchone()
    before.close()
    assert audited.json["ledger"] == head
