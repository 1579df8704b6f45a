"""The user's handles on the whole way of the data: Model and Fit."""
