"""The manual is that of today's command line, and shells complete it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from edgekeeper.__main__ import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text("utf-8")
MANUAL = ROOT / "docs" / "edgekeeper.1"


def commands(group=None, path=()):
    group = group or typer.main.get_command(app())
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


ALL = dict(commands())


def test_the_manual_is_current():
    command = [sys.executable, str(ROOT / "scripts" / "manual.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_command_and_option_is_in_it():
    text = MANUAL.read_text("utf-8").replace("\\-", "-")
    for path, command in ALL.items():
        assert f"\n### edgekeeper {path}\n" in PAGE
        assert f'.SS "edgekeeper {path} ' in text
        part = PAGE.partition(f"### edgekeeper {path}\n")[2].partition("\n### ")[0]
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert f"`{parameter.opts[0]}" in part, (path, parameter.opts)
    links = re.findall(r"\]\(#([a-z-]+)\)", PAGE)
    assert {f"edgekeeper-{path.replace(' ', '-')}" for path in ALL} == set(links)


def test_a_formatter_takes_the_manual_page():
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    command = ["groff", "-man", "-Tutf8", "-ww", MANUAL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "edgekeeper models push" in re.sub(r"\x1b\[\d+m|.\x08", "", done.stdout)


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("bash", ("complete -o default -F", "_EDGEKEEPER_COMPLETE=complete_bash")),
        ("zsh", ("#compdef edgekeeper", "_EDGEKEEPER_COMPLETE=complete_zsh")),
        ("fish", ("complete --command edgekeeper", "_EDGEKEEPER_COMPLETE=complete_fish")),
    ],
)
def test_each_shell_has_its_script(shell, words):
    from typer.completion import get_completion_script

    script = get_completion_script(
        prog_name="edgekeeper", complete_var="_EDGEKEEPER_COMPLETE", shell=shell
    )
    for word in words:
        assert word in script


def completed(shell, **environment):
    given = {**os.environ, "_EDGEKEEPER_COMPLETE": f"complete_{shell}", **environment}
    # Typer takes the name that the program was called by; a script in its place is named so.
    code = "import sys; sys.argv[0] = 'edgekeeper'; from edgekeeper.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True)
    return done.stdout


def test_commands_and_options_are_completed():
    assert completed("bash", COMP_WORDS="edgekeeper models pu", COMP_CWORD="2").split() == [
        "push",
        "pull",
    ]
    options = completed("bash", COMP_WORDS="edgekeeper replay --ba", COMP_CWORD="2")
    assert "--bars" in options
    zsh = completed("zsh", _TYPER_COMPLETE_ARGS="edgekeeper mod")
    assert '"models":' in zsh
    fish = completed("fish", _TYPER_COMPLETE_ARGS="edgekeeper wee",
                     _TYPER_COMPLETE_FISH_ACTION="get-args")  # fmt: skip
    assert fish.startswith("weekly\t")
