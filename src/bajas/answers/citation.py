"""A citable sentence: the estimate, what it conditions on, and what to know against it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from typing import Any

from bajas.answers.interval import Estimate, level_words
from bajas.answers.passport import passport_of
from bajas.answers.reliance import Reliance, reliance
from bajas.answers.total import total
from bajas.errors import NotTrustedError, QuantityError
from bajas.model.drift import drifts
from bajas.model.registers import listed_streams
from bajas.posterior.posterior import Posterior


@dataclass(frozen=True, slots=True)
class Citation:
    """An estimate as it can be cited.

    Parameters
    ----------
    estimate : Estimate
        The numbers.
    level : float
        Of the interval in the sentence.
    estimated : str
        The estimate in one sentence.
    assumptions : tuple of str
        What the interval conditions on, one sentence each.
    caveats : tuple of str
        What to know against it, one sentence each.
    provenance : tuple of str
        Versions, hashes, seed and verdict, one sentence each.
    facts : dict of str to str, int, float or bool
        The same for programs.
    known : datetime.date
        The day up to which published claims are in the evidence.
    """

    estimate: Estimate
    level: float
    estimated: str
    assumptions: tuple[str, ...]
    caveats: tuple[str, ...]
    provenance: tuple[str, ...]
    facts: dict[str, Any] = field(hash=False)
    known: date

    @property
    def sentence(self) -> str:
        """Everything in prose, ready to print."""
        return " ".join((self.estimated, *self.assumptions, *self.caveats, *self.provenance))

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"Citation: {self.sentence}"

    @property
    def key(self) -> str:
        """Citation key: the same quantity, evidence, specification and seed give the same key."""
        content = f"{self.estimate.quantity}|{self.level:g}|{self.facts['ledger_sha256']}"
        content += f"|{self.facts['specification_sha256']}|{self.facts['seed']}"
        return f"bajas-{hashlib.sha256(content.encode('utf-8')).hexdigest()[:10]}"

    @property
    def title(self) -> str:
        """Title of the entry in a bibliography."""
        kind = "Posterior" if self.facts["group"] == "posterior" else "Prior"
        mark = "" if self.estimate.trusted else " (not trusted)"
        return f"{kind} estimate{mark}: {self.estimate.quantity}"

    @property
    def bibtex(self) -> str:
        """A BibTeX entry; its date is the day up to which the evidence was known."""
        lines = [
            f"@misc{{{self.key},",
            f"  title = {{{{{_tex(self.title)}}}}},",
            f"  year = {{{self.known.year}}},",
            f"  month = {{{self.known.month}}},",
            f"  howpublished = {{Computed with bajas {_tex(self.facts['bajas_version'])}}},",
            f"  note = {{{_tex(self.sentence)}}}",
            "}",
        ]
        return "\n".join(lines)

    @property
    def csl_json(self) -> dict[str, Any]:
        """A CSL-JSON item; its date is the day up to which the evidence was known."""
        return {
            "id": self.key,
            "type": "dataset",
            "title": self.title,
            "issued": {"date-parts": [[self.known.year, self.known.month, self.known.day]]},
            "version": f"bajas {self.facts['bajas_version']}",
            "note": self.sentence,
            "custom": dict(self.facts),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the citation as plain data for JSON."""
        return {
            "sentence": self.sentence,
            "estimate": self.estimate.as_dict(),
            "level": self.level,
            "assumptions": list(self.assumptions),
            "caveats": list(self.caveats),
            "provenance": list(self.provenance),
            "facts": dict(self.facts),
            "bibtex": self.bibtex,
            "csl_json": self.csl_json,
        }


def cite(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str = "all",
    since: str | date | None = None,
    until: str | date | None = None,
    *,
    level: float = 0.95,
    override: str | None = None,
) -> Citation:
    """Return a citable sentence about a total.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    outcome, side, component : str
        What is counted.
    since, until : str or datetime.date, optional
        First and last day, both counted.
    level : float
        Of the central interval that is cited.
    override : str, optional
        Why it is cited although it can't be trusted; printed in the citation together with what
        speaks against it. Without effect on a fit that can be trusted.

    Raises
    ------
    NotTrustedError
        If the fit failed its verdict, was interrupted, is of the prior, or has too few effective
        draws for this number, and no override is given.
    QuantityError
        If the fit doesn't hold the quantity; says what can be asked.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=200, seed=1)
    >>> cite(prior, "killed", "RU")
    Traceback (most recent call last):
    ...
    bajas.errors.NotTrustedError: no citation of killed, all forces of RU, 2022-02-24 to ...
    >>> found = cite(prior, "killed", "RU", override="to show the prior")
    >>> found.sentence.startswith("Prior median estimate of killed, all forces of RU")
    True
    """
    found = total(posterior, outcome, side, component, since, until, levels=[level])
    reason = None if override is None else " ".join(override.split())
    if override is not None and not reason:
        raise QuantityError("an override needs a reason: it is printed in the citation")
    if not found.trusted and reason is None:
        raise NotTrustedError(
            f"no citation of {found.quantity}: {'; '.join(found.why_not)}. Mend that, or give the"
            " reason to cite it all the same as override; both are then printed in the citation"
        )
    passport = passport_of(posterior)
    calibrated = None if passport is None else passport.sentence(found.quantity, level)
    ledger, specification, design = posterior.ledger, posterior.specification, posterior.design
    known = ledger.as_of_date or max(claim.published for claim in ledger)
    used = {claim_id for o in design.observations for claim_id in o.claim_ids}
    voices = {design.streams[o.stream].source for o in design.observations}
    low, high = found.intervals[0].rounded
    rests = reliance(posterior, found.quantity) if posterior.group == "posterior" else None
    fitted_with = str(posterior.provenance.get("versions", {}).get("bajas", version("bajas")))
    estimated = (
        f"{posterior.group.capitalize()} median estimate of {found.quantity}:"
        f" {found.rounded:,.0f} {found.quantity.unit}, {level_words(level)} central credible"
        f" interval {low:,.0f} to {high:,.0f} ({found.quantity.counted}, numbers rounded to their"
        " Monte Carlo error)."
    )
    assumptions = (
        *_definition(posterior, outcome),
        f"The interval conditions on {_number(len(used), 'claim')} of"
        f" {_number(len(voices), 'source')} known on {known}, read as"
        f" {_number(len(design.observations), 'observation')};"
        f" {_number(len(design.left_out), 'claim')} of the ledger"
        f" {'adds' if len(design.left_out) == 1 else 'add'} no evidence and"
        f" {'was' if len(design.left_out) == 1 else 'were'} left out"
        + (
            f", and so {'was' if len(design.statements) == 1 else 'were'}"
            f" {_number(len(design.statements), 'statement')} of rank."
            if design.statements
            else "."
        ),
        f"It conditions on the bias prior {specification.bias.name} and on the log-linear intensity"
        " model with the priors of the specification named below; uncertainty about the choice of"
        " prior and model is not in it.",
        *_anchored(posterior),
        *_rests(rests),
        *_read_as(posterior),
        *_listed(posterior),
        *_drifting(posterior),
    )
    warned = Counter(finding.rule for finding in ledger.findings if finding.severity == "warn")
    caveats = [f"{note[0].upper()}{note[1:]}." for note in found.notes]
    if warned:
        rules = ", ".join(f"{rule} ({n})" if n > 1 else rule for rule, n in sorted(warned.items()))
        caveats.append(f"The evidence carries {_number(sum(warned.values()), 'warning')}: {rules}.")
    if not found.trusted:
        caveats.append(
            f"NOT TRUSTED: {'; '.join(found.why_not)}. Cited all the same, for the reason given:"
            f" {str(reason).rstrip('.')}."
        )
    provenance = (
        f"Computed with bajas {fitted_with}, ledger {ledger.hash[:12]}, specification"
        f" {specification.hash[:12]}, seed {posterior.seed},"
        f" {posterior.chains} {'chain' if posterior.chains == 1 else 'chains'} of"
        f" {posterior.draws} draws.",
        f"Convergence verdict: {'passed' if posterior.verdict.trusted else 'failed'}."
        if posterior.group == "posterior"
        else "Independent draws of the prior.",
        *(() if calibrated is None else (calibrated,)),
    )
    return Citation(
        estimate=found,
        level=level,
        estimated=estimated,
        assumptions=assumptions,
        caveats=tuple(caveats),
        provenance=provenance,
        facts={
            "group": posterior.group,
            "trusted": found.trusted,
            "override": None if found.trusted else reason,
            "known_on": known.isoformat(),
            "claims_in_fit": len(used),
            "sources_in_fit": len(voices),
            "claims_left_out": len(design.left_out),
            "rank_statements": len(design.statements),
            "warnings": dict(sorted(warned.items())),
            "bias_prior": specification.bias.name,
            "driven_by": None if rests is None else rests.driven_by,
            "variance_shares": None if rests is None else dict(rests.shares),
            "bajas_version": fitted_with,
            "ledger_sha256": ledger.hash,
            "specification_sha256": specification.hash,
            "seed": posterior.seed,
            "calibration": calibrated,
        },
        known=known,
    )


def _read_as(posterior: Posterior) -> tuple[str, ...]:
    """Say what streams were taken to count whose definition is in question."""
    found = posterior.readings
    if found is None:
        return ()
    return tuple(
        f"It averages over what {stream} counts: "
        + ", ".join(
            f"{name} with probability {after:.3f}" for name, _, after, _ in found.of_stream(stream)
        )
        + f" (Monte Carlo error {max(row[3] for row in found.of_stream(stream)):.3f})."
        for stream in found.streams
    )


def _definition(posterior: Posterior, outcome: str) -> tuple[str, ...]:
    """Say what a reported outcome adds up, where it isn't a base outcome."""
    members = posterior.design.taxonomy.outcome_members(outcome)
    if members == frozenset({outcome}):
        return ()
    ordered = [name for name in posterior.design.taxonomy.outcomes if name in members]
    listed = " + ".join(name.replace("_", " ") for name in ordered)
    return (f"{outcome.replace('_', ' ').capitalize()} counts {listed}.",)


def _anchored(posterior: Posterior) -> tuple[str, ...]:
    """Name the sources whose bias has a prior of its own, and who declared it."""
    present = {stream.source for stream in posterior.design.streams}
    declared = sorted(
        name
        for name, source in posterior.ledger.sources.items()
        if source.anchor is not None and name in present
    )
    named = sorted({*declared, *(posterior.specification.bias.anchors)} & present)
    if not named:
        return ()
    return (f"Anchored on priors of their own: {', '.join(named)}.",)


def _rests(rests: Reliance | None) -> tuple[str, ...]:
    """Say which prior drives the answer, if one does; nothing of the prior itself."""
    return () if rests is None else (rests.sentence,)


def _listed(posterior: Posterior) -> tuple[str, ...]:
    """Say what is assumed of the final coverage of each list, an anchor by another name."""
    prior = posterior.specification.registers
    found = []
    for (source, _), rows in listed_streams(posterior.design).items():
        assumed = prior.of(source)
        days = {posterior.design.observations[row].counted for row in rows}
        found.append(
            f"The list of {source} is assumed to hold {assumed.low:g} to {assumed.high:g} of the"
            " losses in the end (90 %, prior), which its own counts can't tell"
            + (
                "; it was counted once, so that how fast it grows is assumed too."
                if len(days) == 1
                else "."
            )
        )
    return tuple(found)


def _drifting(posterior: Posterior) -> tuple[str, ...]:
    """Say how far biases may drift."""
    prior = posterior.specification.drift
    count = len(drifts(posterior.design, prior))
    if not count:
        return ()
    return (
        f"The bias of {_number(count, 'stream')} may drift, by a standard deviation of"
        f" {prior.scale:g} on the log scale every {prior.knot_days} days.",
    )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", **{sign: f"\\{sign}" for sign in "&%$#_"},
}  # fmt: skip


def _tex(text: str) -> str:
    """Escape what TeX would take for commands."""
    return re.sub(r"[\\{}~^&%$#_]", lambda match: _TEX[match.group()], text)
