"""Reproduce Radford et al. (2023): losses of both sides in the first year of full-scale war.

The model of 4,609 reports on 30 types of losses over 365 days, written in the parts that all models
of bajas are made of, sampled by its sampler, and its table of cumulative losses beside the
published one. The data (MIT licence) are not part of bajas; download
data/replication-data-pnas.csv from https://github.com/benradford/estimating-conflict-losses
into a folder radford2023/ of the folder that BAJAS_DATA names.

    python examples/radford_2023.py [--data FILE] [--draws 1100] [--tune 140] [--chains 4]
        [--seed 1] [--json FILE] [--types "Tanks-Russia" ...] [--knots 150]

B. J. Radford, Y. Dai, N. Stoehr, A. Schein, M. Fernandez & H. Sajid (2023). Estimating conflict
losses and reporting biases. Proceedings of the National Academy of Sciences 120(34), e2307372120.
https://doi.org/10.1073/pnas.2307372120
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from scipy import sparse

from bajas.answers.montecarlo import effective_size, mcse_mean, mcse_quantile
from bajas.datasets.folder import data_folder
from bajas.model.columns import FieldLayout, SparseRows
from bajas.model.correlation import lkj_priors, pair_labels
from bajas.model.family import NEGATIVE_BINOMIAL, POISSON
from bajas.model.prior import Prior
from bajas.model.representation import Representation, Runs
from bajas.model.splines import b_spline_basis
from bajas.model.term import Hyperparameter, Term
from bajas.posterior.verdict import judge
from bajas.sampler.choice import named_sampler
from bajas.sampler.interface import Draws, Settings
from bajas.workflow.progress import terminal_progress

FILE = "replication-data-pnas.csv"
KNOTS = 150
#: Concentration of the LKJ prior of correlations between types.
CONCENTRATION = 2.0

#: Cumulative losses on the last day as published: mean and ends of the 95 % interval.
PUBLISHED = Path(__file__).with_name("radford_2023_published.csv")
#: Draws behind them, by the authors' program: 6 chains of 1,500. Their errors aren't published.
PUBLISHED_DRAWS = 9000

_ALL = ("all",)
_BLOCK = 100


def radford_representation(
    path: Path | str, types: Sequence[str] | None = None, knots: int = KNOTS
) -> Representation:
    """Return the published model of the published reports.

    The log of a type's daily losses is an intercept, a slope and a spline; a source's report of
    them is biased by source and country, by category within those, and by its wording.

    Parameters
    ----------
    path : path
        The CSV file, or the folder that holds it.
    types : sequence of str, optional
        Only reports on these types of losses.
    knots : int
        Knots of the splines.
    """
    reports = read_reports(path, types)
    labels = tuple(sorted(set(reports["loss_type"])))
    days = int(reports["days"].max())
    field, hyper = FieldLayout(), _Hyperparameters()

    # -- losses: nodes are the spline's coefficients, intercept and slope of each type ------------
    points = np.arange(1, days + 1)
    basis = b_spline_basis(points, np.quantile(points, np.linspace(0, 1, knots)))
    width = basis.shape[1]
    _common_and_own(field, hyper, "intercept", "loss_type", labels)
    _common_and_own(field, hyper, "slope", "loss_type", labels)
    hyper.half_normal("spline_scale", "loss_type", labels)
    pairs = pair_labels(labels)
    if pairs:
        hyper.add("spline_correlation", "pair", pairs, lkj_priors(len(labels), CONCENTRATION))
    field.add(
        Term(
            "spline",
            ("loss_type", "basis"),
            (labels, tuple(f"b{i}" for i in range(width))),
            "independent",
            mean=np.zeros((len(labels), width)),
            scale=np.ones((len(labels), width)),
            scale_by="spline_scale",
            correlated_by="spline_correlation" if pairs else None,
        )
    )
    coefficients = len(labels) * width
    nodes = coefficients + 2 * len(labels)
    node_design = SparseRows()
    for index in range(len(labels)):
        for number in range(width):
            node_design.add(index * width + number, field.column("spline", index, number), 1.0)
        for offset, name in ((0, "intercept"), (len(labels), "slope")):
            row = coefficients + offset + index
            node_design.add(row, field.column(f"{name}_mean", 0), 1.0)
            node_design.add(row, field.column(name, 0, index), 1.0)
    series = sparse.eye_array(len(labels))
    interpolation = sparse.hstack(
        [
            sparse.kron(series, basis),
            sparse.kron(series, np.ones((days, 1))),
            sparse.kron(series, points[:, None] / 365),
        ],
        format="csr",
    )

    # -- reports: their sums of days, biases, wordings and dispersion -----------------------------
    _biases(field, hyper, reports)
    for wording in ("minimum", "maximum"):
        sources = tuple(sorted(set(reports.loc[reports[wording] == 1, "claim_source"])))
        if sources:
            _common_and_own(field, hyper, wording, f"{wording}_source", sources)
    daily = (reports["time_frame"] == "Day").to_numpy()
    counted = tuple(sorted(set(reports.loc[~daily, "loss_type"])))
    if counted:
        _common_and_own(field, hyper, "dispersion", "cumulative_type", counted)
    reporting, log_noise = SparseRows(), SparseRows()
    for row, report in enumerate(reports.itertuples()):
        target = _target(report)
        reporting.add(row, _element(field, "bias", "target", target), 1.0)
        reporting.add(row, _element(field, f"bias of {target}", "category", report.category), 1.0)
        for wording in ("minimum", "maximum"):
            if getattr(report, wording):
                reporting.add(row, field.column(f"{wording}_mean", 0), 1.0)
                own = _element(field, wording, f"{wording}_source", report.claim_source)
                reporting.add(row, own, 1.0)
        if not daily[row]:  # log phi = -(dispersion of its type)
            log_noise.add(row, field.column("dispersion_mean", 0), -1.0)
            own = _element(field, "dispersion", "cumulative_type", report.loss_type)
            log_noise.add(row, own, -1.0)

    first = np.array([labels.index(name) * days for name in reports["loss_type"]])
    day = reports["days"].to_numpy()
    count = len(reports)
    return Representation(
        terms=tuple(field.terms),
        hyperparameters=tuple(hyper.found),
        node_design=node_design.matrix(nodes, field.size),
        node_offset=np.zeros(nodes),
        interpolation=sparse.csr_array(interpolation),
        runs=Runs(
            observation=np.arange(count),
            start=np.where(daily, first + day - 1, first),
            stop=first + day,
            weight=np.ones(count),
            restart=np.arange(len(labels)) * days,
        ),
        reporting=reporting.matrix(count, field.size),
        effects=sparse.csr_array((count, hyper.size), dtype=float),
        names=tuple(f"report {number}" for number in reports.index),
        form=np.where(daily, POISSON, NEGATIVE_BINOMIAL),
        log_value=np.zeros(count),
        log_sd=np.zeros(count),
        noise=np.full(count, -1),
        degrees_of_freedom=float("inf"),
        count=reports["loss_count"].to_numpy(dtype=float),
        log_noise=log_noise.matrix(count, field.size),
    )


def read_reports(path: Path | str, types: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the reports as published, or those on some types of losses."""
    path = Path(path)
    reports = pd.read_csv(path / FILE if path.is_dir() else path)
    if types is not None:
        unknown = sorted(set(types) - set(reports["loss_type"]))
        if unknown:
            raise ValueError(f"no reports on {', '.join(unknown)}")
        reports = reports[reports["loss_type"].isin(types)]
    return reports


class _Hyperparameters:
    """Collects hyperparameters."""

    def __init__(self) -> None:
        self.found: list[Hyperparameter] = []

    @property
    def size(self) -> int:
        return sum(item.size for item in self.found)

    def add(self, name: str, dim: str, labels: tuple[str, ...], priors: tuple[Prior, ...]) -> None:
        self.found.append(Hyperparameter(name, dim, labels, priors))

    def half_normal(self, name: str, dim: str, labels: tuple[str, ...]) -> None:
        self.add(name, dim, labels, (Prior("half_normal"),) * len(labels))


def _common_and_own(
    field: FieldLayout, hyper: _Hyperparameters, name: str, dim: str, labels: tuple[str, ...]
) -> None:
    """Add mu ~ normal(0, 1) and s * offset, s ~ half-normal(1), offset ~ normal(0, 1)."""
    mean = Term(f"{name}_mean", ("common",), (_ALL,), "independent", np.zeros(1), np.ones(1))
    field.add(mean)
    _scaled(field, hyper, name, dim, labels)


def _scaled(
    field: FieldLayout, hyper: _Hyperparameters, name: str, dim: str, labels: tuple[str, ...]
) -> None:
    hyper.half_normal(f"{name}_scale", "common", _ALL)
    shape = (1, len(labels))
    field.add(
        Term(
            name,
            ("common", dim),
            (_ALL, labels),
            "independent",
            mean=np.zeros(shape),
            scale=np.ones(shape),
            scale_by=f"{name}_scale",
        )
    )


def _biases(field: FieldLayout, hyper: _Hyperparameters, reports: pd.DataFrame) -> None:
    """Add the bias of each source and country, and within them of each category.

    Of the published model's 7 x 2 x 19 only the cells with reports: the posterior of the others is
    their prior, whatever the data, and nothing else depends on them.
    """
    targets = [_target(report) for report in reports.itertuples()]
    _scaled(field, hyper, "bias", "target", tuple(sorted(set(targets))))
    for target, group in reports.groupby(pd.Series(targets, index=reports.index)):
        categories = tuple(sorted(set(group["category"])))
        _scaled(field, hyper, f"bias of {target}", f"category of {target}", categories)


def _target(report: Any) -> str:
    return f"{report.claim_source} on {report.loss_country}"


def _element(field: FieldLayout, name: str, dim: str, label: str) -> int:
    """Return the column of a labelled element along the last dim of a term."""
    term = next(term for term in field.terms if term.name == name)
    assert term.dims[-1].startswith(dim)
    return field.column(name, 0, term.labels[-1].index(label))


def loss_types(made: Representation) -> tuple[str, ...]:
    """Return the types of losses in the order of their cells."""
    return next(term.labels[0] for term in made.terms if term.name == "spline")


def totals(representation: Representation, draws: Draws) -> np.ndarray:
    """Return expected losses by type over all days, shape (chain, draw, type)."""
    chains, length = draws.position.shape[:2]
    flat = draws.position.reshape(chains * length, -1)
    types = len(loss_types(representation))
    found = np.empty((len(flat), types))
    for start in range(0, len(flat), _BLOCK):  # all cells of all draws don't fit into memory
        part = slice(start, start + _BLOCK)
        field = representation.unpack(flat[part])[0]
        intensity = np.exp(representation.log_intensity(field))
        found[part] = intensity.reshape(len(field), types, -1).sum(axis=-1)
    return found.reshape(chains, length, types)


def quantities(
    representation: Representation, draws: Draws, cumulative: np.ndarray
) -> dict[str, np.ndarray]:
    """Return every scalar of the model and every total: what the verdict judges.

    None is exempt: spline coefficients and partial correlations count as all others do.
    """
    field, hyper = representation.unpack(draws.position)
    found = {f"total {n}": cumulative[..., i] for i, n in enumerate(loss_types(representation))}
    return found | dict(_named(representation, field, hyper))


def _named(
    representation: Representation, field: np.ndarray, hyper: dict[str, np.ndarray]
) -> Iterator[tuple[str, np.ndarray]]:
    for item in representation.hyperparameters:
        for index, label in enumerate(item.labels):
            yield f"{item.name}[{label}]", hyper[item.name][..., index]
    for term in representation.terms:
        part = representation.term_slices[term.name]
        for index in range(term.size):
            place = np.unravel_index(index, term.shape)
            label = ", ".join(term.labels[dim][at] for dim, at in enumerate(place))
            yield f"{term.name}[{label}]", field[..., part.start + index]


def table(representation: Representation, cumulative: np.ndarray) -> pd.DataFrame:
    """Return our means and 95 % intervals with Monte Carlo errors beside the published ones.

    ``z``: how far they are apart in Monte Carlo standard errors of both. The published ones are
    taken to be those of so many independent draws, the least that they can well be.
    """
    rows = []
    published = pd.read_csv(PUBLISHED, index_col="type")
    for index, name in enumerate(loss_types(representation)):
        values = cumulative[..., index]
        row: dict[str, Any] = {"type": name}
        for what, probability in (("mean", None), ("low", 0.025), ("high", 0.975)):
            theirs = published[what].get(name, np.nan)
            ours, mcse, ess = _with_error(values, probability)
            both = mcse * np.sqrt(1 + ess / PUBLISHED_DRAWS)
            row |= {f"published_{what}": theirs, what: ours, f"{what}_mcse": mcse}
            row |= {f"{what}_z": (ours - theirs) / both}
        rows.append(row | {"ess": effective_size(values)})
    return pd.DataFrame(rows)


def _with_error(values: np.ndarray, probability: float | None) -> tuple[float, float, float]:
    """Return mean or quantile, its Monte Carlo error, and the effective draws behind it."""
    if probability is None:
        error = mcse_mean(values)
        return float(values.mean()), error, float(np.var(values) / error**2)
    size = array_stats.ess(values, chain_axis=0, draw_axis=1, method="quantile", prob=probability)
    return np.quantile(values, probability), mcse_quantile(values, probability), float(size)


def shown(rows: pd.DataFrame) -> str:
    """Return the table as text, one row for each type of losses."""

    def number(value: float, error: float | None = None) -> str:
        if np.isnan(value):
            return "-"
        return f"{value:,.0f}" + ("" if error is None else f" ± {error:,.0f}")

    text = pd.DataFrame(
        {
            "type": rows["type"],
            "published": [
                "-" if np.isnan(r.published_mean) else
                f"{number(r.published_mean)} [{number(r.published_low)} to "
                f"{number(r.published_high)}]" for r in rows.itertuples()
            ],
            "mean": [number(r.mean, r.mean_mcse) for r in rows.itertuples()],
            "2.5 %": [number(r.low, r.low_mcse) for r in rows.itertuples()],
            "97.5 %": [number(r.high, r.high_mcse) for r in rows.itertuples()],
            "ESS": [number(value) for value in rows["ess"]],
            "z": [
                "-" if np.isnan(r.mean_z) else f"{r.mean_z:.1f} / {r.low_z:.1f} / {r.high_z:.1f}"
                for r in rows.itertuples()
            ],
        }
    )  # fmt: skip
    return text.to_string(index=False)


def find_data(named: Path | None) -> Path:
    """Return the file that was named, or the one in the folder of downloaded data."""
    folder = data_folder()
    if named is not None:
        return named
    if folder is None or not (folder / "radford2023" / FILE).is_file():
        raise SystemExit(
            f"no radford2023/{FILE} in BAJAS_DATA or in shared/data beside the checkout;"
            " see the top of this file, or name the file with --data"
        )
    return folder / "radford2023" / FILE


def origin() -> dict[str, Any]:
    """Return machine, date, commit and versions."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    found = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    versions = {name: version(name) for name in ("bajas", "numpy", "scipy", "numba")}
    return {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "commit": found or "unknown",
        "versions": {"Python": platform.python_version()} | versions,
    }


def main() -> int:
    """Run the reproduction; 1 if the draws can't be trusted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1100, help="draws kept of each chain")
    parser.add_argument("--tune", type=int, default=140, help="warm-up draws of each chain")
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help=f"{FILE} or the folder that holds it")
    parser.add_argument("--json", type=Path, help="write table, verdict and timings to this file")
    parser.add_argument("--types", nargs="+", metavar="TYPE", help="only these types of losses")
    parser.add_argument("--knots", type=int, default=KNOTS, help="knots of the splines")
    options = parser.parse_args()
    started = time.perf_counter()

    representation = radford_representation(
        find_data(options.data), types=options.types, knots=options.knots
    )
    print(
        f"{len(representation.names):,} reports, {len(loss_types(representation))} types,"
        f" {representation.cell_count:,} cells, {representation.size:,} parameters"
    )
    settings = Settings(options.draws, options.tune, options.chains, seed=options.seed)
    draws = named_sampler("fused")(representation, settings, terminal_progress())
    sampled, cpu = time.perf_counter() - started, time.process_time()
    cumulative = totals(representation, draws)
    judged = quantities(representation, draws, cumulative)
    seen = (draws.stats["diverging"], draws.stats["energy"], draws.complete)
    verdict = judge(judged, *seen)
    without = judge({n: v for n, v in judged.items() if "correlation" not in n}, *seen)
    rows = table(representation, cumulative)
    print("\nCumulative losses on the last day: mean and ends of the 95 % interval ± Monte Carlo")
    print("standard error, beside Radford et al. (2023), doi 10.1073/pnas.2307372120\n")
    print(shown(rows))
    print("z: distance of mean / 2.5 % / 97.5 % in Monte Carlo errors of both")
    print(f"\n{verdict}\nWithout partial correlations: {without}")
    print(f"{sampled:.0f} s, {cpu:.0f} CPU s from the data to the last draw")
    if options.json:
        content = {
            "reference": "Radford et al. (2023), doi 10.1073/pnas.2307372120",
            **origin(),
            "settings": {n: getattr(options, n) for n in ("draws", "tune", "chains", "seed")},
            "types": list(loss_types(representation)),
            "knots": options.knots,
            "parameters": representation.size,
            "table": json.loads(rows.to_json(orient="records")),
            "verdict": verdict.as_dict(),
            "verdict_without_correlations": without.as_dict(),
            "timings": dict(draws.timings),
            "seconds": sampled,
            "cpu_seconds": cpu,
        }
        options.json.write_text(json.dumps(content, indent=2, default=float) + "\n")
    return 0 if verdict.trusted else 1


if __name__ == "__main__":
    sys.exit(main())
