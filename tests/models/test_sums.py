import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from edgekeeper.models import summed_in_order
from edgekeeper.models.learners import LEARNERS
from edgekeeper.types import TrainingRows


def test_sums_are_done_by_one_thread_inside_and_by_as_many_as_before_outside():
    with threadpool_limits(limits=2):
        before = [pool["num_threads"] for pool in threadpool_info()]
        with summed_in_order():
            inside = [pool["num_threads"] for pool in threadpool_info()]
        assert set(inside) == {1}
        assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_a_fit_does_not_depend_on_how_many_threads_there_are():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((20_000, 24)).astype(np.float32)
    y = (x[:, 0] + rng.standard_normal(len(x)) > 0).astype(float)

    @summed_in_order()
    def fit():
        fitted = LEARNERS["logistic"]().fit(
            TrainingRows.of(x, y, np.ones(len(x))), validation=None, seed=0
        )
        return fitted.to_onnx(x.shape[1])

    graphs = []
    for threads in (1, 2, 4):
        with threadpool_limits(limits=threads):
            graphs.append(fit())
    assert graphs[0] == graphs[1] == graphs[2]
