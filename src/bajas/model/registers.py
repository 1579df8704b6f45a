"""Lists that grow: coverage, delay and shape as hyperparameters, ages of the losses as runs.

Of the losses of day t, a list that is counted on day P holds the share

    coverage * F(P - t),   F(d) = 1 - exp(-(d / delay)^shape),   coverage = exp(-gap), gap > 0,

and what it adds between counts on days P1 and P2 is that share of F(P2 - t) - F(P1 - t): never
negative, and never above the truth but by the noise. Ages run from noon of the day of the loss to
the end of the day of the count. F is taken at the middle age of a few days together (one day where
it is young and F bends, a week where it is smooth), which costs less than a daily sum and is right
to within ``BINNING_ERROR`` of the log.
"""

from __future__ import annotations

from math import log

from bajas.design.calendar import Calendar
from bajas.design.design import Design
from bajas.design.observation import Observation, Stream
from bajas.model.prior import Prior
from bajas.model.register_prior import RegisterPrior
from bajas.model.term import Hyperparameter

#: Days are taken together by a quarter of their age, and never more than a week.
_OF_AGE, _COARSEST = 4, 7

#: How far the log of a sum of binned days may lie from that of single days, over the prior's
#: delays and shapes (a test measures it).
BINNING_ERROR = 0.005


def register_key(stream: Stream) -> tuple[str, str]:
    """Return (source, side and kind): what has one coverage, delay and shape."""
    counted = stream.side if stream.counted == "personnel" else f"{stream.side} equipment"
    return stream.source, counted


def listed_streams(design: Design) -> dict[tuple[str, str], list[int]]:
    """Return of each register the rows of the design that are counts of its growing list."""
    found: dict[tuple[str, str], list[int]] = {}
    for row, observation in enumerate(design.observations):
        if observation.counted is not None:
            found.setdefault(register_key(design.streams[observation.stream]), []).append(row)
    return found


def register_hyperparameters(design: Design, prior: RegisterPrior) -> list[Hyperparameter]:
    """Return gap, delay and shape of every register; none without registers."""
    keys = tuple(listed_streams(design))
    if not keys:
        return []
    labels = tuple(" ".join(key) for key in keys)
    delay = Prior("log_normal", log(prior.delay_days), prior.delay_log_sd)
    shape = Prior("log_normal", log(prior.shape), prior.shape_log_sd)
    return [
        Hyperparameter(
            "register_gap", "register", labels, tuple(prior.of(source).gap for source, _ in keys)
        ),
        Hyperparameter("register_delay", "register", labels, (delay,) * len(keys)),
        Hyperparameter("register_shape", "register", labels, (shape,) * len(keys)),
    ]


def age_bins(
    observation: Observation, calendar: Calendar, start: int, stop: int, coarsest: int = _COARSEST
) -> list[tuple[int, int, float, float]]:
    """Return (first day, last day + 1, age, age at the count before) of days taken together.

    Parameters
    ----------
    observation : Observation
        A count of a list.
    calendar : Calendar
        Days of the war.
    start, stop : int
        The days to divide, all within the observation's window.
    coarsest : int
        So many days are taken together at most.
    """
    assert observation.counted is not None
    counted = calendar.index(observation.counted)
    states = [
        (
            calendar.index(state.window.start),
            calendar.index(state.window.end) + 1,
            calendar.index(state.counted),
        )
        for state in observation.before
    ]
    found: list[tuple[int, int, float, float]] = []
    day = stop
    while day > start:  # backwards, from young ages to old ones
        own = [state for state in states if state[0] < day <= state[1]]
        since = own[0][2] if own else None
        youngest = (counted if since is None else since) - (day - 1)
        length = min(max(1, youngest // _OF_AGE), coarsest)
        edges = [start, *(edge for state in states for edge in state[:2])]
        first = max(day - length, *(edge for edge in edges if edge < day))
        middle = (first + day - 1) / 2
        before = 0.0 if since is None else since - middle + 0.5
        if since is None or since < counted:  # two counts on one day: the later adds nothing here
            found.append((first, day, counted - middle + 0.5, before))
        day = first
    return found[::-1]
