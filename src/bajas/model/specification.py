"""The specification: every choice of the model as plain data, with a JSON round trip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, TypeVar

from bajas.errors import SpecificationError
from bajas.model.bias import BiasPrior, hindsight
from bajas.model.covariates import Covariates
from bajas.model.drift_prior import DriftPrior
from bajas.model.register_prior import RegisterPrior

_T = TypeVar("_T")

#: What a specification was before it had entries for them.
_NO_REGISTERS, _NO_DRIFT = RegisterPrior(reading="bound"), DriftPrior(on="none")


@dataclass(frozen=True, slots=True)
class RatioPrior:
    """Prior of the losses of one base outcome per person killed.

    Parameters
    ----------
    per_killed : float
        Centre (median) of the ratio.
    log_sd : float
        Sd of its logarithm.
    """

    per_killed: float
    log_sd: float

    def __post_init__(self) -> None:
        if not (self.per_killed > 0 and self.log_sd > 0):
            raise SpecificationError(f"a ratio prior needs positive entries: {self}")


@dataclass(frozen=True, slots=True)
class SharePrior:
    """Prior of a force's losses as a multiple of those of its side's main force.

    It holds on the war's first day; from there the force's own path moves the multiple. Forces of
    one declared group share a part of the variance (``IntensityPrior.group_shared``).

    Parameters
    ----------
    per_main : float
        Centre (median) of the multiple: killed of the force per killed of the main force.
    log_sd : float
        Sd of its logarithm.

    Examples
    --------
    >>> IntensityPrior(components={"RU dnr": SharePrior(0.3, 0.7)}).components["RU dnr"].per_main
    0.3
    """

    per_main: float
    log_sd: float

    def __post_init__(self) -> None:
        if not (0 < self.per_main < float("inf") and 0 < self.log_sd < float("inf")):
            raise SpecificationError(f"a share prior needs positive finite entries: {self}")


def _default_ratios() -> dict[str, RatioPrior]:
    return {
        # the halves are wider so that their sum is what the whole is: 3, log sd 0.4
        "wounded": RatioPrior(3.0, 0.4),
        "wounded_severe": RatioPrior(1.4, 0.55),
        "wounded_light": RatioPrior(1.4, 0.55),
        "missing": RatioPrior(0.1, 1.0),
        "captured": RatioPrior(0.1, 1.0),
    }


@dataclass(frozen=True)
class IntensityPrior:
    """Prior of the loss intensity: level, paths, components and outcome ratios.

    Parameters
    ----------
    knot_days : int
        Days between the knots of a side's path; the intensity is log-linear between knots.
    level_centre : float, "auto" or mapping of str to float
        Centre of log(killed per day) of a side's main force. ``"auto"`` takes the order of
        magnitude (a power of ten) of what the claims say per day. A mapping states centres one by
        one, by the side or, of equipment, by "SIDE component category"; those that it doesn't
        state are taken from the claims. :func:`bajas.model.intensity.with_stated_centres` makes
        it from the claims.
    level_sd : float
        Sd of the level on the log scale: so wide that a centre taken from the claims, which enter
        the likelihood as well, hardly pulls.
    path_scale : float
        Median of a path's innovation scale, per square root of a week.
    path_log_sd : float
        Sd of its logarithm. The prior avoids zero: no war is fought at a constant rate for a year.
    component_share : float
        Centre of a component's losses as a multiple of the main component's.
    component_log_sd : float
        Sd of its logarithm.
    components : mapping of str to SharePrior
        The same for single components, by "SIDE component" (the labels of the strata); a
        component without an entry takes ``component_share`` and ``component_log_sd``. A table
        makes them: :func:`bajas.share_priors`.
    group_shared : float
        Fraction of that variance that the components of one declared group share, in (0, 1); of
        the smallest of their variances where they differ.
    component_path_scale : float
        Fixed innovation scale of a component's own path, per square root of a week.
    component_knots : int
        Knots of a component's path lie this many path knots apart.
    ratios : mapping of str to RatioPrior
        Per base outcome, losses per person killed; others take ``other_ratio``. An outcome that the
        claims don't split (``wounded``) may have an entry of its own; else it is the sum of those
        of its base outcomes.
    other_ratio : RatioPrior
        For base outcomes without an entry.
    ratio_path_scale : float
        Fixed innovation scale of the slow drift of a ratio, per square root of a week.
    ratio_knots : int
        Knots of a ratio's path lie this many path knots apart.
    component_ratio_sd : float
        Sd of a component's deviation from its side's ratio.
    equipment_path_scale : float
        Fixed innovation scale of an equipment category's path, per square root of a week.
    equipment_loading : float
        Weight with which the path of a side's people enters the log losses of its equipment: 0
        lets every category go its own way, 1 makes it follow the fighting in full but for its own
        path.
    covariate_sd : float
        Sd of the change of log losses per standard deviation of a covariate.
    """

    knot_days: int = 7
    level_centre: float | Literal["auto"] | Mapping[str, float] = "auto"
    level_sd: float = 3.0
    path_scale: float = 0.12
    path_log_sd: float = 0.5
    component_share: float = 0.3
    component_log_sd: float = 1.0
    components: Mapping[str, SharePrior] = field(default_factory=dict)
    group_shared: float = 0.75
    component_path_scale: float = 0.1
    component_knots: int = 4
    ratios: Mapping[str, RatioPrior] = field(default_factory=_default_ratios)
    other_ratio: RatioPrior = RatioPrior(0.3, 1.5)
    ratio_path_scale: float = 0.03
    ratio_knots: int = 13
    component_ratio_sd: float = 0.2
    equipment_path_scale: float = 0.15
    equipment_loading: float = 0.25
    covariate_sd: float = 0.3

    def __post_init__(self) -> None:
        for item in ("knot_days", "component_knots", "ratio_knots"):
            value = getattr(self, item)
            if not (isinstance(value, int) and value >= 1):
                raise SpecificationError(f"{item} must be a whole number from 1, got {value!r}")
        for item in (
            "level_sd", "path_scale", "path_log_sd", "component_share", "component_log_sd",
            "component_path_scale", "ratio_path_scale", "component_ratio_sd",
            "equipment_path_scale", "covariate_sd",
        ):  # fmt: skip
            if not getattr(self, item) > 0:
                raise SpecificationError(f"{item} must be positive, got {getattr(self, item)!r}")
        if not 0 < self.group_shared < 1:
            raise SpecificationError(f"group_shared must be in (0, 1), got {self.group_shared!r}")
        if not -10 <= self.equipment_loading <= 10:
            raise SpecificationError(
                f"equipment_loading is a weight such as 0.25, got {self.equipment_loading!r}"
            )
        for kind, given in ((SharePrior, self.components), (RatioPrior, self.ratios)):
            wrong = [name for name, entry in given.items() if not isinstance(entry, kind)]
            if wrong:
                raise SpecificationError(f"{wrong[0]!r} needs a {kind.__name__}")
        if isinstance(self.level_centre, str) and self.level_centre != "auto":
            raise SpecificationError(
                f"level_centre is a number or 'auto', not {self.level_centre!r}"
            )
        if isinstance(self.level_centre, Mapping):
            for label, centre in self.level_centre.items():
                if isinstance(centre, str) or not abs(centre) < float("inf"):
                    raise SpecificationError(f"level_centre of {label!r} must be a number")


def chosen_ratios(prior: IntensityPrior) -> dict[str, RatioPrior]:
    """Return the ratios that a user has chosen: those that differ from the default's."""
    default = _default_ratios()
    return {name: entry for name, entry in prior.ratios.items() if default.get(name) != entry}


@dataclass(frozen=True, slots=True)
class NoisePrior:
    """Prior of the noise of each stream on the log scale.

    Parameters
    ----------
    tally, assessment, register : float
        Median of the noise scale of a stream of that kind.
    log_sd : float
        Sd of the logarithm of a noise scale around that median.
    own_from : int
        A stream with at least so many points has a noise scale of its own; the others of its kind
        share one, since one or two figures can't tell noise from bias.
    degrees_of_freedom : {4, inf}
        Of the errors. With 4 the distribution function that bounds need is elementary and exact
        in the tails (``docs/decisions``); infinity is a normal.
    counting : bool
        Whether a small count adds its Poisson noise (variance 1 / count on the log scale).
    tally_days : float, optional
        Days of the increments that ``tally`` is the median noise of, a week by default. A tally
        with increments of d days has the median ``tally * sqrt(tally_days / d)``: errors of days
        average out in a month, so that it makes little difference to the level how often a tally
        is published (``docs/explanation/tally_frequency.md``, with measurements). With None
        ``tally`` is the median whatever the increments.
    """

    tally: float = 0.12
    assessment: float = 0.15
    register: float = 0.05
    log_sd: float = 0.5
    own_from: int = 3
    degrees_of_freedom: float = 4.0
    counting: bool = True
    tally_days: float | None = 7.0

    def __post_init__(self) -> None:
        if self.tally_days is not None and not self.tally_days > 0:
            raise SpecificationError(f"tally_days must be positive, got {self.tally_days!r}")
        if min(self.tally, self.assessment, self.register, self.log_sd) <= 0:
            raise SpecificationError("noise scales and their log sd must be positive")
        if self.degrees_of_freedom not in (4.0, float("inf")):
            raise SpecificationError(
                f"degrees_of_freedom must be 4 or inf, got {self.degrees_of_freedom}"
            )


@dataclass(frozen=True)
class Specification:
    """Every choice of the model, as plain data.

    Parameters
    ----------
    bias : BiasPrior
        How sources distort.
    intensity : IntensityPrior
        How losses run over time, forces and outcomes.
    noise : NoisePrior
        How figures scatter.
    covariates : Covariates, optional
        Series by day that the losses may follow, kept as data.
    readings : mapping of str to mapping of str to float
        Prior probabilities of the readings of streams whose definition is in question, by label of
        the stream and name of the reading; equal for streams that are left out. They are scaled
        to sum to one.
    registers : RegisterPrior
        How complete lists become, and how fast.
    drift : DriftPrior
        How far biases move over the months.

    Examples
    --------
    >>> specification = Specification()
    >>> Specification.from_json(specification.to_json()) == specification
    True
    """

    bias: BiasPrior = field(default_factory=hindsight)
    intensity: IntensityPrior = field(default_factory=IntensityPrior)
    noise: NoisePrior = field(default_factory=NoisePrior)
    covariates: Covariates | None = None
    readings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    registers: RegisterPrior = field(default_factory=RegisterPrior)
    drift: DriftPrior = field(default_factory=DriftPrior)

    def __post_init__(self) -> None:
        for stream, own in self.readings.items():
            if not own or not all(0 < value < float("inf") for value in own.values()):
                raise SpecificationError(
                    f"probabilities of readings must be positive: {dict(own)} of {stream}; to rule"
                    " a reading out, choose another definition in the table or with Ledger.reread"
                )

    def with_bias(self, bias: BiasPrior) -> Specification:
        """Return the specification with another bias prior."""
        return replace(self, bias=bias)

    @property
    def hash(self) -> str:
        """SHA-256 of the JSON form."""
        return hashlib.sha256(self.to_json().encode("utf-8")).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Return the specification as plain data."""
        noise = asdict(self.noise)
        if noise["degrees_of_freedom"] == float("inf"):
            noise["degrees_of_freedom"] = "inf"
        intensity = {
            item.name: getattr(self.intensity, item.name) for item in fields(self.intensity)
        }
        intensity["ratios"] = {name: asdict(prior) for name, prior in self.intensity.ratios.items()}
        intensity["other_ratio"] = asdict(self.intensity.other_ratio)
        if isinstance(self.intensity.level_centre, Mapping):
            intensity["level_centre"] = dict(self.intensity.level_centre)
        intensity["components"] = {
            name: asdict(prior) for name, prior in self.intensity.components.items()
        }
        found: dict[str, Any] = {
            "bias": self.bias.as_dict(),
            "intensity": intensity,
            "noise": noise,
        }
        # Without these entries neither exists, as before there were any: so hashes stay.
        if self.registers != _NO_REGISTERS:
            found["registers"] = self.registers.as_dict()
        if self.drift != _NO_DRIFT:
            found["drift"] = self.drift.as_dict()
        # what isn't chosen isn't named: the hash of a specification without stays what it was
        if self.covariates is not None:
            found["covariates"] = self.covariates.as_dict()
        if self.readings:
            found["readings"] = {name: dict(own) for name, own in self.readings.items()}
        return found

    def to_json(self) -> str:
        """Return the specification as canonical JSON text."""
        return json.dumps(self.as_dict(), sort_keys=True)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Specification:
        """Build a specification from the plain data of :meth:`as_dict`.

        Data of an earlier version has no entry for registers and drift: its counts of lists are
        bounds and its biases don't drift. Without one for ``tally_days`` the noise of a tally is
        the same whatever its increments.

        Raises
        ------
        SpecificationError
            If entries are missing, unknown or out of range.
        """
        try:
            noise = {"tally_days": None, **data["noise"]}
            noise["degrees_of_freedom"] = float(noise["degrees_of_freedom"])
            intensity = dict(data["intensity"])
            intensity["ratios"] = {
                name: RatioPrior(**entry) for name, entry in intensity["ratios"].items()
            }
            intensity["other_ratio"] = RatioPrior(**intensity["other_ratio"])
            intensity["components"] = {
                name: SharePrior(**entry) for name, entry in intensity["components"].items()
            }
            covariates = data.get("covariates")
            return cls(
                bias=BiasPrior.from_dict(data["bias"]),
                intensity=IntensityPrior(**intensity),
                noise=NoisePrior(**noise),
                covariates=None if covariates is None else Covariates.from_dict(covariates),
                readings={
                    str(name): {str(key): float(value) for key, value in own.items()}
                    for name, own in data.get("readings", {}).items()
                },
                registers=RegisterPrior.from_dict(data["registers"])
                if "registers" in data
                else _NO_REGISTERS,
                drift=DriftPrior.from_dict(data["drift"]) if "drift" in data else _NO_DRIFT,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SpecificationError(f"malformed specification: {error!r}") from error

    @classmethod
    def from_json(cls, text: str) -> Specification:
        """Build a specification from JSON text."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise SpecificationError(f"a specification must be JSON: {error}") from error
        return cls.from_dict(data)
