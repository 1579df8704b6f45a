"""Simulation-based calibration of the model as it ships, on the designs of real ledgers.

The command is :mod:`bajas.workflow.calibration`. A truth is drawn from the prior and every claim's
figure from the truth; the claims are fitted, and each true value is ranked among thinned draws of
its posterior. If what draws, what reads and what simulates agree, ranks are uniform, whatever the
model (Talts et al. 2018). All ranks of a quantity are judged at once by a simultaneous envelope,
and all quantities by Holm's correction. The joint log likelihood, ranked with the data's own, sees
what parameters don't (Modrák et al. 2023): a fit that returned its prior would rank every parameter
uniformly.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import pandas as pd

from bajas.batch.run import run_batch
from bajas.batch.task import FitTask
from bajas.checks.calibration_quantities import (
    LOG_LIKELIHOOD,
    calibration_quantities,
    joint_log_likelihood,
)
from bajas.checks.commit import commit
from bajas.checks.seeds import case_seed
from bajas.checks.simulation import Bounds, Simulated, simulate_claims
from bajas.checks.uniformity import Envelope, holm
from bajas.design.build import build_design
from bajas.errors import BajasError
from bajas.ledger.ledger import Ledger
from bajas.model.build import build_representation
from bajas.model.intensity import with_stated_centres
from bajas.model.specification import Specification
from bajas.posterior.convergence import convergence
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Progress, Settings, silent

#: Of each fit.
SETTINGS = Settings(draws=500, tune=300, chains=2, cores=1)

#: Among how many draws a truth is ranked: few enough that thinned draws are nearly independent.
RANKED = 99

#: Whether fits centre levels where the truths' prior does, or each on its own claims.
Centres = Literal["stated", "auto"]


@dataclass(frozen=True)
class Calibration:
    """Ranks of true values among draws of their posteriors.

    Parameters
    ----------
    ledger : str
        Whose design it is.
    fits, failed, untrusted : int
        Fits that were made, those that failed (not counted below), and those that failed their
        verdict, which asks for longer runs than these (counted all the same: leaving them out
        would favour what is easy to sample).
    draws : int
        Thinned draws of each fit: ranks go from 0 to this.
    ranks : mapping of str to tuple of int
        By quantity, one for each fit.
    chances : mapping of str to float
        By quantity, how probably uniform ranks leave an envelope through the worst place of these;
        not corrected for the number of quantities.
    second : mapping of str to float
        By quantity, the probability by another test, ArviZ's combination of pointwise ones.
    least_ess : tuple of float
        For each fit, the least effective number of draws among the quantities.
    about : mapping of str to Any
        Seed, settings, bounds, centres, hashes, versions, machine and day.
    """

    ledger: str
    fits: int
    failed: int
    untrusted: int
    draws: int
    ranks: Mapping[str, tuple[int, ...]]
    chances: Mapping[str, float]
    second: Mapping[str, float]
    least_ess: tuple[float, ...]
    about: Mapping[str, Any]

    def frame(self) -> pd.DataFrame:
        """Return a row per quantity, the least probable first.

        Columns ``chance``, ``corrected`` (Holm), ``second``, ``corrected_second``, ``mean`` rank
        (0.5 if uniform) and ``spread`` (sd of ranks over that of uniform ones).
        """
        both = holm(self.chances), holm(self.second)
        top = self.draws + 1
        rows = [
            {
                "quantity": name,
                "chance": self.chances[name],
                "corrected": both[0][name],
                "second": self.second[name],
                "corrected_second": both[1][name],
                "mean": (np.mean(ranks) + 0.5) / top,
                "spread": np.std(ranks) / np.sqrt((top**2 - 1) / 12),
            }
            for name, ranks in self.ranks.items()
        ]
        table = pd.DataFrame(rows).set_index("quantity")
        return table.sort_values("chance", kind="stable")

    def outside(self, level: float = 0.99) -> tuple[str, ...]:
        """Return the quantities that leave the envelope that all of them stay in so often."""
        corrected = holm(self.chances)
        return tuple(name for name, chance in corrected.items() if chance < 1 - level)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        data = asdict(self)
        return {**data, "ranks": {name: list(ranks) for name, ranks in self.ranks.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Build it from the plain data of :meth:`as_dict`."""
        ranks = {name: tuple(values) for name, values in data["ranks"].items()}
        return cls(**{**data, "ranks": ranks, "least_ess": tuple(data["least_ess"])})

    def __str__(self) -> str:
        table = self.frame()
        counted = self.fits - self.failed
        off = self.outside()
        return (
            f"{self.ledger}: {counted} fits ({self.failed} failed, {self.untrusted} not trusted),"
            f" {len(table)} quantities ranked among {self.draws} draws; median of the least"
            f" effective number of draws {np.median(self.least_ess):.0f}\n"
            f"outside the 99 % envelope of all quantities: {', '.join(off) or 'none'};"
            f" outside that of one quantity: {int((table['chance'] < 0.01).sum())}"
            f" ({0.01 * len(table):.1f} expected)\n"
            f"least probable:\n{table.head(6).round(4).to_string()}"
        )


def measure_calibration(
    name: str,
    ledger: Ledger,
    fits: int = 100,
    *,
    specification: Specification | None = None,
    seed: int = 0,
    settings: Settings = SETTINGS,
    bounds: Bounds = "either",
    centres: Centres = "stated",
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
    sampler: str = "fused",
) -> Calibration:
    """Simulate claims on a ledger's design, fit them, and rank the truth among the draws.

    Parameters
    ----------
    name : str
        Of the ledger, for the record.
    ledger : Ledger
        Its design is kept, and of its figures the order of magnitude of levels.
    fits : int
        How many.
    specification : Specification, optional
        Of the model; the default one as it ships.
    seed : int
        Same seed and name, same claims and fits; designs of different names have random numbers
        of their own (:func:`bajas.checks.seeds.case_seed`).
    settings : Settings
        Of each fit; its seed is the number of the fit.
    bounds : {"either", "hold"}
        As in :func:`bajas.checks.simulation.simulate_claims`.
    centres : {"stated", "auto"}
        Whether fits centre levels where the truths' prior has its centre, or each on its own
        simulated claims, as a fit of real claims does on its own. The second isn't exactly
        calibrated: a prior that looks at the data isn't a prior.
    folder, workers, progress
        As in :func:`bajas.fit_many`; more fits later take those made from the folder.
    sampler : {"fused", "pymc"}
        What draws.

    Raises
    ------
    BajasError
        If the definition of a stream is in question, the simulated claims aren't read as what they
        were simulated as, no fit succeeded, or the batch was interrupted.

    References
    ----------
    Talts, Betancourt, Simpson, Vehtari & Gelman (2018), arXiv:1804.06788.
    Modrák, Moon, Kim, Bürkner, Huurre, Faltejsková, Gelman & Vehtari (2023), arXiv:2211.02383.
    """
    if not isinstance(fits, int) or fits < 1:
        raise BajasError(f"fits must be a whole number from 1, not {fits!r}")
    given = specification or Specification()
    design = build_design(ledger, given.registers.reading)
    if design.ambiguous:
        raise BajasError(
            "the definition of a stream is in question: choose one with Ledger.reread, since truths"
            " are drawn of one model"
        )
    true = replace(given, intensity=with_stated_centres(design, given.intensity))
    fitted = true if centres == "stated" else given
    truths: dict[str, dict[str, float]] = {}

    def tasks() -> Iterator[FitTask]:
        for index in range(fits):
            made = simulate_claims(ledger, true, case_seed(name, seed, index), bounds=bounds)
            truths[str(index)] = _true_values(made, fitted, with_likelihood=centres == "stated")
            own = replace(settings, cores=1, seed=index)
            yield FitTask(str(index), made.ledger, fitted, own, sampler)

    def report(stage: str, done: int, total: int) -> None:
        progress(stage, done, fits if stage == "fits" else total)

    reduce = partial(thinned, count=RANKED)
    batch = run_batch(tasks(), reduce, folder=folder, workers=workers, progress=report)
    if not batch.complete:
        raise BajasError(
            f"interrupted after {len(batch.results)} of {fits} fits"
            + (f"; run it again to go on from {folder}" if folder is not None else "")
        )
    if not batch.results:
        reasons = "; ".join(dict.fromkeys(batch.errors.values()))
        raise BajasError(f"no fit of {name!r} succeeded: {reasons}")
    ranks = _ranks(truths, batch.results, seed)
    envelope = Envelope(len(batch.results), RANKED)
    return Calibration(
        ledger=name,
        fits=fits,
        failed=len(batch.errors),
        untrusted=sum(not result["trusted"] for result in batch.results.values()),
        draws=RANKED,
        ranks={key: tuple(int(rank) for rank in found) for key, found in ranks.items()},
        chances={key: envelope.probability(found) for key, found in ranks.items()},
        second=_second_opinion(ranks, seed),
        least_ess=tuple(float(result["least_ess"]) for result in batch.results.values()),
        about={
            "seed": seed,
            "settings": {k: getattr(settings, k) for k in ("draws", "tune", "chains")},
            "bounds": bounds,
            "centres": centres,
            "sampler": sampler,
            "bias": given.bias.name,
            "ledger_sha256": ledger.hash,
            "specification_sha256": given.hash,
            "errors": sorted(set(batch.errors.values())),
            "python": platform.python_version(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "commit": commit(),
            "day": datetime.now(UTC).date().isoformat(),
            **{package: version(package) for package in ("bajas", "numpy", "numba")},
        },
    )


def thinned(posterior: Posterior, count: int) -> dict[str, Any]:
    """Return evenly spaced draws of every quantity: what is kept of a fit."""
    values = calibration_quantities(posterior)
    values[LOG_LIKELIHOOD] = joint_log_likelihood(posterior)
    size = posterior.chains * posterior.draws
    if size < count:
        raise BajasError(f"{size} draws are too few to rank a truth among {count}")
    places = evenly(size, count)
    varying = [draws for draws in values.values() if np.ptp(draws) > 0]
    return {
        "draws": {name: draws.reshape(-1)[places] for name, draws in values.items()},
        "trusted": posterior.verdict.trusted,
        "least_ess": float(np.nanmin(convergence(varying).bulk)),
    }


def _true_values(
    made: Simulated, specification: Specification, with_likelihood: bool
) -> dict[str, float]:
    """Return the truth's values; the likelihood is that of the figures as a fit reads them."""
    truth = made.truth
    found = {name: float(v.item()) for name, v in calibration_quantities(truth).items()}
    design = build_design(made.ledger, specification.registers.reading)
    shape = [(o.name, o.window, o.strata, o.stream) for o in design.observations]
    if shape != [(o.name, o.window, o.strata, o.stream) for o in truth.design.observations]:
        raise BajasError("the simulated claims aren't read as what they were simulated as")
    if with_likelihood:
        read = build_representation(design, specification, made.ledger.sources)
        hyper = {name: values[0, 0] for name, values in truth.hyper_draws.items()}
        found[LOG_LIKELIHOOD] = float(read.pointwise(truth.field_draws[0, 0], hyper).sum())
    return found


def _ranks(
    truths: Mapping[str, Mapping[str, float]], results: Mapping[str, Mapping[str, Any]], seed: int
) -> dict[str, np.ndarray]:
    """Return ranks of truths among draws by quantity."""
    found: dict[str, list[int]] = {}
    for index, result in results.items():
        for place, (name, true) in enumerate(truths[index].items()):
            own = rank(true, result["draws"][name], (seed, int(index), place))
            found.setdefault(name, []).append(own)
    return {name: np.array(values) for name, values in found.items()}


def rank(true: float, draws: Sequence[float], seed: tuple[int, ...]) -> int:
    """Return how many draws are below a true value; among equal ones its place is drawn by lot."""
    values = np.asarray(draws)
    equal = int(np.sum(values == true))
    lot = int(np.random.default_rng([*seed, 2022]).integers(0, equal + 1)) if equal else 0
    return int(np.sum(values < true)) + lot


def evenly(size: int, count: int) -> np.ndarray:
    """Return evenly spaced positions among so many draws."""
    return np.floor((np.arange(count) + 0.5) * size / count).astype(int)


def _second_opinion(ranks: Mapping[str, np.ndarray], seed: int) -> dict[str, float]:
    """Return ArviZ's test of uniformity (Tesso et al. 2026, arXiv:2603.02928) of each quantity."""
    from arviz_stats.base import array_stats

    rng = np.random.default_rng([seed, 2026])
    found = {}
    for name, values in ranks.items():
        # within their step ranks are spread at random: the test is of continuous values
        inside = (values + rng.random(values.size)) / (RANKED + 1)
        chance, _, _ = array_stats.uniformity_test(inside, method="pot_c")
        found[name] = float(chance)
    return found


def restricted(ledger: Ledger, sides: Sequence[str]) -> Ledger:
    """Return the claims of a ledger on the losses of some sides.

    Raises
    ------
    BajasError
        If there is no claim on one of them.
    """
    known = dict.fromkeys(claim.side for claim in ledger)
    if absent := [side for side in sides if side not in known]:
        raise BajasError(f"no claims on the losses of {', '.join(absent)}: {', '.join(known)}")
    return replace(ledger, claims=tuple(claim for claim in ledger if claim.side in sides))
