"""What judges a fit: other fits, on other days, other data and other beliefs."""
