"""The statistics: specification as data, the latent Gaussian representation, and the PyMC model."""
