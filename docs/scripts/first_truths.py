"""Are the truths of a calibration run themselves uniform under their prior? No fits are made.

    python docs/scripts/first_truths.py

Prints, for the two designs whose first-drawn parameter once left the envelope, the mean probability
of 80 true values under a large sample of the prior, and the Kolmogorov-Smirnov probability: with
generators seeded (0, i), as the runs then had, and with the name of the design mixed in. Quoted in
docs/evidence/calibration.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import stats

from bajas.checks.seeds import case_seed
from bajas.checks.simulation import simulate_claims
from bajas.datasets.catalogue import load
from bajas.design.build import build_design
from bajas.model.build import build_representation
from bajas.model.intensity import with_stated_centres
from bajas.model.specification import Specification

CASES = (("hindsight/six_day_war_1967", "relation_own"), ("hindsight/gulf_war_1991", "path_scale"))
FITS, SAMPLE = 80, 200_000


def main() -> None:
    """Print a line for each design and way of seeding."""
    for name, parameter in CASES:
        ledger, given = load(name), Specification()
        design = build_design(ledger)
        prior = replace(given, intensity=with_stated_centres(design, given.intensity))
        known = build_representation(design, prior, ledger.sources)
        field, hyper = known.sample_prior(np.random.default_rng(99), SAMPLE)
        found = hyper[parameter] if parameter in hyper else known.split(field)[parameter]
        reference = np.sort(np.asarray(found).reshape(SAMPLE, -1)[:, 0])
        ways: dict[str, Callable[[int], tuple[int, ...]]] = {
            "(0, i)": lambda index: (0, index),
            **{
                f"name, {seed}, i": lambda index, seed=seed, name=name: case_seed(name, seed, index)
                for seed in (0, 1)
            },
        }
        for label, seed_of in ways.items():
            true = []
            for index in range(FITS):
                truth = simulate_claims(ledger, prior, seed_of(index), bounds="either").truth
                own = dict(truth.hyper_draws) | known.split(truth.field_draws)
                true.append(float(np.asarray(own[parameter]).reshape(-1)[0]))
            below = (np.searchsorted(reference, true) + 0.5) / (SAMPLE + 1)
            chance = stats.kstest(below, "uniform").pvalue
            print(f"{name} {parameter} seeds {label}: mean {below.mean():.3f}, KS {chance:.2g}")


if __name__ == "__main__":
    main()
