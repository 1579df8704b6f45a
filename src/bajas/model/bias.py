"""Prior families for how sources distort: symmetric, learned in hindsight, and anchors.

The bias of a source is the mean of log(reported / true). It is built from three layers,

    bias[s, p, o] = relation[r, b, p] + source[s, p] + outcome[s, p, o]

with r the relation of the source to the side p whose losses it reports, b the bloc that it speaks
for and o the reported outcome. The relation effect is shared by all sources of one bloc: thirteen
sources that err independently would fix the level by averaging, which nobody believes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from bajas.claims.source import Anchor
from bajas.errors import SpecificationError

Relation = Literal["own", "enemy", "own_victims", "third_party"]
RELATIONS: tuple[str, ...] = get_args(Relation)

#: Types of source that are a party to the war when they speak of a side.
BELLIGERENT_TYPES = frozenset({"belligerent", "official_own", "official_belligerent"})


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
    """

    mean: float
    scale: float
    degrees_of_freedom: float | None = None

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise SpecificationError(f"the scale of a bias prior must be positive: {self.scale}")
        if self.degrees_of_freedom is not None and not self.degrees_of_freedom > 0:
            raise SpecificationError("degrees of freedom must be positive")


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
            "relations": {
                name: [prior.mean, prior.scale, prior.degrees_of_freedom]
                for name, prior in self.relations.items()
            },
            "shared": self.shared,
            "outcome_sd": self.outcome_sd,
            "anchors": {name: [a.mean, a.sd] for name, a in self.anchors.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BiasPrior:
        """Build a bias prior from the plain data of :meth:`as_dict`."""
        return cls(
            name=data["name"],
            relations={name: RelationPrior(*entry) for name, entry in data["relations"].items()},
            shared=data["shared"],
            outcome_sd=data["outcome_sd"],
            anchors={name: Anchor(*entry) for name, entry in data["anchors"].items()},
        )


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


def hindsight() -> BiasPrior:
    """Return the prior family learned from conflicts whose truth became known.

    Centres and robust spreads of log(claim / truth), one value per case, claimant and target,
    pooled over the graded historical cases that the project compiled; a Student-t with four
    degrees of freedom had the best leave-one-case-out score, a normal the worst. The figures and
    the cases are listed in ``docs/explanation/priors.md``.

    Examples
    --------
    >>> prior = hindsight()
    >>> prior.relations["own"].mean < 0 < prior.relations["enemy"].mean
    True
    """
    return BiasPrior(
        "hindsight",
        {
            "own": RelationPrior(-0.60, 0.74, 4.0),
            "enemy": RelationPrior(1.19, 0.91, 4.0),
            "own_victims": RelationPrior(0.99, 0.67, 4.0),
            "third_party": RelationPrior(0.34, 1.03, 4.0),
        },
    )


FAMILIES = {"symmetric": symmetric, "hindsight": hindsight}


def relation(source_type: str, speaks_for: str, side: str, civilian: bool = False) -> Relation:
    """Return how a source stands to the side whose losses it reports.

    Parameters
    ----------
    source_type : str
        Kind of body; a party to the war is in :data:`BELLIGERENT_TYPES`.
    speaks_for : str
        The side it is aligned with.
    side : str
        Whose losses it reports.
    civilian : bool
        Whether the losses are civilians.

    Examples
    --------
    >>> relation("belligerent", "UA", "RU"), relation("ally", "UA", "RU")
    ('enemy', 'third_party')
    """
    if source_type in BELLIGERENT_TYPES:
        if speaks_for == side:
            return "own_victims" if civilian else "own"
        return "enemy"
    return "third_party"
