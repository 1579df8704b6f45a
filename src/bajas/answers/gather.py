"""The GATHER statement: what a fit says to each of its 18 items, and what it can't say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from importlib.metadata import version

import pandas as pd

from bajas.design.identification import weak_points
from bajas.errors import BajasError
from bajas.posterior.posterior import Posterior

#: What each item asks, in our words.
ITEMS: dict[int, str] = {
    1: "indicators, populations, places and times that are estimated",
    2: "who funded the work",
    3: "how data were found and had",
    4: "criteria for taking data in or leaving them out; every exclusion",
    5: "each data source and its characteristics",
    6: "categories of data that may be biased",
    7: "other data that enter",
    8: "all data in a file that can be read by programs",
    9: "overview of the analysis",
    10: "all steps of the analysis, with formulas",
    11: "how candidate models were judged and the final one chosen",
    12: "how well the model does, and sensitivity analyses",
    13: "how uncertainty is computed, and what isn't in it",
    14: "how source code can be had",
    15: "estimates in a file that can be read by programs",
    16: "uncertainty of the estimates in numbers",
    17: "results in the light of what else is known; changes against earlier estimates",
    18: "limitations",
}


def gather(posterior: Posterior, said: Mapping[int, str] | None = None) -> pd.DataFrame:
    """Return what a fit says to each item of the GATHER statement, or that it is missing.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    said : mapping of int to str, optional
        What the author says to an item, by its number: funding, how sources were searched, what
        the results mean. It stands before what the fit knows.

    Returns
    -------
    pandas.DataFrame
        A row per item, 1 to 18: ``item``, ``asks`` (in our words), ``status`` (``answered`` from
        the fit, ``author``, ``partly`` or ``missing``) and ``text``.

    Raises
    ------
    BajasError
        If ``said`` names an item that there isn't, or holds no text.

    References
    ----------
    Stevens G. A. et al. (2016). Guidelines for Accurate and Transparent Health Estimates Reporting:
    the GATHER statement. The Lancet 388(10062), e19-e23. doi:10.1016/S0140-6736(16)30388-9.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=50, seed=1)
    >>> found = gather(prior, {2: "No funding."})
    >>> found["item"].tolist() == list(range(1, 19))
    True
    >>> found.loc[found["status"] == "missing", "item"].tolist()
    [3, 11, 17]
    """
    own = dict(said or {})
    for item, text in own.items():
        if item not in ITEMS or not isinstance(text, str) or not text.strip():
            raise BajasError(f"GATHER has items 1 to 18, each with a text, not {item!r}: {text!r}")
    rows = []
    for item, asks in ITEMS.items():
        status, text = _ANSWERS[item](posterior) if item in _ANSWERS else ("missing", _ASK[item])
        if item in own:
            known = "" if status == "missing" else f" {text}"
            status, text = "author", own[item].strip() + known
        elif status == "missing":
            text = f"missing: {text}"
        rows.append({"item": item, "asks": asks, "status": status, "text": text})
    return pd.DataFrame(rows)


#: What an author is asked for where a fit knows nothing.
_ASK = {
    2: "say who paid, or that nobody did",
    3: "say where and when sources were searched; the ledger holds what was found, not how",
    11: "say which other models were fitted (bias priors, readings of lists) and why this one",
    17: "compare with other published estimates, and with your earlier ones (bajas.vintages)",
}

_Answer = tuple[str, str]


def _indicators(posterior: Posterior) -> _Answer:
    design = posterior.design
    strata = ", ".join(stratum.label for stratum in design.strata)
    kinds = sorted({"civilian" if s.civilian else "military" for s in design.streams})
    return "answered", (
        f"Losses of {', '.join(sorted({s.side for s in design.strata}))}, {design.calendar.window},"
        f" day by day: {strata}. Victims: {', '.join(kinds)}. Age and sex are not told apart."
    )


def _exclusions(posterior: Posterior) -> _Answer:
    left_out = posterior.design.left_out
    reasons = Counter(left_out.values())
    listed = "; ".join(
        f"{reason} ({', '.join(sorted(k for k, why in left_out.items() if why == reason))})"
        for reason in sorted(reasons)
    )
    known = posterior.ledger.as_of_date
    return "answered", (
        f"{len(posterior.ledger)} claims{f' known on {known}' if known else ''}, of which"
        f" {len(left_out)} are left out{f': {listed}' if listed else ''}."
    )


def _sources(posterior: Posterior) -> _Answer:
    ledger = posterior.ledger
    used = sorted({claim.source for claim in ledger})
    unlinked = sum(not claim.url for claim in ledger)
    text = (
        f"{len(used)} sources: {', '.join(used)}. Each claim's window, definition, wording, day of"
        " publication and link are in ledger.to_frame(), what is known of each source in"
        " fit.sources()."
    )
    if unlinked:
        return "partly", f"{text} {unlinked} of {len(ledger)} claims have no link."
    return "answered", text


def _biases(posterior: Posterior) -> _Answer:
    groups = Counter(
        (stream.kind, stream.source_type or "?") for stream in posterior.design.streams
    )
    listed = ", ".join(f"{who} ({kind}, {n})" for (kind, who), n in sorted(groups.items()))
    return "answered", (
        "Every source is taken to be biased, by its relation to the side and its kind of evidence"
        f" (bias prior {posterior.specification.bias.name}). Streams here: {listed}."
    )


def _others(posterior: Posterior) -> _Answer:
    specification = posterior.specification
    text = f"The bias prior {specification.bias.name} and the other priors of the specification."
    if specification.covariates is not None:
        text += " Covariates by day are part of the specification."
    return "answered", text


def _data(posterior: Posterior) -> _Answer:
    return "answered", (
        "bajas.write_claims(fit.ledger, 'claims.csv'); the saved fit holds them too. SHA-256 of"
        f" the evidence: {posterior.ledger.hash}."
    )


def _overview(posterior: Posterior) -> _Answer:
    return "answered", (
        f"One Bayesian model of {len(posterior.design.observations)} observations: daily losses"
        " with a smooth log intensity, each source with a bias and a noise of its own; the page"
        " 'The model' of the documentation."
    )


def _steps(posterior: Posterior) -> _Answer:
    return "answered", (
        "The pages 'The model', 'The sampler' and 'Priors' of the documentation, with formulas;"
        " fit.design.explain(claim_id) says how each claim was read; the specification (SHA-256"
        f" {posterior.specification.hash}) holds every prior."
    )


def _performance(posterior: Posterior) -> _Answer:
    verdict = posterior.verdict
    measured = ", ".join(
        f"{name} {value:.3g}"
        for name, value in verdict.measures.items()
        if isinstance(value, float)
    )
    judged = f"Convergence: {'passed' if verdict.trusted else 'FAILED'}"
    if posterior.group == "prior":
        judged = "Independent draws of the prior"
    return "partly", (
        f"{judged}{f' ({measured})' if measured else ''}. How the method does on wars whose"
        " truth became known: the documentation's Evidence. Missing: fit.sensitivity(...) of"
        " the headline."
    )


def _uncertainty(_posterior: Posterior) -> _Answer:
    return "answered", (
        "Posterior draws; intervals are central quantiles. In them: what sources' bias and noise,"
        " gaps between claims and the split between strata leave open. Not in them: the choice of"
        " prior and model, claims that nobody made, and errors in entering claims."
    )


def _code(posterior: Posterior) -> _Answer:
    fitted = posterior.provenance.get("versions", {}).get("bajas", version("bajas"))
    return "answered", (
        f"bajas {fitted}, an open-source Python package; seed {posterior.seed}. The same version,"
        " claims, specification and seed give the same draws."
    )


def _estimates(_posterior: Posterior) -> _Answer:
    return "answered", "fit.save('fit.nc') (netCDF), bajas.write_table(fit.summary(), 'x.csv')."


def _measures(_posterior: Posterior) -> _Answer:
    return "answered", "Every answer has intervals of stated levels and a Monte Carlo error."


def _limitations(posterior: Posterior) -> _Answer:
    findings = (*posterior.ledger.findings, *weak_points(posterior.design))
    warned = Counter(finding.rule for finding in findings if finding.severity == "warn")
    listed = ", ".join(f"{rule} ({n})" for rule, n in sorted(warned.items()))
    reasons = "; ".join(posterior.why_not)
    return "partly", (
        f"Warnings about the evidence: {listed or 'none'}."
        f"{f' The fit is not to be trusted: {reasons}.' if reasons else ''}"
        " Missing: what they mean for this estimate, in the author's words."
    )


_ANSWERS: dict[int, Callable[[Posterior], _Answer]] = {
    1: _indicators, 4: _exclusions, 5: _sources, 6: _biases, 7: _others, 8: _data, 9: _overview,
    10: _steps, 12: _performance, 13: _uncertainty, 14: _code, 15: _estimates, 16: _measures,
    18: _limitations,
}  # fmt: skip
