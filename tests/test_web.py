"""The process that answers people: it reads what others have worked out."""

import subprocess
import sys

MADE = """
import sys
from pathlib import Path
from edgekeeper.config import Config
from edgekeeper.web import make_web
make_web(Path(sys.argv[1]), Config())
heavy = ("numba", "scipy", "sklearn", "lightgbm", "xgboost", "pandas", "onnx", "onnxruntime")
print(*(name for name in heavy if name in sys.modules))
"""


def test_the_web_process_loads_neither_a_compiler_nor_a_learner(tmp_path):
    command = [sys.executable, "-c", MADE, str(tmp_path)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    assert made.stdout.split() == []
