"""The commands and their exit statuses."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bajas.cli.text import complain, say, show_json
from bajas.errors import BajasError, ClaimError, NotTrustedError

DONE, NOT_TRUSTED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="bajas",
    help=(
        "Combine disagreeing war casualty claims into casualty ranges that can be cited."
        " Exit status: 0 done, 1 the fit can't be trusted, 2 bad input or usage."
    ),
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Bias(StrEnum):
    """Families of bias priors by name."""

    hindsight = "hindsight"
    symmetric = "symmetric"


class Format(StrEnum):
    """Forms of a citation."""

    text = "text"
    bibtex = "bibtex"
    csl_json = "csl-json"
    json = "json"


def run(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status.

    Parameters
    ----------
    arguments : list of str, optional
        Without the program's name; ``sys.argv`` by default.
    """
    try:
        status = app(args=arguments, prog_name="bajas", standalone_mode=True)
    except SystemExit as stop:
        status = stop.code
        if status == INTERRUPTED:  # as Typer makes it of one, without a word
            complain("bajas: interrupted")
    except ClaimError as error:
        _problems(error)
        status = BAD_INPUT
    except NotTrustedError as error:
        complain(f"bajas: {error}")
        status = NOT_TRUSTED
    except BajasError as error:
        complain(f"bajas: {error}")
        status = BAD_INPUT
    except KeyboardInterrupt:
        complain("bajas: interrupted")
        status = INTERRUPTED
    return status if isinstance(status, int) else DONE


def _problems(error: ClaimError) -> None:
    count = len(error.problems)
    complain(f"bajas: {error.file}: refused, {count} problem{'' if count == 1 else 's'}")
    for problem in error.problems:
        complain(f"  {problem}")


def _usage(message: str) -> NoReturn:
    raise typer.BadParameter(message)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # fromisoformat also takes 20230807 and 2023-W32-1
    if day is None or day.isoformat() != text:
        _usage(f"{text!r} is not a date of the form YYYY-MM-DD")
    return day


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        say(f"bajas {version('bajas')}")
        raise typer.Exit


Side = Annotated[str, typer.Option(help="Whose losses, for example RU.")]
Outcome = Annotated[str, typer.Option(help="What is counted: killed, casualties, tank, ...")]
Component = Annotated[str, typer.Option(help="Which force, for example wagner or all-wagner.")]
Until = Annotated[
    str | None, typer.Option(help="Last day (YYYY-MM-DD); by default the last claimed.")
]
Since = Annotated[
    str | None, typer.Option(help="First day (YYYY-MM-DD); by default the war's first.")
]
Sources = Annotated[Path | None, typer.Option(help="Table of sources (CSV).")]
Taxonomy = Annotated[Path | None, typer.Option(help="Outcomes, sides and components (JSON).")]
FitFile = Annotated[Path, typer.Argument(help="A fit saved by `bajas fit`.", show_default=False)]


@app.callback()
def _bajas(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def check(
    claims: Annotated[Path, typer.Argument(help="Claims table (CSV).", show_default=False)],
    sources: Sources = None,
    taxonomy: Taxonomy = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read a claims table and print everything that was noticed."""
    from bajas.ledger.read import read_claims

    try:
        ledger = read_claims(claims, sources=sources, taxonomy=taxonomy)
    except ClaimError as error:
        if not json:
            raise
        show_json(
            {
                "file": str(claims),
                "readable": False,
                "findings": [problem.as_dict() for problem in error.problems],
            }
        )
        raise typer.Exit(BAD_INPUT) from error
    if json:
        show_json(
            {
                "file": str(claims),
                "readable": True,
                "claims": len(ledger),
                "sources": len({claim.source for claim in ledger}),
                "hash": ledger.hash,
                "findings": [finding.as_dict() for finding in ledger.findings],
            }
        )
        return
    say(repr(ledger))
    for finding in ledger.findings:
        say(f"  {finding}")


@app.command()
def fit(
    out: Annotated[Path, typer.Option(help="Where to save the fit (netCDF).")],
    claims: Annotated[
        Path | None, typer.Argument(help="Claims table (CSV).", show_default=False)
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="A data set that ships with bajas, instead of a table.")
    ] = None,
    sources: Sources = None,
    taxonomy: Taxonomy = None,
    as_of: Annotated[
        str | None, typer.Option(help="Only claims published by this day (YYYY-MM-DD).")
    ] = None,
    bias: Annotated[Bias, typer.Option(help="Prior on how sources distort.")] = Bias.hindsight,
    seed: Annotated[int, typer.Option(help="Same seed, same answer.")] = 0,
    draws: Annotated[int | None, typer.Option(help="Draws per chain.")] = None,
    tune: Annotated[int | None, typer.Option(help="Warm-up draws per chain.")] = None,
    chains: Annotated[int | None, typer.Option(help="Independent chains.")] = None,
    cores: Annotated[int, typer.Option(help="Chains at the same time.")] = 2,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Fit the model to a claims table and save the fit.

    The fit is saved even if it can't be trusted; the exit status is then 1.
    """
    if (claims is None) == (dataset is None):
        _usage("give either a claims table or --dataset")
    if dataset is not None and (sources is not None or taxonomy is not None):
        _usage("a data set brings its own sources and taxonomy")
    # before the sampling: minutes of work shouldn't end at a folder that isn't there
    if out.is_dir() or not out.parent.is_dir():
        raise BajasError(f"can't write {out}: {'a folder' if out.is_dir() else 'no such folder'}")
    day = _day(as_of)
    from bajas.datasets.catalogue import load as load_dataset
    from bajas.ledger.read import read_claims

    if dataset is not None:
        ledger = load_dataset(dataset)
    else:
        assert claims is not None
        ledger = read_claims(claims, sources=sources, taxonomy=taxonomy)
    if day is not None:
        ledger = ledger.as_of(day)
    from bajas.model.bias import FAMILIES
    from bajas.sampler.interface import Settings
    from bajas.workflow.model import Model

    found = Model(ledger, bias=FAMILIES[bias.value]()).fit(
        seed=seed,
        draws=Settings.draws if draws is None else draws,
        tune=Settings.tune if tune is None else tune,
        chains=Settings.chains if chains is None else chains,
        cores=cores,
        progress=not quiet,
    )
    found.save(out)
    if not quiet:
        say(f"{found!r}\nsaved to {out}")
    if not found.trusted:
        complain(f"bajas: the fit can't be trusted: {'; '.join(found.draws.why_not)}")
        raise typer.Exit(NOT_TRUSTED)


@app.command()
def total(
    fit: FitFile,
    side: Side,
    outcome: Outcome,
    component: Component = "all",
    until: Until = None,
    since: Since = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the total of a quantity over a window, with 50, 90 and 95 % intervals."""
    first, last = _day(since), _day(until)
    from bajas.workflow.loading import load

    found = load(fit).total(outcome, side, component, first, last)
    if json:
        show_json(found.as_dict())
    else:
        say(repr(found))
    if not found.trusted:
        raise typer.Exit(NOT_TRUSTED)


@app.command()
def cite(
    fit: FitFile,
    side: Side,
    outcome: Outcome,
    component: Component = "all",
    until: Until = None,
    since: Since = None,
    level: Annotated[float, typer.Option(help="Of the interval, for example 0.9.")] = 0.95,
    format: Annotated[Format, typer.Option(help="Form of the citation.")] = Format.text,
    override: Annotated[
        str | None,
        typer.Option(help="Why to cite a fit that can't be trusted; printed in the citation."),
    ] = None,
) -> None:
    """Print a citable sentence with its assumptions, version and hashes.

    Refused with exit status 1 if the fit can't be trusted.
    """
    first, last = _day(since), _day(until)
    from bajas.workflow.loading import load

    found = load(fit).cite(outcome, side, component, first, last, level=level, override=override)
    if format is Format.text:
        say(found.sentence)
    elif format is Format.bibtex:
        say(found.bibtex)
    else:
        show_json(found.csl_json if format is Format.csl_json else found.as_dict())


class TableFormat(StrEnum):
    """Forms of a table in a file."""

    csv = "csv"
    html = "html"


@app.command()
def tables(
    fit: FitFile,
    folder: Annotated[Path, typer.Option(help="Where the files are written.")],
    format: Annotated[TableFormat, typer.Option(help="Form of the files.")] = TableFormat.csv,
) -> None:
    """Write the tables of a fit: summary, sources, claims, findings, GATHER.

    Cells that a spreadsheet would run are escaped. Exit status 1 if the fit can't be trusted.
    """
    from bajas.answers.export import write_table
    from bajas.workflow.loading import load

    found = load(fit)
    made = {
        "summary": found.summary(),
        "sources": found.sources(),
        "claims": found.claims(),
        "findings": found.ledger.findings_frame(),
        "gather": found.gather(),
    }
    for name, frame in made.items():
        path = folder / f"{name}.{format.value}"
        write_table(frame, path, title=name)
        say(str(path))
    if not found.trusted:
        complain(f"bajas: the fit can't be trusted: {'; '.join(found.draws.why_not)}")
        raise typer.Exit(NOT_TRUSTED)


@app.command()
def sensitivity(
    fit: FitFile,
    side: Side,
    outcome: Outcome,
    component: Component = "all",
    until: Until = None,
    since: Since = None,
    level: Annotated[float, typer.Option(help="Of the interval, for example 0.9.")] = 0.9,
    folder: Annotated[
        Path | None, typer.Option(help="Where results of refits are kept for the next time.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes for refits; one per core by default.")
    ] = None,
    no_refits: Annotated[
        bool, typer.Option("--no-refits", help="Weights only; rows that need a fit say so.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print how far a total moves under other priors, and without each source and anchor.

    Exit status 1 if the fit can't be trusted.
    """
    first, last = _day(since), _day(until)
    from bajas.workflow.loading import load

    loaded = load(fit)
    found = loaded.sensitivity(
        outcome, side, component, first, last, level=level, refits=not no_refits, folder=folder,
        workers=workers, progress=not json,
    )  # fmt: skip
    if json:
        show_json(found.as_dict())
    else:
        say(repr(found))
    if not loaded.trusted:
        raise typer.Exit(NOT_TRUSTED)


@app.command()
def influence(
    fit: FitFile,
    side: Side,
    outcome: Outcome,
    component: Component = "all",
    until: Until = None,
    since: Since = None,
    level: Annotated[float, typer.Option(help="Of the interval, for example 0.9.")] = 0.9,
    folder: Annotated[
        Path | None, typer.Option(help="Where results of refits are kept for the next time.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes for refits; one per core by default.")
    ] = None,
    no_refits: Annotated[
        bool, typer.Option("--no-refits", help="Weights only; rows that need a fit say so.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print which claims move a total most, and which surprise all others.

    Exit status 1 if the fit can't be trusted.
    """
    first, last = _day(since), _day(until)
    from bajas.workflow.loading import load

    loaded = load(fit)
    found = loaded.influence(
        outcome, side, component, first, last, level=level, refits=not no_refits, folder=folder,
        workers=workers, progress=not json,
    )  # fmt: skip
    if json:
        show_json(found.as_dict())
    else:
        say(repr(found))
    if not loaded.trusted:
        raise typer.Exit(NOT_TRUSTED)


@app.command()
def calibrate(
    fit: FitFile,
    side: Side,
    outcome: Outcome,
    component: Component = "all",
    until: Until = None,
    since: Since = None,
    fits: Annotated[int, typer.Option(help="Refits to simulated claims.")] = 100,
    out: Annotated[
        Path | None, typer.Option(help="Where to save the fit with its passport (netCDF).")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where results of refits are kept; to go on from there.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes for refits; one per core by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count how often intervals of refits hold truths drawn from a fit: its calibration passport.

    Citations of a fit that was saved with it quote it. Exit status 1 if the fit can't be trusted
    or the ranks of truths aren't uniform.
    """
    first, last = _day(since), _day(until)
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise BajasError(f"can't write {out}: {'a folder' if out.is_dir() else 'no such folder'}")
    from bajas.answers.passport import FAILS_BELOW
    from bajas.workflow.loading import load

    loaded = load(fit)
    asked = {"outcome": outcome, "side": side, "component": component, "since": first}
    found = loaded.calibrate(
        {**asked, "until": last}, fits, folder=folder, workers=workers, progress=not json
    )
    if out is not None:
        loaded.with_passport(found).save(out)
    if json:
        show_json(found.as_dict())
    else:
        say(str(found))
    if not loaded.trusted or any(row.chance < FAILS_BELOW for row in found.rows):
        raise typer.Exit(NOT_TRUSTED)
