"""Prior families for how sources distort: symmetric, learned in hindsight, and anchors.

The bias of a source is the mean of log(reported / true). It is built from three layers,

    bias[s, p, o] = relation[r, b, p] + source[s, p] + outcome[s, p, o]

with r the relation of the source to the side p whose losses it reports, b the bloc that it speaks
for and o the reported outcome. The relation effect is shared by all sources of one bloc: thirteen
sources that err independently would fix the level by averaging, which nobody believes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from bajas.claims.claim import EVIDENCE_KINDS
from bajas.claims.source import Anchor
from bajas.errors import SpecificationError
from bajas.model.relation import BELLIGERENT_TYPES, RELATIONS, Relation, relation

if TYPE_CHECKING:
    from bajas.ledger.hindsight_case import HindsightCase

__all__ = [
    "BELLIGERENT_TYPES", "FAMILIES", "RELATIONS", "BiasPrior", "KindPrior", "Relation",
    "RelationPrior", "hindsight", "learn_hindsight", "relation", "symmetric",
]  # fmt: skip


#: Kinds of evidence in a bias prior: those of claims, and the same of claims made later.
PRIOR_KINDS: tuple[str, ...] = (
    *EVIDENCE_KINDS,
    *(f"{kind}, settled" for kind in EVIDENCE_KINDS),
)


@dataclass(frozen=True, slots=True)
class KindPrior:
    """Prior of log(reported / true) for one kind of evidence within a relation.

    Parameters
    ----------
    mean : float
        Centre.
    scale : float
        Spread of a single source's bias, shared and own part together.
    """

    mean: float
    scale: float

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise SpecificationError(f"the scale of a bias prior must be positive: {self.scale}")


@dataclass(frozen=True, slots=True)
class RelationPrior:
    """Prior of log(reported / true) for one relation: centre, spread and tails.

    Parameters
    ----------
    mean : float
        Centre.
    scale : float
        Spread of a single source's bias, shared and own part together.
    degrees_of_freedom : float, optional
        Of the shared part's Student-t; None for a normal.
    kinds : mapping of str to KindPrior
        Centre and spread for single kinds of evidence (assertion, assessment, statistical, list),
        and for those of claims that were settled, published two weeks or more after the days they
        are about ("list, settled"); without an entry of their own these take that of their kind.
        All kinds share the relation's effect, scaled by their spread over the relation's; claims
        of a kind that isn't here take the relation's own centre and spread.
    """

    mean: float
    scale: float
    degrees_of_freedom: float | None = None
    kinds: Mapping[str, KindPrior] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise SpecificationError(f"the scale of a bias prior must be positive: {self.scale}")
        if self.degrees_of_freedom is not None and not self.degrees_of_freedom > 0:
            raise SpecificationError("degrees of freedom must be positive")
        if unknown := sorted(set(self.kinds) - set(PRIOR_KINDS)):
            raise SpecificationError(
                f"no kinds of evidence {unknown}; there are {'; '.join(PRIOR_KINDS)}"
            )

    @property
    def tells_settled(self) -> bool:
        """Whether claims that were settled have an entry of their own."""
        return any(name not in EVIDENCE_KINDS for name in self.kinds)

    def kind_of(self, evidence: str | None, settled: bool = False) -> str | None:
        """Return the kind that a claim is of here, or None if it has no entry.

        Parameters
        ----------
        evidence : str or None
            Kind of evidence; None where it isn't known.
        settled : bool
            Whether the claim was published two weeks or more after the days it is about.
        """
        for name in (f"{evidence}, settled",) * settled + (evidence,):
            if name in self.kinds:
                return name
        return None

    def of_kind(self, evidence: str | None, settled: bool = False) -> KindPrior:
        """Return centre and spread for a kind of evidence.

        Parameters
        ----------
        evidence : str or None
            The kind; None where it isn't known.
        settled : bool
            Whether the claim was published two weeks or more after the days it is about.

        Examples
        --------
        >>> prior = RelationPrior(0.3, 1.0, 4.0, {"list": KindPrior(-0.2, 0.5)})
        >>> prior.of_kind("list").mean, prior.of_kind("assertion").mean
        (-0.2, 0.3)
        """
        name = self.kind_of(evidence, settled)
        return KindPrior(self.mean, self.scale) if name is None else self.kinds[name]


@dataclass(frozen=True)
class BiasPrior:
    """The prior on every source's bias; named in every answer.

    Parameters
    ----------
    name : str
        Family and its setting, for example ``symmetric(0.6)``.
    relations : mapping of str to RelationPrior
        One prior per relation: own, enemy, own_victims, third_party.
    shared : float
        Fraction of the variance that the sources of one relation and bloc share, in [0, 1).
    outcome_sd : float
        Sd of the deviation of one reported outcome from the source's bias on that side.
    anchors : mapping of str to Anchor
        Sources with a prior of their own, which replaces the relation's.

    References
    ----------
    The shared part and its tails follow the measured hindsight cases in
    ``docs/explanation/priors.md``.
    """

    name: str
    relations: Mapping[str, RelationPrior]
    shared: float = 0.5
    outcome_sd: float = 0.2
    anchors: Mapping[str, Anchor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = [name for name in RELATIONS if name not in self.relations]
        if missing or set(self.relations) - set(RELATIONS):
            raise SpecificationError(f"a bias prior needs exactly the relations {RELATIONS}")
        if not 0 <= self.shared < 1:
            raise SpecificationError(f"shared must be in [0, 1), got {self.shared}")
        if not self.outcome_sd > 0:
            raise SpecificationError(f"outcome_sd must be positive, got {self.outcome_sd}")

    def with_anchor(self, source: str, mean: float, sd: float) -> BiasPrior:
        """Return the prior with an anchor on one source.

        Parameters
        ----------
        source : str
            Name of the source.
        mean, sd : float
            Of log(reported / true).

        Examples
        --------
        >>> symmetric(0.6).with_anchor("registry", mean=-0.1, sd=0.15).name
        'symmetric(0.6) + anchor on registry'
        """
        return replace(
            self,
            name=f"{self.name} + anchor on {source}",
            anchors={**self.anchors, source: Anchor(mean, sd)},
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the prior as plain data for JSON."""
        return {
            "name": self.name,
            "relations": {name: _plain(prior) for name, prior in self.relations.items()},
            "shared": self.shared,
            "outcome_sd": self.outcome_sd,
            "anchors": {name: [a.mean, a.sd] for name, a in self.anchors.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BiasPrior:
        """Build a bias prior from the plain data of :meth:`as_dict`."""
        return cls(
            name=data["name"],
            relations={name: _relation_prior(entry) for name, entry in data["relations"].items()},
            shared=data["shared"],
            outcome_sd=data["outcome_sd"],
            anchors={name: Anchor(*entry) for name, entry in data["anchors"].items()},
        )


def _plain(prior: RelationPrior) -> list[Any]:
    plain: list[Any] = [prior.mean, prior.scale, prior.degrees_of_freedom]
    if prior.kinds:  # without, as before there were any: hashes of old specifications stay
        plain.append({name: [kind.mean, kind.scale] for name, kind in prior.kinds.items()})
    return plain


def _relation_prior(entry: Sequence[Any]) -> RelationPrior:
    mean, scale, degrees_of_freedom, *kinds = entry
    by_kind = {name: KindPrior(*kind) for name, kind in (kinds[0] if kinds else {}).items()}
    return RelationPrior(mean, scale, degrees_of_freedom, by_kind)


def symmetric(sd: float = 0.6) -> BiasPrior:
    """Return the prior family in which no relation is expected to exaggerate or to hide.

    Parameters
    ----------
    sd : float
        Sd of log(reported / true) for a single source; 0.6 lets a source be off by a factor of
        3.2 either way with probability 0.95.

    Examples
    --------
    >>> symmetric(0.6).relations["enemy"].mean
    0.0
    """
    prior = RelationPrior(0.0, sd)
    return BiasPrior(f"symmetric({sd:g})", dict.fromkeys(RELATIONS, prior))


def hindsight(without: str | None = None) -> BiasPrior:
    """Return the prior family learned from conflicts whose truth became known.

    Centre, spread and tails of log(claim / truth) by relation and kind of evidence, for a source
    in a conflict that wasn't among the cases: the uncertainty of the estimate is in the spread.
    Estimated from :func:`bajas.datasets.hindsight` by :func:`learn_hindsight` and kept in a file;
    ``python docs/scripts/hindsight_prior.py`` makes it anew.

    Parameters
    ----------
    without : str, optional
        Name of a case that is left out, for tests of the prior on that case.

    Raises
    ------
    SpecificationError
        If there is no such case.

    References
    ----------
    ``docs/explanation/priors.md``: cases, model, comparison of variants, limits.

    Examples
    --------
    >>> prior = hindsight()
    >>> prior.relations["own"].mean < 0 < prior.relations["enemy"].mean
    True
    >>> prior.relations["third_party"].of_kind("list").scale < prior.relations["third_party"].scale
    True
    >>> hindsight(without="kosovo_1999").name
    'hindsight without kosovo_1999'
    """
    learned = _learned()
    if without is None:
        return BiasPrior.from_dict(learned["all"])
    if without not in learned["without"]:
        raise SpecificationError(
            f"no hindsight case {without!r}; there are {', '.join(sorted(learned['without']))}"
        )
    return BiasPrior.from_dict(learned["without"][without])


@cache
def _learned() -> dict[str, Any]:
    file = resources.files("bajas.model").joinpath("hindsight_prior.json")
    learned: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return learned


def learn_hindsight(
    cases: Sequence[HindsightCase], name: str = "learned", seed: int = 1
) -> BiasPrior:
    """Learn a bias prior by relation and kind of evidence from conflicts with known truth.

    Parameters
    ----------
    cases : sequence of HindsightCase
        The conflicts, for example of :func:`bajas.datasets.hindsight`.
    name : str
        Name of the prior, for citations.
    seed : int
        Makes the draws reproducible.

    Returns
    -------
    BiasPrior
        Numbers have two digits after the point, as many as the draws determine.

    Raises
    ------
    SpecificationError
        If no claim of the cases can be held against a truth.

    Notes
    -----
    About fifteen seconds for the shipped cases. The model is in
    :mod:`bajas.model.hindsight_estimate`, the reading of the cases in
    :mod:`bajas.model.hindsight_units`.
    """
    from bajas.model.hindsight_estimate import estimate_hindsight  # not needed for a fit
    from bajas.model.hindsight_summary import summarise_hindsight
    from bajas.model.hindsight_units import hindsight_units

    units = hindsight_units(cases)
    if not units:
        raise SpecificationError(
            "no claim of these cases is about the same quantity and window as a truth"
        )
    summary = summarise_hindsight(estimate_hindsight(units, seed=seed), units, seed)
    return BiasPrior(
        name,
        {
            stands: RelationPrior(
                round(cell.mean, 2),
                round(cell.scale, 2),
                round(summary.tails[stands], 1),
                {
                    kind: KindPrior(round(found.mean, 2), round(found.scale, 2))
                    for kind, found in summary.kinds[stands].items()
                },
            )
            for stands, cell in summary.relations.items()
        },
        shared=round(summary.shared, 2),
    )


#: Functions that make the families, by name.
FAMILIES: Mapping[str, Callable[[], BiasPrior]] = {"symmetric": symmetric, "hindsight": hindsight}
