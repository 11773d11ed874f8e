"""Weights in 8 bits: a smaller package, chances within the stated bound, or none."""

import dataclasses

import numpy as np
import pytest

from edgekeeper.errors import Refused, UsageError
from edgekeeper.models import build_package, load_package
from edgekeeper.models.learners.graphs import double, score_graph
from edgekeeper.models.parity import INT8_BOUND

from .conftest import COLUMNS, provenance

HIDDEN = 96


class Network:
    """A network with one hidden layer, its weights drawn at random; gaps count as zero."""

    def __init__(self, seed=0, spread=1.0):
        random = np.random.default_rng(seed)
        self.first = random.standard_normal((COLUMNS, HIDDEN)) * spread
        self.second = random.standard_normal((HIDDEN, HIDDEN)) / np.sqrt(HIDDEN)
        self.last = random.standard_normal((HIDDEN, 1)) / np.sqrt(HIDDEN)

    def score(self, features):
        x = np.nan_to_num(features.astype(np.float64))
        return (np.maximum(np.maximum(x @ self.first, 0) @ self.second, 0) @ self.last)[:, 0]

    def to_onnx(self, n_features):
        from onnx import helper

        node = helper.make_node
        nodes = [
            node("IsNaN", ["x"], ["gap"]),
            node("Where", ["gap", "zero", "x"], ["full"]),
            node("MatMul", ["full", "first"], ["a"]),
            node("Relu", ["a"], ["b"]),
            node("MatMul", ["b", "second"], ["c"]),
            node("Relu", ["c"], ["d"]),
            node("MatMul", ["d", "last"], ["score"]),
        ]
        held = {"zero": np.zeros(1), "first": self.first, "second": self.second, "last": self.last}
        return score_graph(nodes, [double(n, v) for n, v in held.items()], n_features)


@pytest.fixture(scope="module")
def network(model):
    return dataclasses.replace(model, fitted=Network(spread=0.3))


def test_eight_bits_are_smaller_and_near(network, rows):
    given = {"features": rows[0], "volatility": rows[1]}
    exact = build_package(network, provenance(), **given)
    small = build_package(network, provenance(), weights="int8", **given)
    assert len(small.files["model.onnx"]) < len(exact.files["model.onnx"]) / 5
    served = load_package(small.files)
    parity = served.manifest.parity
    assert (parity.weights, parity.bound) == ("int8", INT8_BOUND)
    assert 0.0 < parity.largest_difference <= INT8_BOUND
    ours, theirs = network.forecast(*rows), served.forecast(*rows)
    apart = np.nanmax(np.abs(ours.probability - theirs.probability))
    assert 0.0 < apart <= INT8_BOUND
    assert served.probe_difference() == 0.0
    assert load_package(exact.files).manifest.parity.weights == "exact"


def test_beyond_the_bound_there_is_no_package(network, rows):
    steep = dataclasses.replace(
        network,
        fitted=Network(spread=100.0),
        heads=dataclasses.replace(network.heads, scale=1e-3 + 0 * network.heads.scale),
    )
    with pytest.raises(Refused, match=r"within 0\.01"):
        build_package(steep, provenance(), features=rows[0], volatility=rows[1], weights="int8")


def test_trees_and_other_words_are_refused(model, rows):
    for weights, message in (("int8", "trees and linear"), ("int4", "did you mean 'int8'")):
        with pytest.raises(UsageError, match=message):
            build_package(
                model, provenance(), features=rows[0], volatility=rows[1], weights=weights
            )
