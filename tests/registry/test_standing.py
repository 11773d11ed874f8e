from edgekeeper.registry import Fit, Pointer, standings

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def fit(hash, line, number, verdict="accepted"):
    return Fit(hash, line, number, verdict, {}, {})


def test_where_packages_stand():
    fits = [fit(A, "trees", 0), fit(B, "trees", 1), fit(C, "trees", 2, "vetoed"), fit(D, "net", 0)]
    none = Pointer()
    stages = {"trees": "shadow", "net": "shadow"}
    assert standings(fits, none, stages) == {A: "retired", B: "shadow", C: "training", D: "shadow"}
    assert standings(fits, Pointer(A, {D: 0.1}), stages) == {
        A: "production", B: "shadow", C: "training", D: "ab_test",
    }  # fmt: skip
    assert standings(fits, none, {**stages, "trees": "retired"})[B] == "retired"
    assert standings(fits[2:3], none, {})[C] == "training"
