"""One published statement about losses: what it is, its vocabulary, and how a table of them is read."""
