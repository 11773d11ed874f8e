"""The process that answers people: it reads what others have worked out."""

import subprocess
import sys

LOADED = """
heavy = ("numba", "scipy", "sklearn", "lightgbm", "xgboost", "pandas", "onnx", "onnxruntime")
print(*(name for name in heavy if name in sys.modules))
"""
MADE = """
import sys
from pathlib import Path
from edgekeeper.config import Config
from edgekeeper.web import make_web
make_web(Path(sys.argv[1]), Config())
"""
READ = """
import sys
from pathlib import Path
from edgekeeper.desk import Desk
with Desk(Path(sys.argv[1])) as desk:
    desk.why("A/USD")
    for read in ("status", "to_do", "models", "registry", "refits", "positions", "earnings",
                 "equity", "data_quality", "beats", "channels", "sidecar", "gap", "source"):
        getattr(desk, read)()
"""


def loaded(program, folder):
    """Heavy libraries that a process has loaded which ran this."""
    command = [sys.executable, "-c", program + LOADED, str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return ended.stdout.split()


def test_the_web_process_loads_neither_a_compiler_nor_a_learner(tmp_path):
    assert loaded(MADE, tmp_path) == []


def test_reading_a_run_loads_neither_either(live_run):
    assert loaded(READ, live_run) == []
