"""Draws with named dims, together with the evidence and the specification they come from."""
