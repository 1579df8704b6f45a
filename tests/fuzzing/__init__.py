"""Fuzzing of what reads files: ``python -m fuzzing --help`` with ``tests`` on the path."""
