"""Set up a virtual environment from a lock file, and say exactly what is missing if it can't.

Uses nothing but the standard library of any Python 3, so that even a too old one gets a clear
answer. Called by the Makefile: ``setup.py VENV LOCK``.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
DOWNLOAD_MB = 350
DISK_MB = 1800
UV = "uv==0.13.8"


def stop(problem, fix):
    """Print a problem and its fix, and end."""
    sys.stderr.write("edgekeeper setup: %s\n  fix: %s\n" % (problem, fix))
    sys.exit(1)


def check_machine(venv):
    """Stop unless Python, venv and disk space are there."""
    if sys.version_info < OLDEST:
        stop(
            "Python %d.%d or newer is needed, this is %s" % (OLDEST + (sys.version.split()[0],)),
            "install it (Debian, Ubuntu: sudo apt-get install python3.11 python3.11-venv; macOS: "
            "brew install python@3.12), then: make run PYTHON=python3.11",
        )
    try:
        import ensurepip  # noqa: F401
        import venv as _  # noqa: F401
    except ImportError:
        stop(
            "this Python has no venv module",
            "Debian, Ubuntu: sudo apt-get install python%d.%d-venv" % sys.version_info[:2],
        )
    free_mb = shutil.disk_usage(os.path.dirname(os.path.abspath(venv))).free // 2**20
    if not os.path.isdir(venv) and free_mb < DISK_MB:
        stop(
            "%d MB of disk are needed, %d MB are free" % (DISK_MB, free_mb),
            "free some space, or work in another folder",
        )


def run(*command):
    """Run a command; return whether it succeeded."""
    return subprocess.call(command) == 0


def has_uv(python):
    """Return whether the environment has uv, which installs eight times faster than pip."""
    command = [python, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('uv') is None)"]
    return run(*command)


def install(venv, lock):
    """Install the locked libraries and this checkout."""
    python = os.path.join(venv, "Scripts" if os.name == "nt" else "bin", "python")
    if not os.path.exists(python):
        print("Setting up %s: about %d MB to download, once." % (venv, DOWNLOAD_MB), flush=True)
        if not run(sys.executable, "-m", "venv", venv):
            stop("could not create %s" % venv, "check that the folder is writable")
    if not has_uv(python):
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)
    uv = [python, "-m", "uv", "pip", "install", "--quiet", "--python", python]
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pinned = ["--require-hashes", "-r", lock]
    if not run(*uv, *pinned) and not run(*pip, *pinned):
        stop("could not install the pinned libraries", "check the network, then run make again")
    here = ["--no-deps", "-e", "."]
    if not run(*uv, *here) and not run(*pip, *here):
        stop("could not install edgekeeper itself", "run this from the checkout's root")


if __name__ == "__main__":
    check_machine(sys.argv[1])
    install(sys.argv[1], sys.argv[2])
