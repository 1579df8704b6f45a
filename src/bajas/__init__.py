"""Combine disagreeing war casualty claims into casualty ranges that an analyst can cite.

The public names are loaded on first use, so that ``import bajas`` takes milliseconds: PyMC alone
takes seconds to import and pandas a good part of one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bajas import datasets as datasets
    from bajas.answers.export import write_table as write_table
    from bajas.batch.task import FitTask as FitTask
    from bajas.claims.claim import Claim as Claim
    from bajas.claims.claim import Window as Window
    from bajas.claims.source import Source as Source
    from bajas.claims.taxonomy import Taxonomy as Taxonomy
    from bajas.errors import BajasError as BajasError
    from bajas.errors import ClaimError as ClaimError
    from bajas.errors import Finding as Finding
    from bajas.errors import NotTrustedError as NotTrustedError
    from bajas.errors import QuantityError as QuantityError
    from bajas.errors import SpecificationError as SpecificationError
    from bajas.ledger.ledger import Ledger as Ledger
    from bajas.ledger.read import read_claims as read_claims
    from bajas.ledger.read import write_claims as write_claims
    from bajas.model import bias as bias
    from bajas.model.drift_prior import DriftPrior as DriftPrior
    from bajas.model.register_prior import Coverage as Coverage
    from bajas.model.register_prior import RegisterPrior as RegisterPrior
    from bajas.model.share_table import share_priors as share_priors
    from bajas.model.specification import IntensityPrior as IntensityPrior
    from bajas.model.specification import RatioPrior as RatioPrior
    from bajas.model.specification import SharePrior as SharePrior
    from bajas.model.specification import Specification as Specification
    from bajas.workflow.fit import Fit as Fit
    from bajas.workflow.loading import load as load
    from bajas.workflow.many import fit_many as fit_many
    from bajas.workflow.model import Model as Model
    from bajas.workflow.vintages import vintages as vintages

    __version__: str

#: Where each public name lives: a module, or "module:attribute".
_HOMES = {
    "read_claims": "bajas.ledger.read:read_claims",
    "write_claims": "bajas.ledger.read:write_claims",
    "datasets": "bajas.datasets",
    "Ledger": "bajas.ledger.ledger:Ledger",
    "Claim": "bajas.claims.claim:Claim",
    "Window": "bajas.claims.claim:Window",
    "Source": "bajas.claims.source:Source",
    "Taxonomy": "bajas.claims.taxonomy:Taxonomy",
    "Model": "bajas.workflow.model:Model",
    "Specification": "bajas.model.specification:Specification",
    "IntensityPrior": "bajas.model.specification:IntensityPrior",
    "RatioPrior": "bajas.model.specification:RatioPrior",
    "SharePrior": "bajas.model.specification:SharePrior",
    "share_priors": "bajas.model.share_table:share_priors",
    "bias": "bajas.model.bias",
    "RegisterPrior": "bajas.model.register_prior:RegisterPrior",
    "Coverage": "bajas.model.register_prior:Coverage",
    "DriftPrior": "bajas.model.drift_prior:DriftPrior",
    "Fit": "bajas.workflow.fit:Fit",
    "load": "bajas.workflow.loading:load",
    "write_table": "bajas.answers.export:write_table",
    "FitTask": "bajas.batch.task:FitTask",
    "fit_many": "bajas.workflow.many:fit_many",
    "vintages": "bajas.workflow.vintages:vintages",
    "Finding": "bajas.errors:Finding",
    "BajasError": "bajas.errors:BajasError",
    "ClaimError": "bajas.errors:ClaimError",
    "SpecificationError": "bajas.errors:SpecificationError",
    "QuantityError": "bajas.errors:QuantityError",
    "NotTrustedError": "bajas.errors:NotTrustedError",
}

__all__ = [  # noqa: RUF022 - in the order of a user's work
    "read_claims",
    "write_claims",
    "datasets",
    "Ledger",
    "Claim",
    "Window",
    "Source",
    "Taxonomy",
    "Model",
    "Specification",
    "IntensityPrior",
    "RatioPrior",
    "SharePrior",
    "share_priors",
    "bias",
    "RegisterPrior",
    "Coverage",
    "DriftPrior",
    "Fit",
    "load",
    "write_table",
    "FitTask",
    "fit_many",
    "vintages",
    "Finding",
    "BajasError",
    "ClaimError",
    "SpecificationError",
    "QuantityError",
    "NotTrustedError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("bajas")
    elif name in _HOMES:
        module, _, attribute = _HOMES[name].partition(":")
        value = import_module(module)
        if attribute:
            value = getattr(value, attribute)
    else:
        raise AttributeError(f"module 'bajas' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
