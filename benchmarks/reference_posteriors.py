"""Reference posteriors: long runs, pinned as plain files, that short runs are compared with.

P1       one side's personnel with the General Staff's daily totals (benchmarks/posteriors.py); the
         figures aren't in the repository, the posterior's summary is
article  the 21 claims of one newspaper article, biases symmetric(0.6), else the model as it ships
jenin    nine claims on the dead of Jenin 2002, likewise

    python benchmarks/reference_posteriors.py --make article jenin P1   # ten runs, then admission
    python benchmarks/reference_posteriors.py --cross-check article     # by PyMC and nutpie
    python benchmarks/reference_posteriors.py --compare article         # a short run

A reference is admitted in the manner of posteriordb (Magnusson et al. 2024, arXiv:2407.04967): ten
runs with maps and adaptations of their own, a thousand draws of each after thinning, no divergence
in the runs before thinning, R-hat below 1.01 everywhere, and draws that are next to independent:
effective sample sizes of about ten thousand, no notable autocorrelation. What isn't admitted isn't
written.

benchmarks/reference/NAME.json holds the specification, a hash of the representation, the runs and
their admission; NAME.csv mean, sd and quantiles of every scalar and total with Monte Carlo errors;
NAME.draws.csv some draws of hyperparameters, levels and totals. A comparison is refused where the
representation's hash has changed: that is another posterior.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from effective import counted
from posteriors import Case, NoDataError, case, totals_of
from scipy import sparse

import bajas
from bajas.model import bias
from bajas.model.representation import Representation
from bajas.model.specification import Specification
from bajas.posterior.convergence import convergence
from bajas.sampler import stages
from bajas.sampler.choice import named_sampler
from bajas.sampler.interface import Settings, silent

FOLDER = Path(__file__).parent / "reference"

#: One draw of so many is kept: about as many as the slowest coordinate needs.
THINNING = {"jenin": 8, "article": 8, "P1": 8}
CHAINS, KEPT, TUNE = 10, 1000, 1000
#: Acceptance that step sizes are adapted to: shorter steps than a fit's, which leave narrow corners
#: without a divergence.
TARGET = 0.95
RHAT_LIMIT, ESS_LEAST, LAG_LIMIT, BFMI_LEAST = 1.01, 7500.0, 0.05, 0.3
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Monte Carlo errors by which a summary may differ from the reference: of five thousand
#: comparisons none by chance.
ERRORS = 4.75
SHORT = Settings(draws=1000, tune=400, chains=4, cores=1, seed=20)
SHOWN = 100


class NotAdmittedError(RuntimeError):
    """A run that doesn't meet the rules of admission."""


class OtherPosteriorError(RuntimeError):
    """The representation isn't that of the reference any more."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A pinned posterior: what it is of, how it was made, and its summary.

    Parameters
    ----------
    about : dict
        Of NAME.json.
    table : DataFrame
        Of NAME.csv, by quantity.
    """

    about: dict[str, Any]
    table: pd.DataFrame


def built(name: str, specification: Specification | None = None) -> Case:
    """Return a posterior by name, with a given specification or the one as it is today.

    Raises
    ------
    NoDataError
        If its data aren't there.
    """
    if name == "P1":
        model = case("P1").model
        assert model is not None
        ledger, today = model.ledger, model.specification
    else:
        data = {"article": "article_2023_08_07", "jenin": "hindsight/jenin_2002"}[name]
        from bajas.datasets.catalogue import load

        ledger, today = load(data), Specification(bias.symmetric(0.6))
    model = bajas.Model.from_specification(ledger, specification or today)
    return Case(name, model.representation, totals_of(model.design), {}, model)


def pinned(name: str, folder: Path = FOLDER) -> Reference:
    """Return a reference from its files.

    Raises
    ------
    FileNotFoundError
        If it was never made.
    """
    about = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return Reference(about, pd.read_csv(folder / f"{name}.csv", index_col="quantity"))


def pinned_case(reference: Reference) -> Case:
    """Return the posterior of a reference, under the specification that is pinned with it.

    Raises
    ------
    OtherPosteriorError
        If claims or code have changed so that the representation is another.
    """
    name = reference.about["name"]
    found = built(name, Specification.from_dict(reference.about["specification"]))
    own, its = representation_hash(found.representation), reference.about["representation_sha256"]
    if own != its:
        raise OtherPosteriorError(
            f"{name}: the representation ({own[:12]}) isn't the one of the reference ({its[:12]},"
            f" made on {reference.about['day']}): claims, or what the library makes of them, have"
            " changed, so that the posterior is another one. If that is meant, make the reference"
            f" anew: python benchmarks/reference_posteriors.py --make {name}"
        )
    return found


def representation_hash(representation: Representation) -> str:
    """Return a SHA-256 of all that decides a posterior, numbers to nine digits.

    Digits beyond may differ between machines.
    """
    digest = hashlib.sha256()

    def take(name: str, values: Any) -> None:
        digest.update(f"{name}:".encode())
        if sparse.issparse(values):
            # not the layout: entries in order, zeros dropped
            entries = sparse.coo_array(values)
            entries.eliminate_zeros()
            order = np.lexsort((entries.col, entries.row))
            take("row", entries.row[order])
            take("column", entries.col[order])
            take("entry", entries.data[order])
        elif isinstance(values, np.ndarray) and values.dtype.kind == "f":
            mantissa, exponent = np.frexp(values)
            with np.errstate(invalid="ignore"):
                whole = np.where(np.isfinite(values), np.round(mantissa * 2**30), 0)
            over = np.abs(whole) == 2**30  # rounded up to the next power of two
            digest.update(np.where(over, whole / 2, whole).astype(np.int64).tobytes())
            digest.update((exponent + over).astype(np.int64).tobytes())
            digest.update(np.isposinf(values).tobytes() + np.isneginf(values).tobytes())
        elif isinstance(values, np.ndarray):
            digest.update(values.astype(np.int64).tobytes())
        else:
            digest.update(json.dumps(values).encode())

    for term in representation.terms:
        take("term", [term.name, term.dims, term.labels, term.structure, term.scale_by,
                      term.correlated_by])  # fmt: skip
        take("mean", np.asarray(term.mean, dtype=float))
        take("scale", np.asarray(term.scale, dtype=float))
    for hyper in representation.hyperparameters:
        take("hyperparameter", [hyper.name, hyper.labels, hyper.family])
        for part in ("location", "scale", "concentration"):
            take(part, np.asarray(getattr(hyper, part), dtype=float))
        take("degrees", np.array([hyper.degrees_of_freedom], dtype=float))
    for part in ("observation", "start", "stop", "weight", "restart", "curve", "age", "since"):
        take(part, getattr(representation.runs, part))
    for part in ("node_design", "node_offset", "interpolation", "reporting", "effects", "log_noise",
                 "form", "log_value", "log_sd", "noise", "count", "curves"):  # fmt: skip
        take(part, getattr(representation, part))
    take("errors", np.array([representation.degrees_of_freedom], dtype=float))
    return digest.hexdigest()


# -- making ------------------------------------------------------------------------------------


def make(name: str, folder: Path = FOLDER, seed: int = 1, work: Path | None = None) -> Reference:
    """Make long runs, see whether they are admitted, and write what they say.

    Parameters
    ----------
    name : str
        Of :data:`THINNING`.
    folder : Path
        Of pinned files.
    seed : int
        Of the first run; the others count on from there.
    work : Path, optional
        Where finished runs are kept until all are there: making goes on where it was cut short.

    Raises
    ------
    NotAdmittedError
        If it isn't.
    NoDataError
        If the posterior's data aren't there.
    """
    found = built(name)
    thinning = THINNING[name]
    runs = [one_run(found, thinning, seed + index, work) for index in range(CHAINS)]
    names, values = counted(found, np.concatenate([run["position"] for run in runs]))
    stats = {key: np.concatenate([run[key] for run in runs]) for key in ("diverging", "energy")}
    admission = admit(names, values, stats)
    table = summary(names, values)
    assert found.model is not None
    about = {
        "name": name,
        "about": "mean, sd and quantiles of a posterior, by a long run of bajas's own sampler",
        "ledger_sha256": found.model.ledger.hash,
        "specification": found.model.specification.as_dict(),
        "representation_sha256": representation_hash(found.representation),
        "parameters": found.representation.size,
        "observations": len(found.representation.names),
        "quantities": len(table),
        "sampler": str(runs[0]["sampler"]),
        "runs": {"chains": CHAINS, "draws": KEPT * thinning, "thinning": thinning, "tune": TUNE,
                 "target": TARGET, "seed": seed,
                 "cpu_seconds": round(float(sum(r["seconds"] for r in runs)), 1)},
        "admission": admission,
        "cross_check": None,
        "versions": {n: version(n) for n in ("bajas", "numpy", "scipy", "numba")},
        "machine": platform.machine(),
        "day": datetime.now(UTC).date().isoformat(),
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / f"{name}.json", json.dumps(about, indent=1) + "\n")
    _write(folder / f"{name}.csv", table.to_csv(float_format="%.7g"))
    shown = [i for i, label in enumerate(names) if _is_shown(label, found)]
    places = np.linspace(0, CHAINS * KEPT - 1, SHOWN).astype(int)
    draws = pd.DataFrame(
        values.reshape(len(names), -1)[shown][:, places].T, columns=[names[i] for i in shown]
    )
    _write(folder / f"{name}.draws.csv", draws.to_csv(index=False, float_format="%.5g"))
    return pinned(name, folder)


def one_run(case_: Case, thinning: int, seed: int, work: Path | None = None) -> dict[str, Any]:
    """Return one chain with a map and an adaptation of its own: thinned draws, and what it says.

    Chains of ten runs agree for no other reason than that they are of one posterior.
    """
    settings = Settings(draws=KEPT * thinning, tune=TUNE, chains=1, cores=1, seed=seed)
    key = f"{representation_hash(case_.representation)} {settings} {thinning} {TARGET}"
    path = None
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
        path = work / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"
        if path.is_file():
            with np.load(path, allow_pickle=False) as kept:
                return dict(kept)
    clock = time.process_time()
    with patch.object(stages, "PLAN", stages.PLAN._replace(target=TARGET)):
        drawn = named_sampler("fused")(case_.representation, settings, silent)
    if not drawn.complete:
        raise KeyboardInterrupt
    run = {
        "position": drawn.position[:, thinning - 1 :: thinning],
        "diverging": np.asarray(drawn.stats["diverging"]),
        "energy": np.asarray(drawn.stats["energy"]),
        "sampler": np.array(drawn.sampler),
        "seconds": np.array(time.process_time() - clock),
    }
    if path is not None:
        part = path.with_suffix(".part.npz")
        np.savez(part, **run)
        part.replace(path)
    return run


def admit(names: list[str], values: np.ndarray, stats: Any) -> dict[str, Any]:
    """Return what the rules of admission measure.

    Parameters
    ----------
    names : list of str
        Of the quantities.
    values : ndarray, shape (quantity, chain, draw)
        Thinned.
    stats : mapping
        Of all draws before thinning.

    Raises
    ------
    NotAdmittedError
        With each rule that isn't met.
    """
    varying = np.ptp(values.reshape(len(names), -1), axis=1) > 0
    labels = [name for name, own in zip(names, varying, strict=True) if own]
    found = convergence(values[varying])
    lag = _lag_one(values[varying])
    energy = np.asarray(stats["energy"], dtype=float)
    bfmi = np.mean(np.diff(energy, axis=1) ** 2, axis=1) / np.var(energy, axis=1)
    divergent = int(np.sum(stats["diverging"]))
    measured = {
        "divergences": divergent,
        "draws before thinning": int(energy.size),
        "bfmi": float(bfmi.min()),
        "rhat": float(found.rhat.max()),
        "rhat of": labels[int(found.rhat.argmax())],
        "bulk ess": float(found.bulk.min()),
        "bulk ess of": labels[int(found.bulk.argmin())],
        "tail ess": float(found.tail.min()),
        "tail ess of": labels[int(found.tail.argmin())],
        "lag-1 autocorrelation": float(np.abs(lag).max()),
        "lag-1 autocorrelation of": labels[int(np.abs(lag).argmax())],
    }
    chains, length = values.shape[1:]
    problems = [
        text
        for text, wrong in (
            (f"{chains} chains of {length} draws", chains < CHAINS or chains * length < 10_000),
            (f"{divergent} divergences", divergent > 0),
            (f"BFMI {bfmi.min():.2f}", not bfmi.min() >= BFMI_LEAST),
            (f"R-hat {measured['rhat']:.4f}", not measured["rhat"] < RHAT_LIMIT),
            (f"bulk ESS {measured['bulk ess']:.0f} of {measured['bulk ess of']}",
             not measured["bulk ess"] >= ESS_LEAST),
            (f"tail ESS {measured['tail ess']:.0f} of {measured['tail ess of']}",
             not measured["tail ess"] >= ESS_LEAST),
            (f"lag-1 autocorrelation {measured['lag-1 autocorrelation']:.3f}",
             not measured["lag-1 autocorrelation"] <= LAG_LIMIT),
        )
        if wrong
    ]  # fmt: skip
    if problems:
        raise NotAdmittedError(f"not admitted: {'; '.join(problems)}; {json.dumps(measured)}")
    return measured


def _lag_one(values: np.ndarray) -> np.ndarray:
    """Return the autocorrelation at lag one of each quantity, over all chains."""
    centred = values - values.mean(axis=(1, 2), keepdims=True)
    products = (centred[:, :, 1:] * centred[:, :, :-1]).mean(axis=(1, 2))
    return np.asarray(products / (centred**2).mean(axis=(1, 2)))


def summary(names: list[str], values: np.ndarray) -> pd.DataFrame:
    """Return mean, sd and quantiles with Monte Carlo errors of what varies, by quantity."""
    rows: dict[str, dict[str, float]] = {}
    for name, draws in zip(names, values, strict=True):
        if np.ptp(draws) == 0:
            continue
        row = {"mean": draws.mean(), "mcse_mean": _error(draws, "mean"),
               "sd": draws.std(), "mcse_sd": _error(draws, "sd")}  # fmt: skip
        for p in QUANTILES:
            row[f"q{100 * p:g}"] = np.quantile(draws, p)
            row[f"mcse_q{100 * p:g}"] = _error(draws, "quantile", prob=p)
        rows[name] = {key: float(value) for key, value in row.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("quantity")


def _error(draws: np.ndarray, method: str, **options: float) -> float:
    return float(array_stats.mcse(draws, chain_axis=0, draw_axis=1, method=method, **options))


def _is_shown(label: str, found: Case) -> bool:
    own = label.split("[")[0]
    walks = {term.name for term in found.representation.terms if term.structure == "random_walk"}
    return own not in walks and own != "drift" and not label.startswith("month ")


# -- comparing ---------------------------------------------------------------------------------


def compare(
    reference: Reference, settings: Settings = SHORT, sampler: str = "fused"
) -> dict[str, float]:
    """Return summaries of a short run that are off, in Monte Carlo errors, by quantity and kind.

    Raises
    ------
    OtherPosteriorError
        If the representation isn't that of the reference any more.
    """
    found = pinned_case(reference)
    drawn = named_sampler(sampler)(found.representation, settings, silent)
    return differences(reference, *counted(found, drawn.position))[0]


def differences(
    reference: Reference, names: list[str], values: np.ndarray
) -> tuple[dict[str, float], float]:
    """Return what is off beyond :data:`ERRORS`, and the largest difference in such errors."""
    own = summary(names, values)
    if list(own.index) != list(reference.table.index):
        raise OtherPosteriorError("other quantities than the reference's")
    off: dict[str, float] = {}
    largest = 0.0
    for kind in ("mean", "sd", *(f"q{100 * p:g}" for p in QUANTILES)):
        error = np.hypot(own[f"mcse_{kind}"], reference.table[f"mcse_{kind}"])
        ratio = (own[kind] - reference.table[kind]) / error
        largest = max(largest, float(ratio.abs().max()))
        for name, value in ratio[ratio.abs() > ERRORS].items():
            off[f"{kind} of {name}"] = float(value)
    return off, largest


def cross_check(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Compare a reference with the other sampler, write down what came of it, and return it."""
    reference = pinned(name, folder)
    found = pinned_case(reference)
    settings = Settings(draws=2000, tune=1000, chains=4, cores=1, seed=5)
    clock = time.process_time()
    drawn = named_sampler("pymc")(found.representation, settings, silent)
    names, values = counted(found, drawn.position)
    off, largest = differences(reference, names, values)
    varying = values[np.ptp(values.reshape(len(names), -1), axis=1) > 0]
    quality = convergence(varying)
    reference.about["cross_check"] = {
        "sampler": drawn.sampler,
        "chains": 4, "draws": settings.draws, "tune": settings.tune,
        "divergences": int(np.sum(drawn.stats["diverging"])),
        "rhat": float(quality.rhat.max()),
        "bulk ess": float(quality.bulk.min()),
        "compared": 7 * len(reference.table),
        "largest difference in Monte Carlo errors": largest,
        "beyond": off,
        "cpu_seconds": round(time.process_time() - clock, 1),
        "day": datetime.now(UTC).date().isoformat(),
    }  # fmt: skip
    _write(folder / f"{name}.json", json.dumps(reference.about, indent=1) + "\n")
    return dict(reference.about["cross_check"])


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """Run the command; return 1 if something isn't admitted or is off."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--make", nargs="+", choices=THINNING, default=[], metavar="NAME")
    parser.add_argument("--cross-check", nargs="+", choices=THINNING, default=[], metavar="NAME")
    parser.add_argument("--compare", nargs="+", choices=THINNING, default=[], metavar="NAME")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--work", type=Path, help="finished runs; making goes on from there",
                        default=Path(tempfile.gettempdir()) / "bajas-reference")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = False
    for what, names in (("make", options.make), ("cross-check", options.cross_check),
                        ("compare", options.compare)):  # fmt: skip
        for name in names:
            try:
                if what == "make":
                    made = make(name, options.folder, options.seed, options.work)
                    print(f"{name}: admitted, {json.dumps(made.about['admission'])}", flush=True)
                elif what == "cross-check":
                    print(f"{name}: {json.dumps(cross_check(name, options.folder))}", flush=True)
                else:
                    off = compare(pinned(name, options.folder))
                    print(f"{name}: {off or 'within Monte Carlo error'}", flush=True)
                    failed |= bool(off)
            except (NotAdmittedError, OtherPosteriorError, NoDataError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
