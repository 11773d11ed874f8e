"""``--device cuda`` on a machine without a card: told, refused, and nothing left behind."""

import polars as pl
import pytest

from edgekeeper.auditing import check_packages, fitted_on_cards
from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.models.devices import cuda_devices
from edgekeeper.registry import Registry

BARS = ("--bars", "bundled", "--symbols", "IBM,MSFT")
FAST = ("--features", "returns", "--out", "models")
no_card = pytest.mark.skipif(cuda_devices() > 0, reason="says what is told without a card")


@no_card
def test_training_is_refused_without_a_card(edgekeeper, tmp_path):
    done = edgekeeper("train", *BARS, *FAST, "--learner", "xgboost", "--device", "cuda")
    assert done.code == 2
    assert "xgboost: expected a graphics card" in done.err
    assert "nvidia-smi" in done.err
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--learner", "logistic", "--device", "cuda"), "or use lstm, multi_task, xgboost"),
        (("--line", "trees", "--device", "cuda"), "--tune or --device beside it"),
        (("--learner", "xgboost", "--device", "gpu"), "'cpu', 'cuda'"),
    ],
)
def test_a_device_that_makes_no_sense_is_refused(edgekeeper, words, said):
    done = edgekeeper("train", *BARS, "--out", "models", *words)
    assert done.code == 2
    assert said in done.err


@no_card
def test_forecasts_are_refused_without_a_card(edgekeeper):
    made = edgekeeper("train", *BARS, *FAST, "--learner", "logistic", "--json").json
    done = edgekeeper("backtest", made["folder"], *BARS, "--device", "cuda")
    assert done.code == 2
    assert "package: expected a graphics card" in done.err


def test_doctor_says_whether_there_is_one(edgekeeper):
    checks = {check["name"]: check for check in edgekeeper("doctor", "--json").json["checks"]}
    assert "CUDA" in checks["Graphics card"]["found"]


class OnePackage:
    """A ledger with one package on record."""

    def __init__(self, hash):
        self.hash = hash

    def read(self, table, columns):
        return pl.DataFrame({"hash": [self.hash], "line": ["a"], "refit_index": [0]})


def test_an_audit_counts_packages_of_a_card(edgekeeper, tmp_path):
    made = edgekeeper("train", *BARS, *FAST, "--learner", "logistic", "--json").json
    registry = Registry(tmp_path / "models")
    assert check_packages(OnePackage(made["package"]), registry) == (1, 0)
    with pytest.raises(BadData, match="is absent or was changed"):
        check_packages(OnePackage("ab" * 32), registry)


@pytest.mark.parametrize("kind", [BadData, UsageError])
def test_an_audit_that_fails_says_that_fits_were_made_on_a_card(kind):
    with pytest.raises(kind, match="another link") as caught, fitted_on_cards(2):
        raise kind("another link stands here")
    assert "2 of its packages were fitted on a graphics card" in str(caught.value)
    with pytest.raises(kind) as plain, fitted_on_cards(0):
        raise kind("another link stands here")
    assert str(plain.value) == "another link stands here"
    with pytest.raises(StorageError), fitted_on_cards(2):
        raise StorageError("disk")
