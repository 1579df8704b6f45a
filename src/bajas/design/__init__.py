"""Ledger to arrays: calendar, strata, and what each claim was taken to mean."""
