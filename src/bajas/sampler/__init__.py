"""The performance core: knows the representation, no claims and no wars."""
