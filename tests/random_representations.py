"""Random representations with every kind of term, hyperparameter and observation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from bajas.model.correlation import lkj_priors, pair_labels
from bajas.model.prior import Prior
from bajas.model.representation import Representation, Runs
from bajas.model.term import Hyperparameter, Term

FAMILIES = ("normal", "student_t", "half_normal", "log_normal")
POSITIVE = ("half_normal", "log_normal")


@dataclass(frozen=True)
class Block:
    """What one term is like."""

    shape: tuple[int, ...]
    structure: str
    scaled: bool
    correlated: bool


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    kind = draw(st.sampled_from(["independent", "random_walk", "correlated"]))
    structure = "random_walk" if kind == "random_walk" else "independent"
    return Block(shape, structure, draw(st.booleans()), kind == "correlated" and shape[0] > 1)


@st.composite
def representations(draw: st.DrawFn, curved: bool = True) -> Representation:
    """Small random representations; hypothesis chooses their kind, a seed their numbers."""
    return make(
        draw(st.lists(blocks(), min_size=1, max_size=3)),
        forms=draw(st.lists(st.integers(0, 4), min_size=1, max_size=8)),
        families=draw(st.lists(st.sampled_from(FAMILIES), max_size=3)),
        positive=draw(st.sampled_from(POSITIVE)),
        bare=draw(st.integers(0, 5)) == 0,
        degrees=draw(st.sampled_from([4.0, float("inf")])),
        noisy=draw(st.booleans()),
        effective=draw(st.booleans()),
        restarts=draw(st.integers(0, 2)),
        biased=draw(st.booleans()),
        curves=draw(st.integers(0, 2)) if curved else 0,
        seed=draw(st.integers(0, 2**32 - 1)),
    )


def make(
    chosen: list[Block],
    *,
    forms: list[int],
    families: list[str],
    positive: str,
    degrees: float,
    noisy: bool,
    effective: bool,
    restarts: int,
    seed: int,
    biased: bool = False,
    bare: bool = False,
    curves: int = 0,
) -> Representation:
    """A representation of blocks, forms and families.

    With ``biased`` plain independent blocks enter the reports alone, as biases of sources do; with
    ``bare`` there is no hyperparameter at all. With ``curves`` about half of the runs have one of
    so many completeness curves.
    """
    rng = np.random.default_rng(seed)
    if bare:
        chosen = [Block(block.shape, block.structure, False, False) for block in chosen]

    def hyperparameter(name: str, family: str, size: int) -> Hyperparameter:
        centre = 0.0 if family == "half_normal" else rng.normal(0, 0.3)
        freedom = float(rng.integers(3, 9)) if family == "student_t" else float("inf")
        priors = tuple(Prior(family, centre, rng.uniform(0.2, 0.6), freedom) for _ in range(size))  # type: ignore[arg-type]
        return Hyperparameter(name, f"{name}_dim", tuple(map(str, range(size))), priors)

    curves = 0 if bare else curves
    hypers = [] if bare else [hyperparameter("noise", positive, 2)]
    hypers += [hyperparameter("curve", positive, 2 * curves)] if curves else []
    for i, family in enumerate([] if bare else families):
        hypers.append(hyperparameter(f"h{i}", family, int(rng.integers(1, 4))))
    terms = []
    for i, block in enumerate(chosen):
        labels = tuple(tuple(map(str, range(size))) for size in block.shape)
        if block.scaled:
            hypers.append(hyperparameter(f"scale{i}", str(rng.choice(POSITIVE)), block.shape[0]))
        if block.correlated:
            priors = lkj_priors(block.shape[0], rng.uniform(0.5, 3))
            hypers.append(Hyperparameter(f"pairs{i}", f"pair{i}", pair_labels(labels[0]), priors))
        terms.append(
            Term(
                f"term{i}",
                tuple(f"dim{i}_{d}" for d in range(len(block.shape))),
                labels,
                block.structure,  # type: ignore[arg-type]
                mean=rng.normal(0, 0.3, block.shape),
                scale=rng.uniform(0.2, 0.8, block.shape),
                scale_by=f"scale{i}" if block.scaled else None,
                correlated_by=f"pairs{i}" if block.correlated else None,
            )
        )
    field, hyper = sum(t.size for t in terms), sum(h.size for h in hypers)
    nodes, cells, observations = int(rng.integers(2, 6)), int(rng.integers(4, 15)), len(forms)

    losses = np.ones(field)  # columns of what may enter more than reports
    if biased:
        plain = [b.structure == "independent" and not b.correlated for b in chosen]
        losses = np.repeat(1.0 - np.array(plain), [t.size for t in terms])

    def matrix(rows: int, columns: int, density: float, kept: float | np.ndarray = 1.0):  # type: ignore[no-untyped-def]
        values = rng.normal(0, 0.7, (rows, columns)) * (rng.random((rows, columns)) < density)
        return sparse.csr_array(values * kept)

    told = np.ones((observations, field))
    if biased:  # few reports share a bias, so that families differ in size
        told = np.where((losses > 0) | (rng.random(told.shape) < 0.4), 1.0, 0.0)

    edges = np.sort(rng.choice(np.arange(1, cells), min(restarts, cells - 1), replace=False))
    bounds = np.concatenate([[0], edges, [cells]])
    of, start, stop = [], [], []
    for i in range(observations):
        for _ in range(int(rng.integers(1, 4))):
            piece = int(rng.integers(bounds.size - 1))
            first, last = bounds[piece], bounds[piece + 1]
            begin = int(rng.integers(first, last))
            of.append(i)
            start.append(begin)
            stop.append(int(rng.integers(begin, last)) + 1)
    weight = rng.uniform(0.3, 2, len(of))
    curve, age, since = np.full(len(of), -1), np.zeros(len(of)), np.zeros(len(of))
    if curves:
        curve = rng.integers(-1, curves, len(of))
        since = rng.choice([0.0, 0.5, 3.5, 40.0], len(of))
        age = since + rng.choice([0.5, 7.0, 300.0], len(of))
    runs = Runs(np.array(of), np.array(start), np.array(stop), weight, edges, curve, age, since)
    form = np.array(forms)
    log_sd = np.where((rng.random(observations) < 0.5) & (form < 3), rng.uniform(0, 0.5), 0.0)
    return Representation(
        terms=tuple(terms),
        hyperparameters=tuple(hypers),
        node_design=matrix(nodes, field, 0.5, losses),
        node_offset=rng.normal(0.5, 0.5, nodes),
        interpolation=matrix(cells, nodes, 0.5),
        runs=runs,
        reporting=matrix(observations, field, 0.4, told),
        effects=matrix(observations, hyper, 0.4 if effective else 0.0),
        names=tuple(map(str, range(observations))),
        form=form,
        log_value=np.where(form < 3, rng.normal(1.5, 1, observations), 0.0),
        log_sd=log_sd,
        noise=rng.integers(-1, -1 if bare else 1, observations, endpoint=True),
        degrees_of_freedom=degrees,
        count=np.where(form >= 3, rng.poisson(rng.choice([0.5, 8.0, 3e3], observations)), 0.0),
        log_noise=matrix(observations, field, 0.3 if noisy else 0.0, losses),
        curves=np.arange(2 * curves).reshape(curves, 2) + 2,
    )
