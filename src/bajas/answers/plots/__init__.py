"""Plots: drawn with Matplotlib on given or new axes, without changing any global setting."""
