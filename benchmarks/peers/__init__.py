"""The samplers that are measured side by side: one file each, all under one contract.

Each file has ``run(representation, length, seed)``, which returns a :class:`peers.contract.Run`;
:mod:`peers.process` runs one of them in a process of its own.
"""

#: Name: the module with its ``run``, the packages that it needs, and their versions to report.
PEERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "bajas": ("peers.bajas_fused", ("bajas", "numba")),
    "pymc_default": ("peers.pymc_default", ("pymc", "pytensor", "numba")),
    "nutpie_default": ("peers.nutpie_default", ("nutpie", "pymc", "pytensor", "numba")),
    "nutpie_low_rank": ("peers.nutpie_low_rank", ("nutpie", "pymc", "pytensor", "numba")),
    "numpyro": ("peers.numpyro_nuts", ("numpyro", "jax")),
    "stan": ("peers.stan_nuts", ("httpstan",)),
}
