"""One published statement about losses: what it is, its words, how a table of them is read."""
