"""Limits on what is read: a table beyond them is refused with the limit in the message."""

#: Largest file, in bytes.
MAX_FILE_BYTES = 64 * 2**20
#: Most rows of a table, without the header.
MAX_ROWS = 100_000
#: Largest cell, in bytes of UTF-8.
MAX_CELL_BYTES = 64 * 2**10
#: Most columns of a table.
MAX_COLUMNS = 1_000
#: Reading stops after this many problems: they are then one problem repeated.
MAX_PROBLEMS = 10_000
#: Largest figure of a claim: more than there are people in any force, far below 2**53.
MAX_FIGURE = 1e9
#: Longest window of a claim, in days (a hundred years): beyond it a year was mistyped.
MAX_WINDOW_DAYS = 36_525
#: Longest name of a claim, source, side, component or outcome, in characters.
MAX_NAME_LENGTH = 200
#: Most components of a side, named by a table or declared: each is a series to estimate.
MAX_COMPONENTS = 200
#: Most streams (source, side, component, outcome) of a table: each has a bias of its own, and every
#: two are compared.
MAX_STREAMS = 500
#: Most names of one kind in a taxonomy: outcomes, sums, sides, groups, parts, regions.
MAX_NAMES = 1_000
#: Most days times strata of a fit: each is resolved in every draw.
MAX_CELLS = 100_000
