"""The cost of a gradient, kept over time by pytest-benchmark (group ``bench``).

make bench-history                    # compares with the last run, and adds this one
"""

from __future__ import annotations

import pytest
from density import ENGINES, NotHereError
from posteriors import NoDataError, posterior
from threadpoolctl import threadpool_limits

#: Evaluations of a round.
TIMES = 100


@pytest.mark.parametrize("engine", ["kernel", "mapped", "jax"])
@pytest.mark.parametrize("name", ["P1", "P2", "P3"])
def test_gradient(benchmark, name: str, engine: str) -> None:  # type: ignore[no-untyped-def]
    with threadpool_limits(limits=1):
        try:
            evaluate = ENGINES[engine](posterior(name))
        except (NoDataError, NotHereError) as error:
            pytest.skip(str(error))
        evaluate(1)
        benchmark.group = name
        benchmark.extra_info["evaluations"] = TIMES
        benchmark.pedantic(evaluate, args=(TIMES,), rounds=20)
