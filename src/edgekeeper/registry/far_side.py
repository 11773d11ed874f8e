"""Another machine, by ssh and rsync: what it is called, what is run there, what is fetched.

No shell of this machine is ever asked. What is run on the other one is quoted for its shell, and
what could be taken for an option is refused before anything is started.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edgekeeper.errors import StorageError, UsageError

__all__ = ["FarError", "FarSide"]

_HOST = r"(?:[A-Za-z_][A-Za-z0-9._-]*@)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])"
_PROGRAM = re.compile(r"[A-Za-z0-9_./~+-]+")
_CONNECT_SECONDS = 15
_LONGEST = 4_096
_RSYNC_EXITS = {
    11: "its disk may be full, or may not be written to",
    12: "the connection broke, or rsync is not installed there",
    20: "stopped",
    23: "some files could not be read or written",
    30: "nothing came for too long",
    255: "ssh could not log in",
}


@dataclass(frozen=True, slots=True)
class FarSide:
    """A folder on another machine.

    Attributes
    ----------
    host : str
        ``[USER@]HOST``, or a name of the ssh configuration.
    folder : str
        There; relative to the user's home.
    program : str
        How Edgekeeper is called there.
    ssh_config : Path or None
        Configuration of ssh, in place of the user's own.

    Examples
    --------
    >>> FarSide.parse("bot@example.org:runs/paper").folder
    'runs/paper'
    """

    host: str
    folder: str
    program: str = "edgekeeper"
    ssh_config: Path | None = None

    @classmethod
    def parse(
        cls, text: str, *, usual: str = "edgekeeper-paper", program: str = "edgekeeper",
        ssh_config: Path | None = None,
    ) -> Self:  # fmt: skip
        """Read ``[USER@]HOST[:DIR]``.

        Raises
        ------
        UsageError
            Anything else, or what ssh or rsync might take for an option.
        """
        match = re.fullmatch(rf"({_HOST})(?::(.*))?", text, re.DOTALL)
        if match is None:
            raise UsageError(f"expected a machine as [USER@]HOST[:DIR], got {text[:80]!r}")
        folder = match[2] or usual
        if len(folder) > _LONGEST or not folder.isprintable():
            raise UsageError(f"expected a folder on {match[1]}, got {folder[:80]!r}")
        if _PROGRAM.fullmatch(program) is None or program.startswith("-"):
            raise UsageError(f"expected a program on {match[1]}, got {program[:80]!r}")
        folder = f"./{folder}" if folder.startswith("-") else folder
        return cls(match[1], folder.rstrip("/") or "/", program, ssh_config)

    def edgekeeper(self, *words: str) -> str:
        """Run a command of Edgekeeper there; return what it wrote to standard output.

        Raises
        ------
        StorageError
            The machine cannot be reached, or the command failed; with what it said.
        """
        program = self.program if self.program.startswith("~/") else shlex.quote(self.program)
        there = " ".join([program, *(shlex.quote(word) for word in words)])
        done = subprocess.run(
            [*self._ssh(), "-T", "--", self.host.replace("[", "").replace("]", ""), there],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        said, trouble = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        if done.returncode != 0:
            raise FarError(self.host, done.returncode, said, trouble)
        return said

    def send(self, source: Path, target: str) -> None:
        """Copy the files of a folder into a folder there, made if need be."""
        self._rsync([f"{source.resolve()}/", f"{self.host}:{target}/"])

    def fetch(self, source: str, target: Path, *, missing: bool = False) -> bool:
        """Copy a file or a folder (its name ends in ``/``) from there; return whether it was there.

        Parameters
        ----------
        source : str
        target : Path
        missing : bool
            Not being there is no error.
        """
        return self._rsync([f"{self.host}:{source}", str(target.absolute())], missing=missing)

    def _ssh(self) -> list[str]:
        configured = ["-F", str(self.ssh_config)] if self.ssh_config else []
        waits = ["-o", "BatchMode=yes", "-o", f"ConnectTimeout={_CONNECT_SECONDS}"]
        return [_found("ssh"), *configured, *waits]

    def _rsync(self, paths: Sequence[str], *, missing: bool = False) -> bool:
        shell = shlex.join(self._ssh())
        # By content; no owners, links or devices; paths go by the protocol, not by a shell.
        options = ["-rt", "--checksum", "--protect-args", "--mkpath", "--chmod=Du=rwx,Fu=rw",
                   "--partial-dir=.partial", "--timeout=120"]  # fmt: skip
        done = subprocess.run(
            [_found("rsync"), *options, "-e", shell, "--", *paths],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        trouble = done.stderr.decode(errors="replace")
        if missing and done.returncode == 23 and "No such file" in trouble:
            return False
        if done.returncode != 0:
            why = _RSYNC_EXITS.get(done.returncode, f"rsync ended with code {done.returncode}")
            raise StorageError(
                f"could not copy to or from {self.host}: {why}: {_last(trouble)}; what was there "
                "before is unchanged: the same command goes on where it ended"
            )
        return True


class FarError(StorageError):
    """A command on another machine failed; its exit code is kept where it is one of ours."""

    def __init__(self, host: str, code: int, said: str, trouble: str) -> None:
        self.exit_code = code if code in (1, 2, 3, 4, 5, 6) else StorageError.exit_code
        self.said = said
        hints = {
            127: "Edgekeeper was not found there: name its place with --program",
            255: "ssh could not log in: try `ssh " + host + "` by hand",
        }
        hint = hints.get(code, f"the command there ended with code {code}")
        super().__init__(f"{host}: {hint}: {_last(trouble)}")


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-2:])[:500] or "it said nothing"


def _found(program: str) -> str:
    place = shutil.which(program)
    if place is None:
        raise UsageError(f"expected {program} on this machine, found none: install it")
    return place
